"""Opens the page for tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from localslack.testing import LocalSlack
from localslack_tests.apps import App
from localslack_tests.page.hands import Visit


@pytest.fixture
def visit(browser: Browser, slack: LocalSlack) -> Iterator[Visit]:
    """Opens the page as a person. The test fails if the page has an error, or sends a request to another server."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def check(url: str) -> None:
        if not url.startswith(slack.url):
            wrong.append(url)

    def open_page(user: str = "U0ANA", channel: str = "C0OPS", **settings: Any) -> Page:
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: check(request.url))
        page.goto(f"{slack.url}/#user={user}&channel={channel}")
        expect(page.get_by_test_id("channel-title")).not_to_be_empty()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def page(visit: Visit, app: App) -> Page:
    return visit()
