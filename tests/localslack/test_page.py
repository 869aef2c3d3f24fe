"""The page in a real browser, used as a person would: a small Slack app of this module's own stands behind it."""

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from tests.support.local_slack import LocalSlack

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(text: str, description: str | None = None) -> Json:
    return {"text": plain(text), "value": text} | ({"description": plain(description)} if description else {})


def field(block_id: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": {"action_id": "it"} | element} | more


def form(*blocks: Json) -> Json:
    return {"type": "modal", "title": plain("Form"), "submit": plain("Run"), "close": plain("Leave"), "blocks": list(blocks)}


PICKER = field("task", {"type": "external_select", "min_query_length": 0}, dispatch_action=True)
KWARGS = field("kwargs", {"type": "plain_text_input", "multiline": True, "initial_value": '{"day": 1}'})


class App:
    """A Slack app whose answers the tests write down: by payload type, what to ack with."""

    def __init__(self, slack: LocalSlack) -> None:
        self.web = WebClient(slack.bot_token, base_url=slack.api_url)
        self.answers: dict[str, Callable[[Json], Json | None]] = {}
        self.got: list[Json] = []
        self._socket = SocketModeClient(slack.app_token, web_client=WebClient(base_url=slack.api_url))
        self._socket.socket_mode_request_listeners.append(self._answer)
        self._socket.connect()

    def close(self) -> None:
        self._socket.close()

    def opens(self, view: Json) -> None:
        """Answer the slash command with this modal."""
        self.answers["slash_commands"] = lambda body: self.web.views_open(trigger_id=body["trigger_id"], view=view) and None

    def says(self, channel: str = "C0OPS", **message: Any) -> str:
        """Post as the app; gives the ts."""
        return str(self.web.chat_postMessage(channel=channel, **message)["ts"])

    def _answer(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        kind = request.payload.get("type", request.type)
        self.got.append(request.payload)
        payload = self.answers.get(kind, lambda _: None)(request.payload)
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))

    def submitted(self) -> Json:
        """The values of the last submission, by block."""
        values = [body["view"]["state"]["values"] for body in self.got if body.get("type") == "view_submission"][-1]
        return {block: state["it"] for block, state in values.items()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"needs a browser: {CHROMIUM} is missing (Debian: apt-get install chromium)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack(home_tab=True) as slack:
        yield slack


@pytest.fixture
def app(slack: LocalSlack) -> Iterator[App]:
    app = App(slack)
    slack.wait_for_app()
    yield app
    app.close()


@pytest.fixture
def visit(browser: Browser, slack: LocalSlack) -> Iterator[Callable[..., Page]]:
    """Opens the page for somebody. Nothing may fail in it, and it may ask nobody but its own server."""
    contexts, wrong = [], []

    def open_page(user: str = "U0ANA", channel: str = "C0OPS", **settings: Any) -> Page:
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(slack.url) else wrong.append(request.url))
        page.goto(f"{slack.url}/#user={user}&channel={channel}")
        expect(page.get_by_test_id("channel-title")).not_to_be_empty()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def page(visit: Callable[..., Page], app: App) -> Page:
    return visit()


def types(page: Page, text: str) -> None:
    page.get_by_test_id("composer").press_sequentially(text)
    page.keyboard.press("Enter")


def open_modal(page: Page, app: App, *blocks: Json) -> Locator:
    app.opens(form(*blocks))
    types(page, "/runtask")
    expect(page.get_by_test_id("modal")).to_be_visible()
    return page.get_by_test_id("modal")


def in_field(modal: Locator, block_id: str) -> Locator:
    return modal.locator(f'[data-testid=field][data-block-id="{block_id}"]')


def focused(page: Page) -> Any:
    return page.evaluate("document.activeElement.dataset.actionId ?? document.activeElement.dataset.testid")


