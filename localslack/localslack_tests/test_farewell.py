"""An app is removed from a workspace, or its token is revoked. Then it gets events, and can do less."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from localslack.testing import LocalSlack, Person
from localslack_tests.apps import App

Refused = Callable[[Callable[[], object]], SlackResponse]
Json = dict[str, Any]
FAREWELLS = ["app_uninstalled", "tokens_revoked"]


def told(app: App) -> dict[str, Json]:
    """The events that the app has got, by type."""
    return {body["event"]["type"]: body["event"] for body in app.received("event_callback")}


def test_a_removed_app_gets_events_and_its_token_is_invalid(
    either_app: App, slack: LocalSlack, client: WebClient, ana: Person, refused: Refused
) -> None:
    slack.config(events=FAREWELLS)
    slack.uninstall()
    slack.wait_for(lambda: len(told(either_app)) == 2)
    assert told(either_app)["tokens_revoked"]["tokens"] == {"oauth": [], "bot": ["U0BOT"]}
    assert set(told(either_app)["app_uninstalled"]) == {"type", "event_ts"}
    assert refused(client.auth_test)["error"] == "account_inactive"
    assert ana.types("C0OPS", "/runtask") == {"ok": True, "dispatched": False}
    ana.types("C0OPS", "<@U0BOT> are you there?")
    ana.types("C0QUIET", "<@U0BOT> are you here?")
    assert ana.ephemerals("C0QUIET") == [], "nobody can invite it"
    assert set(told(either_app)) == set(FAREWELLS)


def test_the_order_of_the_two_events_varies(app: App, slack: LocalSlack) -> None:
    slack.config(events=FAREWELLS)
    seen = set()
    for _ in range(200):
        before = len(app.received("event_callback"))
        slack.uninstall()
        slack.wait_for(lambda: len(app.received("event_callback")) == before + 2)  # noqa: B023
        seen.add(app.received("event_callback")[before]["event"]["type"])
        slack.install("A0LOCAL", "T0LOCAL", bot_token=slack.bot_token)
        if len(seen) == 2:
            return
    raise AssertionError(seen)


def test_an_app_that_has_not_subscribed_gets_no_event(app: App, slack: LocalSlack) -> None:
    slack.config(events=[])
    slack.uninstall()
    assert slack.log("delivery") == []


def test_a_revoked_token_is_invalid_and_the_app_stays(
    app: App, slack: LocalSlack, client: WebClient, ana: Person, refused: Refused
) -> None:
    slack.config(events=FAREWELLS)
    slack.revoke()
    slack.wait_for(lambda: told(app))
    assert list(told(app)) == ["tokens_revoked"]
    assert refused(client.auth_test)["error"] == "token_revoked"
    assert ana.types("C0OPS", "/runtask")["dispatched"]


def test_an_app_that_comes_back_has_its_bot_and_a_new_token(
    app: App, slack: LocalSlack, client: WebClient, ana: Person, refused: Refused
) -> None:
    slack.uninstall()
    made = slack.install("A0LOCAL", "T0LOCAL", channels=["C0OPS"], bot_token="xoxb-new")
    assert (made.bot_user_id, made.bot_id) == ("U0BOT", "B0BOT")
    assert WebClient(token="xoxb-new", base_url=slack.api_url).auth_test()["user_id"] == "U0BOT"
    assert refused(client.auth_test)["error"] == "account_inactive"
    assert ana.types("C0OPS", "/runtask")["dispatched"]


def test_a_reset_brings_everything_back(slack: LocalSlack, client: WebClient) -> None:
    slack.uninstall()
    slack.install("A0LOCAL", "T0LOCAL", bot_token="xoxb-new")
    slack.reset()
    assert client.auth_test()["ok"]
    assert slack.bot_token == client.token


@pytest.mark.parametrize("scopes", [["chat:write"], ["app_mentions:read"]], ids=str)
def test_an_event_needs_its_scope(app: App, slack: LocalSlack, ana: Person, scopes: list[str]) -> None:
    slack.config(events=["app_mention", "message.channels"], scopes=scopes)
    ana.types("C0OPS", "<@U0BOT> hello")
    slack.config(scopes=["app_mentions:read", "channels:history"])
    ana.types("C0OPS", "<@U0BOT> again")
    slack.wait_for(lambda: [one for one in app.received("event_callback") if "again" in one["event"]["text"]])
    kinds = [one["event"]["type"] for one in app.received("event_callback") if "hello" in one["event"]["text"]]
    assert kinds == (["app_mention"] if "app_mentions:read" in scopes else [])


def test_without_the_scope_for_commands_there_are_no_commands_and_no_shortcuts(
    app: App, slack: LocalSlack, ana: Person
) -> None:
    slack.config(scopes=["chat:write"], shortcuts=[{"callback_id": "run", "name": "Run", "type": "global"}])
    assert not ana.types("C0OPS", "/runtask")["dispatched"]
    assert slack.control("shortcut", user="U0ANA", callback_id="run")["error"] == "shortcut_not_found"
