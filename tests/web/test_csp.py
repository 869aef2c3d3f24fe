"""The stand-alone site's policy forbids everything that its pages don't need, so an injected script doesn't run."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import a_row, a_run

pytestmark = pytest.mark.django_db
HEADER = "Content-Security-Policy"
INLINE = re.compile(r"<script(?![^>]* (?:src|type=\"application/json\"))|<style| style=| on[a-z]+=")


@pytest.mark.parametrize("address", ["/healthz", "/admin/login/", "/?q=x", "/api/nothing", "/nothing"])
def test_every_answer_has_the_policy(client: Client, address: str) -> None:
    client.force_login(User.objects.create_user("ana", is_staff=True))
    policy = dict(part.split(" ", 1) for part in client.get(address).headers[HEADER].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("base-uri") == policy.pop("frame-ancestors") == "'none'"
    assert set(policy.values()) == {"'self'"}


def test_beats_form_has_no_inline_script_here(client: Client) -> None:
    """beat's own form has one, which shows the chosen crontab in words."""
    client.force_login(User.objects.create_superuser("root"))
    page = client.get(f"/admin/django_celery_beat/periodictask/{a_row().pk}/change/").content.decode()
    assert 'src="/static/runtask/crontab.js"' in page
    assert INLINE.findall(page) == []


@pytest.mark.parametrize(
    "address",
    ["", "runtask/run/", "runtask/run/{}/change/", "runtask/storedrule/add/", "django_celery_beat/periodictask/"],
)
def test_no_page_of_the_admin_has_an_inline_script(client: Client, address: str) -> None:
    client.force_login(User.objects.create_superuser("root"))
    assert INLINE.findall(client.get(f"/admin/{address.format(a_run().pk)}").content.decode()) == []