def test_a_slash_command_is_suggested_completed_and_sent_by_keyboard(page: Page, app: App) -> None:
    app.opens(form(PICKER))
    composer = page.get_by_test_id("composer")
    composer.press_sequentially("/r")
    expect(page.get_by_test_id("command-option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(composer).to_have_value("/runtask ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Form")).to_be_visible()
    assert focused(page) == "it"
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("modal")).to_have_count(0)
    expect(composer).to_be_focused()


def test_pick_mistake_correction_and_run_by_keyboard_alone(page: Page, app: App) -> None:
    excerpt = 'Not JSON:\n  {"day" 1}\n         ^'
    app.answers["block_suggestion"] = lambda body: {"options": [option("Nightly"), option("Weekly")]}
    app.answers["block_actions"] = lambda body: (
        app.web.views_update(view_id=body["view"]["id"], view=form(PICKER, KWARGS)) and None
    )
    app.answers["view_submission"] = lambda body: (
        {"response_action": "errors", "errors": {"kwargs": excerpt}}
        if '"day" 1' in body["view"]["state"]["values"]["kwargs"]["it"]["value"]
        else None
    )
    modal = open_modal(page, app, PICKER)
    page.keyboard.press("ArrowDown")
    expect(modal.get_by_test_id("select-option")).to_have_text(["Nightly", "Weekly"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    text = modal.get_by_label("kwargs")
    expect(text).to_have_value('{"day": 1}')
    expect(modal.get_by_test_id("select-input")).to_have_value("Weekly")
    page.keyboard.press("Tab")
    expect(text).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type('{"day" 1}')
    page.keyboard.press("ControlOrMeta+Enter")
    error = in_field(modal, "kwargs").get_by_test_id("field-error")
    assert error.text_content() == excerpt
    expect(error).to_have_css("white-space", "pre-wrap")
    expect(text).to_be_focused()
    expect(text).to_have_accessible_description(re.compile("Not JSON"))
    text.fill('{"day": 2}')
    modal.get_by_test_id("modal-submit").press("Enter")
    expect(modal).to_have_count(0)
    assert app.submitted()["task"]["selected_option"]["value"] == "Weekly"
    assert app.submitted()["kwargs"]["value"] == '{"day": 2}'


def test_of_overlapping_suggestions_only_the_newest_is_shown(page: Page, app: App) -> None:
    late = threading.Event()

    def suggest(body: Json) -> Json:
        if body["value"] == "a":
            late.wait(5)
        group = {"label": plain(f"For {body['value']!r}"), "options": [option(f"{body['value']}-1", "described")]}
        return {"option_groups": [group]}

    app.answers["block_suggestion"] = suggest
    modal = open_modal(page, app, PICKER)
    select = modal.get_by_test_id("select-input")
    with page.expect_request(lambda request: request.url.endswith("suggest") and '"value":"a"' in (request.post_data or "")):
        select.press_sequentially("a")
    select.press_sequentially("b")
    expect(modal.get_by_role("group", name="For 'ab'")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith("suggest")):
        late.set()
    expect(modal.get_by_test_id("select-option")).to_contain_text(["ab-1"])
    expect(modal.get_by_role("option")).to_contain_text(["described"])
    page.keyboard.press("Escape")
    expect(modal.get_by_role("option")).to_have_count(0)
    expect(modal).to_be_visible()


def test_too_few_letters_and_no_options_are_said_in_the_menu(page: Page, app: App) -> None:
    app.answers["block_suggestion"] = lambda body: {"options": []}
    modal = open_modal(page, app, field("task", {"type": "external_select", "min_query_length": 2}))
    modal.get_by_test_id("select-input").click()
    expect(modal.get_by_test_id("options-note")).to_have_text("Type at least 2 characters")
    page.keyboard.type("zz")
    expect(modal.get_by_test_id("options-note")).to_have_text("No results")


def test_tab_stays_inside_the_modal(page: Page, app: App) -> None:
    modal = open_modal(page, app, field("name", {"type": "plain_text_input"}))
    stops = []
    for _ in range(5):
        stops.append(focused(page))
        page.keyboard.press("Tab")
    assert stops == ["it", "modal-cancel", "modal-submit", "modal-close", "it"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "modal-close"
    expect(modal).to_be_visible()
