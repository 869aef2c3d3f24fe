"""Browsers on the run page, with a real worker behind it."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.e2e.platform import Platform
from tests.e2e.run_page.acts import PATIENCE


@pytest.fixture(scope="module", autouse=True)
def _running(platform: Platform) -> None:
    platform.schedules(
        {"name": "Fails at the end of the month", "task": "tests.wire.fail"},
        {"name": "Broken", "task": "tests.wire.report", "enabled": False, "kwargs": '{"days": 7'},
        {"name": "Elsewhere", "task": "nobody.knows", "queue": "nowhere"},
    )
    platform.start_web()


@pytest.fixture(scope="module")
def login(platform: Platform, browser: Browser, _running: None) -> Any:
    """The cookies of Ana, who has logged in on her way to the run page."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{platform.url}/?q=night")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("ana")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Find a schedule")).to_have_value("night")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def contexts(browser: Browser, platform: Platform, login: Any) -> Iterator[Any]:
    """A function that opens a page in a new browser context of Ana's. It takes Playwright's options."""
    made: list[BrowserContext] = []
    forbidden: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            forbidden.append(f"{message.page.url if message.page else ''}: {message.text}")

    def make(**options: Any) -> Page:
        wide = {"viewport": {"width": 1100, "height": 800}, "device_scale_factor": 1.5}
        context = browser.new_context(**{**wide, "storage_state": login, "base_url": platform.url, **options})
        context.set_default_timeout(PATIENCE)
        context.on("console", hear)
        made.append(context)
        return context.new_page()

    yield make
    for context in made:
        context.close()
    assert forbidden == []  # nothing that the site's Content-Security-Policy forbids (bot.settings)


@pytest.fixture
def page(contexts: Any) -> Page:
    page: Page = contexts()
    return page
