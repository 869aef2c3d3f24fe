"""Things that people do on the local Slack's page."""

from playwright.sync_api import Locator, Page, expect

from localslack.testing import LocalSlack

PATIENCE = 20_000  # milliseconds


def at(page: Page, slack: LocalSlack, user: str, channel: str = "C0OPS") -> Page:
    page.goto(f"{slack.url}/#user={user}&channel={channel}")
    expect(page.get_by_test_id("channel-title")).not_to_be_empty()
    return page


def types(page: Page, text: str) -> None:
    page.get_by_test_id("composer").press_sequentially(text)
    page.keyboard.press("Enter")


def field(page: Page, prefix: str) -> Locator:
    return page.locator(f"[data-testid=field][data-block-id^='{prefix}']")


def picks(page: Page, typed: str) -> Locator:
    """Pick the only matching schedule in the form that opens. Returns the input for keyword arguments."""
    expect(page.get_by_test_id("modal")).to_be_visible()
    page.keyboard.type(typed)
    expect(page.get_by_test_id("select-option")).to_have_count(1)
    page.keyboard.press("Enter")
    return field(page, "kwargs:").locator("textarea")


def presses_run(page: Page) -> None:
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("modal")).to_be_hidden()
