"""Pages that must not need the database don't use the admin's frame, because the frame of a theme may need it."""

from typing import Any

import pytest

from tests.web.site import Site, words

# The frame of a theme that needs the request, the user and a page of its own.
FRAME = "{% for app in available_apps %}{% endfor %}{% url 'no-such-page' request.user.pk %}"


@pytest.fixture(autouse=True)
def frame(settings: Any) -> None:
    loaders = [
        ("django.template.loaders.locmem.Loader", {"admin/base_site.html": FRAME}),
        "django.template.loaders.app_directories.Loader",
    ]
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": {**engine["OPTIONS"], "loaders": loaders}}]


def test_somebody_who_was_logged_out_meanwhile_finds_what_they_typed(site: Site) -> None:
    form = {"form": "0" * 32, "schedule": "7", "kwargs": "typed"}
    site.browser.logout()
    site.browser.handler.enforce_csrf_checks = False
    answer = site.press_run(form)
    assert answer.status_code == 403
    assert "typed" in words(answer.content.decode())
    assert '<link rel="stylesheet" href="/static/runtask/runtask.css">' in answer.content.decode()
