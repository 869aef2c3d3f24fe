"""The page with several workspaces, and with several apps."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from slack_sdk import WebClient

from localslack.testing import Installation, LocalSlack
from localslack_tests.apps import App, HttpApp
from localslack_tests.page.hands import Visit, channel, open_modal, says, types
from localslack_tests.views import modal, section, text_input

pytestmark = pytest.mark.nightly


@pytest.fixture
def there(slack: LocalSlack, app: App) -> WebClient:
    """The client of our app in a second workspace."""
    slack.add_workspace("T0TWO", name="Second", domain="second")
    installed = slack.install("A0LOCAL", "T0TWO", channels=["C0OPS"])
    return WebClient(token=installed.bot_token, base_url=slack.api_url)


@pytest.fixture
def other(slack: LocalSlack) -> Installation:
    """A second app in the first workspace."""
    slack.add_app("A0OTHER", name="Other", commands=["/other"], mode="http")
    return slack.install("A0OTHER", "T0LOCAL", channels=["C0OPS"])


@pytest.fixture
def other_app(slack: LocalSlack, other: Installation) -> Iterator[HttpApp]:
    with HttpApp(slack, other) as app:
        slack.config(app="A0OTHER", http_url=app.url)
        yield app


def workspace(page: Page, team: str) -> Locator:
    return page.locator(f'[data-testid=workspace-switch][data-team-id="{team}"]')


def test_with_one_workspace_there_is_nothing_to_switch(page: Page) -> None:
    expect(page.get_by_test_id("person-switch")).not_to_have_count(0)
    expect(page.get_by_test_id("workspace-switch")).to_have_count(0)
    assert "team" not in page.url


def test_workspaces_can_be_switched_and_a_reload_keeps_the_choice(there: WebClient, visit: Visit, app: App) -> None:
    says(app, text="here")
    there.chat_postMessage(channel="C0OPS", text="elsewhere")
    page = visit()
    expect(page.get_by_test_id("message")).to_contain_text(["here"])
    workspace(page, "T0TWO").click()
    expect(page.get_by_test_id("message")).to_contain_text(["elsewhere"])
    expect(workspace(page, "T0TWO")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_test_id("message")).to_contain_text(["elsewhere"])
    page.go_back()
    expect(page.get_by_test_id("message")).to_contain_text(["here"])


def test_typed_text_goes_to_the_shown_workspace(there: WebClient, visit: Visit, slack: LocalSlack) -> None:
    page = visit()
    workspace(page, "T0TWO").click()
    expect(workspace(page, "T0TWO")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("channel-title")).to_contain_text("ops")
    types(page, "hello")
    expect(page.get_by_test_id("message")).to_contain_text(["hello"])
    assert [one["text"] for one in slack.person("U0ANA", "T0TWO").messages("C0OPS")] == ["hello"]
    assert slack.person("U0ANA").messages("C0OPS") == []


def test_messages_of_another_workspace_stay_there(there: WebClient, visit: Visit, app: App) -> None:
    page = visit(channel="C0GENERAL")
    there.chat_postMessage(channel="C0OPS", text="<@U0ANA> elsewhere")
    says(app, text="<@U0ANA> here")
    expect(page.get_by_test_id("toast")).to_have_count(1)
    expect(page.get_by_test_id("toast-text")).to_contain_text("here")
    expect(channel(page, "C0OPS").get_by_test_id("unread")).to_have_text("1")


def test_a_permalink_opens_its_workspace(there: WebClient, visit: Visit) -> None:
    ts = there.chat_postMessage(channel="C0OPS", text="elsewhere")["ts"]
    page = visit()
    page.goto(there.chat_getPermalink(channel="C0OPS", message_ts=str(ts))["permalink"])
    expect(page.locator(f'[data-ts="{ts}"].revealed')).to_contain_text("elsewhere")


def test_a_modal_of_another_workspace_is_submitted_there(there: WebClient, visit: Visit, app: App) -> None:
    page = visit()
    workspace(page, "T0TWO").click()
    expect(workspace(page, "T0TWO")).to_have_attribute("aria-pressed", "true")

    def answer(body: dict[str, str]) -> None:
        there.views_open(trigger_id=body["trigger_id"], view=modal(text_input()))

    app.answers["slash_commands"] = answer
    types(page, "/runtask")
    dialog = page.get_by_test_id("modal")
    dialog.get_by_label("Arguments").fill("x")
    dialog.get_by_test_id("modal-submit").click()
    expect(dialog).to_have_count(0)
    assert app.received("view_submission")[0]["team"]["id"] == "T0TWO"


def test_the_page_shows_every_app(page: Page, slack: LocalSlack, app: App, other_app: HttpApp) -> None:
    page.reload()
    expect(page.get_by_test_id("connection")).to_have_text("Runtask and Other are connected")
    slack.config(app="A0OTHER", http_url="")
    expect(page.get_by_test_id("connection")).to_have_text("Other isn’t connected")
    page.get_by_test_id("composer").press_sequentially("/")
    expect(page.get_by_test_id("command-option")).to_contain_text(["/runtask", "/other"])


def test_each_apps_home_tab_is_in_its_own_direct_message(
    page: Page, slack: LocalSlack, app: App, other: Installation, other_app: HttpApp
) -> None:
    ana = slack.person("U0ANA")
    mine, theirs = ana.dm("U0BOT"), ana.dm(other.bot_user_id)
    app.client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [section("mine")]})
    other_app.client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [section("theirs")]})
    page.reload()
    channel(page, theirs).click()
    expect(page.get_by_test_id("home")).to_contain_text("theirs")
    channel(page, mine).click()
    expect(page.get_by_test_id("home")).to_contain_text("mine")


def test_a_command_opens_the_modal_of_its_app(page: Page, app: App, other_app: HttpApp) -> None:
    open_modal(page, app, text_input())
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("modal")).to_have_count(0)

    def answer(body: dict[str, str]) -> None:
        other_app.client.views_open(trigger_id=body["trigger_id"], view=modal(section("theirs")))

    other_app.answers["slash_commands"] = answer
    types(page, "/other")
    expect(page.get_by_test_id("modal")).to_contain_text("theirs")
