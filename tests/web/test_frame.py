"""Pages that must not need the database don't need the admin's frame either, whichever theme it is of."""

from typing import Any

import pytest

from tests.web.site import Site, words

FRAME = "{% for app in available_apps %}{% endfor %}{% url 'no-such-page' request.user.pk %}"  # of a theme that takes all for granted


@pytest.fixture(autouse=True)
def frame(settings: Any) -> None:
    loaders = [
        ("django.template.loaders.locmem.Loader", {"admin/base_site.html": FRAME}),
        "django.template.loaders.app_directories.Loader",
    ]
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": {**engine["OPTIONS"], "loaders": loaders}}]


def test_who_is_logged_out_meanwhile_finds_what_was_typed(site: Site) -> None:
    form = {"form": "0" * 32, "schedule": "7", "kwargs": "typed"}
    site.browser.logout()
    site.browser.handler.enforce_csrf_checks = False
    answer = site.press_run(form)
    assert answer.status_code == 403
    assert "typed" in words(answer.content.decode())
    assert '<link rel="stylesheet" href="/static/runtask/runtask.css">' in answer.content.decode()
