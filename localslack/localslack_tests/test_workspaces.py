"""Two workspaces with one app. Their people and channels have the same ids. All else is separate."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from localslack.testing import Installation, Json, LocalSlack, Person
from localslack_tests.apps import HttpApp, SocketApp
from localslack_tests.views import modal, section, text_input

Refused = Callable[[Callable[[], object]], SlackResponse]
HOME = {"type": "home", "blocks": [section("first")]}


@pytest.fixture
def second(slack: LocalSlack) -> Installation:
    """Our app in a second workspace."""
    slack.add_workspace("T0TWO", name="Second", domain="second")
    return slack.install("A0LOCAL", "T0TWO", channels=["C0GENERAL", "C0OPS"], bot_user_id="U0BOT", bot_id="B0TWO")


@pytest.fixture
def there(slack: LocalSlack, second: Installation) -> WebClient:
    """Slack's own client with the token of the second workspace."""
    return WebClient(token=second.bot_token, base_url=slack.api_url)


@pytest.fixture
def twin(slack: LocalSlack, second: Installation) -> Person:
    """The Ana of the second workspace, who has the same id."""
    return slack.person("U0ANA", "T0TWO")


def texts(answer: SlackResponse) -> list[str]:
    messages: list[Json] = answer["messages"]
    return [one["text"] for one in messages]


@contextmanager
def opening(app: SocketApp | HttpApp, client_of: Callable[[Json], WebClient], **changes: Any) -> Iterator[None]:
    """During the block, the app answers its command with a modal. `client_of` returns the client for a payload."""

    def answer(payload: Json) -> None:
        view = modal(text_input(), **changes)
        client_of(payload).views_open(trigger_id=payload["trigger_id"], view=view)

    app.answers["slash_commands"] = answer
    yield
    app.answers.clear()


def test_a_token_says_which_workspace_it_is_for(client: WebClient, there: WebClient, slack: LocalSlack) -> None:
    here, elsewhere = client.auth_test(), there.auth_test()
    assert (here["team_id"], here["team"], here["bot_id"]) == ("T0LOCAL", "Local", "B0BOT")
    assert (elsewhere["team_id"], elsewhere["team"], elsewhere["bot_id"]) == ("T0TWO", "Second", "B0TWO")
    assert here["user_id"] == elsewhere["user_id"] == "U0BOT"
    assert (here["url"], elsewhere["url"]) == (f"{slack.url}/", f"{slack.url}/T0TWO/")


def test_a_bot_belongs_to_one_workspace(client: WebClient, there: WebClient, refused: Refused) -> None:
    assert client.bots_info(bot="B0BOT")["bot"]["app_id"] == "A0LOCAL"
    bot = there.bots_info(bot="B0TWO")["bot"]
    assert (bot["app_id"], bot["user_id"], bot["name"]) == ("A0LOCAL", "U0BOT", "Runtask")
    assert refused(lambda: client.bots_info(bot="B0TWO"))["error"] == "bot_not_found"


def test_channels_with_equal_ids_hold_different_messages(
    client: WebClient, there: WebClient, ana: Person, twin: Person, refused: Refused
) -> None:
    here = client.chat_postMessage(channel="C0OPS", text="here")
    elsewhere = there.chat_postMessage(channel="C0OPS", text="elsewhere")
    assert texts(client.conversations_history(channel="C0OPS")) == ["here"]
    assert texts(there.conversations_history(channel="C0OPS")) == ["elsewhere"]
    assert [one["text"] for one in ana.messages("C0OPS")] == ["here"]
    assert [one["text"] for one in twin.messages("C0OPS")] == ["elsewhere"]
    assert (here["message"]["team"], elsewhere["message"]["team"]) == ("T0LOCAL", "T0TWO")
    ts = str(here["ts"])
    assert refused(lambda: there.chat_update(channel="C0OPS", ts=ts, text="x"))["error"] == "message_not_found"
    assert refused(lambda: there.chat_delete(channel="C0OPS", ts=ts))["error"] == "message_not_found"
    assert refused(lambda: there.conversations_replies(channel="C0OPS", ts=ts))["error"] == "thread_not_found"


def test_people_and_channels_change_in_one_workspace_only(
    slack: LocalSlack, client: WebClient, there: WebClient, refused: Refused
) -> None:
    slack.control("people", team="T0TWO", id="U0BEN", deleted=True)
    slack.control("people", team="T0TWO", id="U0NEW", email="new@example.com")
    slack.control("channels", team="T0TWO", id="C0OPS", is_archived=True)
    assert there.users_info(user="U0BEN")["user"]["deleted"] is True
    assert client.users_info(user="U0BEN")["user"]["deleted"] is False
    assert there.users_info(user="U0NEW")["user"]["team_id"] == "T0TWO"
    assert refused(lambda: client.users_info(user="U0NEW"))["error"] == "user_not_found"
    assert refused(lambda: there.chat_postMessage(channel="C0OPS", text="x"))["error"] == "is_archived"
    assert client.chat_postMessage(channel="C0OPS", text="x")["ok"]


