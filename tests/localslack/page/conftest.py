"""A real browser, and the page opened in it by one person or another."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.localslack.apps import App
from tests.localslack.page.hands import Visit
from tests.support.local_slack import LocalSlack

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"needs a browser: {CHROMIUM} is missing (Debian: apt-get install chromium)"
        if os.environ.get("CI"):  # noqa: TID251 - says where the tests run, no setting of the bot
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, slack: LocalSlack) -> Iterator[Visit]:
    """Opens the page for somebody. Nothing may fail in it, and it may ask nobody but its own server."""
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
