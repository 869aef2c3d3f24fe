"""What people and apps often do in tests of the page."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from localslack_tests.apps import App
from localslack_tests.views import modal, plain

Json = dict[str, Any]
Visit = Callable[..., Page]


def types(page: Page, text: str, testid: str = "composer") -> None:
    page.get_by_test_id(testid).press_sequentially(text)
    page.keyboard.press("Enter")


def answer_command(app: App, view: Json) -> None:
    """Let the app answer its slash command with this modal."""

    def answer(body: Json) -> None:
        app.client.views_open(trigger_id=body["trigger_id"], view=view)

    app.answers["slash_commands"] = answer


def answer_choice(app: App, view: Json) -> None:
    """Let the app replace the modal by this one when somebody chooses something in it."""

    def answer(body: Json) -> None:
        app.client.views_update(view_id=body["view"]["id"], view=view)

    app.answers["block_actions"] = answer


def open_modal(page: Page, app: App, *blocks: Json) -> Locator:
    """Run the slash command, which the app answers with a modal of these blocks."""
    answer_command(app, modal(*blocks, close=plain("Leave")))
    types(page, "/runtask")
    dialog = page.get_by_test_id("modal")
    expect(dialog).to_be_visible()
    return dialog


def says(app: App, channel: str = "C0OPS", **message: Any) -> str:
    return str(app.client.chat_postMessage(channel=channel, **message)["ts"])


def channel(page: Page, channel_id: str) -> Locator:
    return page.locator(f'[data-testid=channel][data-channel-id="{channel_id}"]')


def focused(page: Page) -> Any:
    return page.evaluate("document.activeElement.dataset.actionId ?? document.activeElement.dataset.testid")