def test_each_workspace_has_its_own_direct_messages(
    client: WebClient, there: WebClient, ana: Person, twin: Person
) -> None:
    there.chat_postMessage(channel="U0ANA", text="psst")
    assert [one["text"] for one in twin.messages(twin.dm())] == ["psst"]
    assert ana.messages(ana.dm()) == []


def test_one_app_token_gets_the_payloads_of_all_workspaces(
    slack: LocalSlack, second: Installation, ana: Person, twin: Person
) -> None:
    with SocketApp(slack) as app:
        assert second.app_token == slack.app_token
        assert ana.types("C0OPS", "/runtask here")["dispatched"]
        assert twin.types("C0OPS", "/runtask elsewhere")["dispatched"]
        commands = app.received("slash_commands")
        assert [(one["team_id"], one["team_domain"], one["text"]) for one in commands] == [
            ("T0LOCAL", "local", "here"),
            ("T0TWO", "second", "elsewhere"),
        ]
        assert {one["api_app_id"] for one in commands} == {"A0LOCAL"}


def test_the_log_tells_workspaces_apart(slack: LocalSlack, client: WebClient, there: WebClient) -> None:
    client.chat_postMessage(channel="C0OPS", text="here")
    there.chat_postMessage(channel="C0OPS", text="elsewhere")
    assert [one["text"] for one in slack.calls("chat.postMessage", team="T0TWO")] == ["elsewhere"]
    assert [one["text"] for one in slack.calls("chat.postMessage", app="A0LOCAL")] == ["here", "elsewhere"]


def test_a_trigger_works_with_the_token_of_its_workspace_only(
    http_app: HttpApp, client: WebClient, there: WebClient, twin: Person
) -> None:
    with opening(http_app, lambda _: client):
        twin.types("C0OPS", "/runtask")
    assert twin.modal() is None
    with opening(http_app, lambda _: there):
        twin.types("C0OPS", "/runtask")
    opened = twin.modal()
    assert opened is not None
    assert (opened["team_id"], opened["app_installed_team_id"], opened["bot_id"]) == ("T0TWO", "T0TWO", "B0TWO")


def test_a_response_url_leads_back_to_its_workspace(http_app: HttpApp, ana: Person, twin: Person) -> None:
    twin.types("C0OPS", "/runtask")
    body = json.dumps({"text": "answer", "response_type": "in_channel"}).encode()
    request = urllib.request.Request(
        http_app.received("slash_commands")[0]["response_url"], body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5):
        assert [one["text"] for one in twin.messages("C0OPS")] == ["answer"]
    assert ana.messages("C0OPS") == []


def test_each_workspace_has_its_own_modals_and_home_tabs(
    http_app: HttpApp, client: WebClient, there: WebClient, ana: Person, twin: Person, refused: Refused
) -> None:
    clients = {"T0LOCAL": client, "T0TWO": there}
    with opening(http_app, lambda payload: clients[payload["team_id"]], external_id="same"):
        ana.types("C0OPS", "/runtask")
        twin.types("C0OPS", "/runtask")
    here, elsewhere = ana.modal(), twin.modal()
    assert here is not None
    assert elsewhere is not None
    assert refused(lambda: there.views_update(view_id=here["id"], view=modal()))["error"] == "not_found"
    there.views_update(external_id="same", view=modal(section("changed")))
    assert ana.modal() == here
    there.views_publish(user_id="U0ANA", view=HOME)
    assert ana.home() is None
    home = twin.home()
    assert home is not None
    assert home["app_installed_team_id"] == "T0TWO"


def test_rate_limits_apply_per_workspace(
    slack: LocalSlack, client: WebClient, there: WebClient, refused: Refused
) -> None:
    slack.config(rate_limits=True)
    for number in range(5):
        client.chat_postMessage(channel="C0OPS", text=str(number))
    assert refused(lambda: client.chat_postMessage(channel="C0OPS", text="x"))["error"] == "ratelimited"
    assert there.chat_postMessage(channel="C0OPS", text="x")["ok"]


def test_scopes_and_faults_may_be_for_one_workspace(
    slack: LocalSlack, client: WebClient, there: WebClient, refused: Refused
) -> None:
    slack.config(team="T0TWO", scopes=["chat:write"])
    assert refused(lambda: there.users_info(user="U0ANA"))["error"] == "missing_scope"
    assert client.users_info(user="U0ANA")["ok"]
    slack.fault("error", method="chat.postMessage", error="is_archived", team="T0TWO")
    assert client.chat_postMessage(channel="C0OPS", text="x")["ok"]
    assert refused(lambda: there.chat_postMessage(channel="C0OPS", text="x"))["error"] == "is_archived"


def test_a_stream_reports_one_workspace_only(slack: LocalSlack, client: WebClient, there: WebClient) -> None:
    with slack.listening("U0ANA", team="T0TWO") as heard:
        client.chat_postMessage(channel="C0OPS", text="here")
        there.chat_postMessage(channel="C0OPS", text="elsewhere")
        slack.wait_for(lambda: heard("U0ANA", "message"))
        assert [one["message"]["text"] for one in heard("U0ANA", "message")] == ["elsewhere"]


def test_a_permalink_leads_to_its_workspace(slack: LocalSlack, there: WebClient) -> None:
    ts = str(there.chat_postMessage(channel="C0OPS", text="x")["ts"])
    link = there.chat_getPermalink(channel="C0OPS", message_ts=ts)["permalink"]
    assert link == f"{slack.url}/T0TWO/archives/C0OPS/p{ts.replace('.', '')}"
    with urllib.request.urlopen(link, timeout=5) as page:
        assert page.url == f"{slack.url}/?channel=C0OPS&ts={ts}&team=T0TWO"


def test_state_shows_one_workspace_and_names_all(slack: LocalSlack, second: Installation) -> None:
    state = slack.look("state", user="U0ANA", team="T0TWO")
    assert state["team"] == {"id": "T0TWO", "name": "Second", "domain": "second"}
    assert [one["id"] for one in state["workspaces"]] == ["T0LOCAL", "T0TWO"]
    apps_in = {one["id"]: one["apps"] for one in state["channels"]}
    assert (apps_in["C0OPS"], apps_in["C0QUIET"]) == (["A0LOCAL"], [])


def test_a_workspace_without_an_app_has_no_commands(slack: LocalSlack) -> None:
    slack.add_workspace("T0TWO")
    assert slack.person("U0ANA", "T0TWO").types("C0OPS", "/runtask") == {"ok": True, "dispatched": False}


def test_a_reset_leaves_one_workspace(slack: LocalSlack, there: WebClient, refused: Refused) -> None:
    slack.reset()
    assert slack.look("state", user="U0ANA", team="T0TWO") == {"ok": False, "error": "team_not_found"}
    assert refused(there.auth_test)["error"] == "invalid_auth"


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("workspaces", {"id": "T0LOCAL"}, "team_taken"),
        ("apps", {"id": "A0LOCAL"}, "app_taken"),
        ("apps", {"id": "A0NEW", "app_token": "xapp-local"}, "app_token_taken"),
        ("apps", {"id": "A0NEW", "colour": "red"}, "unknown setting: colour"),
        ("installations", {"app": "A0LOCAL", "team": "T0LOCAL"}, "already_installed"),
        ("installations", {"app": "A0LOCAL", "team": "T0NONE"}, "team_not_found"),
        ("installations", {"app": "A0NONE", "team": "T0TWO"}, "app_not_found"),
        ("installations", {"app": "A0NEW", "team": "T0TWO", "bot_token": "xoxb-local"}, "bot_token_taken"),
        ("installations", {"app": "A0NEW", "team": "T0TWO", "bot_user_id": "U0ANA"}, "bot_taken"),
        ("installations", {"app": "A0NEW", "team": "T0TWO", "bot_user_id": "U0BOT"}, "bot_taken"),
        ("installations", {"app": "A0NEW", "team": "T0TWO", "bot_id": "B0TWO"}, "bot_taken"),
        ("installations", {"app": "A0NEW", "team": "T0TWO", "channels": ["C0NONE"]}, "channel_not_found: C0NONE"),
        ("type", {"user": "U0ANA", "team": "T0NONE", "channel": "C0OPS", "text": "x"}, "team_not_found"),
        ("home", {"user": "U0ANA", "app": "A0NONE"}, "app_not_found"),
    ],
)
def test_malformed_requests_about_workspaces_are_refused(
    slack: LocalSlack, second: Installation, path: str, body: Json, error: str
) -> None:
    if body.get("app") == "A0NEW":
        slack.add_app("A0NEW")
    assert slack.control(path, **body) == {"ok": False, "error": error}
