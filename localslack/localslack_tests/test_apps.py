"""Two apps in one workspace. Each gets its own payloads, and changes only its own messages and views."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web import SlackResponse

from localslack.testing import Installation, Json, LocalSlack, Person
from localslack_tests.apps import HttpApp, SocketApp
from localslack_tests.views import actions, button, modal, section, text_input

Refused = Callable[[Callable[[], object]], SlackResponse]
METADATA = {"event_type": "run", "event_payload": {"id": "1"}}


@pytest.fixture
def other(slack: LocalSlack) -> Installation:
    """A second app in the first workspace, with a command of its own."""
    slack.add_app("A0OTHER", name="Other", commands=["/other"])
    return slack.install("A0OTHER", "T0LOCAL", channels=["C0OPS"], bot_user_id="U0OTHER", bot_id="B0OTHER")


@pytest.fixture
def theirs(slack: LocalSlack, other: Installation) -> WebClient:
    """Slack's own client with the other app's token."""
    return WebClient(token=other.bot_token, base_url=slack.api_url)


@pytest.fixture
def other_app(slack: LocalSlack, other: Installation) -> Iterator[HttpApp]:
    """The other app, at a URL of its own."""
    with HttpApp(slack, other) as app:
        slack.config(app="A0OTHER", mode="http", http_url=app.url)
        yield app


def opens_a_modal(app: HttpApp, client: WebClient, **changes: str) -> None:
    """Let the app answer its command with a modal, which `client` opens."""

    def answer(payload: Json) -> None:
        client.views_open(trigger_id=payload["trigger_id"], view=modal(text_input(), **changes))

    app.answers["slash_commands"] = answer


def test_each_token_belongs_to_one_app(client: WebClient, theirs: WebClient) -> None:
    mine, other = client.auth_test(), theirs.auth_test()
    assert (mine["team_id"], mine["user_id"], mine["bot_id"]) == ("T0LOCAL", "U0BOT", "B0BOT")
    assert (other["team_id"], other["user_id"], other["bot_id"]) == ("T0LOCAL", "U0OTHER", "B0OTHER")
    apps = {bot: client.bots_info(bot=bot)["bot"]["app_id"] for bot in ("B0BOT", "B0OTHER")}
    assert apps == {"B0BOT": "A0LOCAL", "B0OTHER": "A0OTHER"}
    profile = client.users_info(user="U0OTHER")["user"]["profile"]
    assert (profile["api_app_id"], profile["bot_id"]) == ("A0OTHER", "B0OTHER")


def test_a_second_apps_bot_token_opens_no_socket(slack: LocalSlack, other: Installation, refused: Refused) -> None:
    client = WebClient(token=other.bot_token, base_url=slack.api_url)
    answer = refused(lambda: client.apps_connections_open(app_token=other.bot_token))
    assert answer["error"] == "not_allowed_token_type"


def test_a_command_goes_to_the_app_that_has_it(http_app: HttpApp, other_app: HttpApp, ana: Person) -> None:
    ana.types("C0OPS", "/runtask mine")
    ana.types("C0OPS", "/other theirs")
    assert [one["text"] for one in http_app.received("slash_commands")] == ["mine"]
    (received,) = other_app.received("slash_commands")
    assert (received["text"], received["api_app_id"]) == ("theirs", "A0OTHER")


def test_of_two_apps_with_one_command_the_newest_installation_gets_it(
    slack: LocalSlack, http_app: HttpApp, other_app: HttpApp, ana: Person
) -> None:
    slack.config(app="A0OTHER", commands=["/runtask"])
    ana.types("C0OPS", "/runtask")
    assert len(other_app.received("slash_commands")) == 1
    assert http_app.received("slash_commands") == []


def test_requests_go_to_the_url_of_the_app_signed_with_its_secret(
    slack: LocalSlack, http_app: HttpApp, other_app: HttpApp, other: Installation, ana: Person
) -> None:
    ana.types("C0OPS", "/runtask")
    ana.types("C0OPS", "/other")
    assert other.signing_secret != slack.signing_secret
    mine, secret_of_other = SignatureVerifier(slack.signing_secret), SignatureVerifier(other.signing_secret)
    for verifier, app in ((mine, http_app), (secret_of_other, other_app)):
        assert [verifier.is_valid_request(body, headers) for headers, body in app.requests] == [True]
    ((headers, body),) = other_app.requests
    assert not mine.is_valid_request(body, headers)


def test_each_app_has_its_own_sockets(slack: LocalSlack, other: Installation, ana: Person) -> None:
    with SocketApp(slack) as mine, SocketApp(slack, other) as theirs:
        assert ana.types("C0OPS", "/runtask")["dispatched"]
        assert ana.types("C0OPS", "/other")["dispatched"]
        assert (len(mine.received("slash_commands")), len(theirs.received("slash_commands"))) == (1, 1)
        assert (len(slack.connections()), len(slack.connections("A0OTHER"))) == (1, 1)
        slack.trouble("mute", "A0OTHER")
        slack.config(deadline=0.2)
        assert ana.types("C0OPS", "/other")["error"] == "operation_timeout"
        assert ana.types("C0OPS", "/runtask")["ok"]
        slack.trouble("unmute", "A0OTHER")
    assert ana.types("C0OPS", "/other")["error"] == "dispatch_failed"


def test_apps_may_use_different_transports(slack: LocalSlack, other_app: HttpApp, ana: Person) -> None:
    with SocketApp(slack) as mine:
        ana.types("C0OPS", "/runtask")
        ana.types("C0OPS", "/other")
        assert len(mine.received("slash_commands")) == 1
    assert len(other_app.received("slash_commands")) == 1
    assert slack.look("state", user="U0ANA")["mode"] == "socket"


def test_nobody_changes_another_apps_message(client: WebClient, theirs: WebClient, refused: Refused) -> None:
    ts = str(client.chat_postMessage(channel="C0OPS", text="mine", metadata=METADATA)["ts"])
    changed = {"event_type": "forged", "event_payload": {}}
    for change in ({"text": "x"}, {"metadata": changed}):
        answer = refused(partial(theirs.api_call, "chat.update", json={"channel": "C0OPS", "ts": ts, **change}))
        assert answer["error"] == "cant_update_message"
    assert refused(lambda: theirs.chat_delete(channel="C0OPS", ts=ts))["error"] == "cant_delete_message"
    # Apps may read each other's metadata (docs.slack.dev: message-metadata).
    (message,) = theirs.conversations_history(channel="C0OPS", include_all_metadata=True)["messages"]
    assert (message["text"], message["app_id"], message["metadata"]) == ("mine", "A0LOCAL", METADATA)


def test_a_button_reaches_the_app_of_its_message(
    http_app: HttpApp, other_app: HttpApp, client: WebClient, theirs: WebClient, ana: Person
) -> None:
    mine = client.chat_postMessage(channel="C0OPS", text="x", blocks=[actions(button())])["ts"]
    other = theirs.chat_postMessage(channel="C0OPS", text="x", blocks=[actions(button())])["ts"]
    ana.clicks_in("C0OPS", str(other), "press")
    assert http_app.received("block_actions") == []
    ana.clicks_in("C0OPS", str(mine), "press")
    (received,) = http_app.received("block_actions")
    assert (received["api_app_id"], received["message"]["ts"]) == ("A0LOCAL", mine)
    (received,) = other_app.received("block_actions")
    assert (received["api_app_id"], received["message"]["ts"]) == ("A0OTHER", other)


def test_a_trigger_works_for_its_app_only(http_app: HttpApp, client: WebClient, theirs: WebClient, ana: Person) -> None:
    opens_a_modal(http_app, theirs)
    ana.types("C0OPS", "/runtask")
    assert ana.modal() is None
    opens_a_modal(http_app, client)
    ana.types("C0OPS", "/runtask")
    assert ana.modal() is not None


def test_a_view_belongs_to_its_app(
    http_app: HttpApp, other_app: HttpApp, client: WebClient, theirs: WebClient, ana: Person, refused: Refused
) -> None:
    opens_a_modal(other_app, theirs, external_id="theirs")
    ana.types("C0OPS", "/other")
    view = ana.modal()
    assert view is not None
    assert (view["app_id"], view["bot_id"]) == ("A0OTHER", "B0OTHER")
    for name in ({"view_id": view["id"]}, {"external_id": "theirs"}):
        assert refused(partial(client.api_call, "views.update", json={"view": modal(), **name}))["error"] == "not_found"
    ana.fills("args", None, "x")
    ana.submits()
    (received,) = other_app.received("view_submission")
    assert received["api_app_id"] == "A0OTHER"
    assert http_app.received("view_submission") == []


def test_an_external_id_is_unique_in_the_workspace(
    http_app: HttpApp, other_app: HttpApp, client: WebClient, theirs: WebClient, slack: LocalSlack, ana: Person
) -> None:
    """docs.slack.dev, views.update: "Must be unique for all views on a team"."""
    opens_a_modal(http_app, client, external_id="same")
    ana.types("C0OPS", "/runtask")
    opens_a_modal(other_app, theirs, external_id="same")
    slack.person("U0BEN").types("C0OPS", "/other")
    assert slack.log("api", "views.open")[-1]["response"]["error"] == "duplicate_external_id"


def test_each_app_has_its_own_home_tab(
    slack: LocalSlack, other_app: HttpApp, client: WebClient, theirs: WebClient, ana: Person
) -> None:
    slack.config(app="A0OTHER", events=["app_home_opened"])
    client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [section("mine")]})
    theirs.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [section("theirs")]})
    mine, other = ana.home(), ana.home("A0OTHER")
    assert mine is not None
    assert other is not None
    assert (mine["blocks"][0]["text"]["text"], other["blocks"][0]["text"]["text"]) == ("mine", "theirs")
    ana.opens_home(app="A0OTHER")
    slack.wait_for(lambda: other_app.received("event_callback"))
    event = other_app.received("event_callback")[0]["event"]
    assert (event["type"], event["view"]["id"]) == ("app_home_opened", other["id"])


def test_a_mention_reaches_the_app_that_is_mentioned(
    slack: LocalSlack, http_app: HttpApp, other_app: HttpApp, ana: Person
) -> None:
    for app in ("A0LOCAL", "A0OTHER"):
        slack.config(app=app, events=["app_mention", "message.channels"])
    ana.types("C0OPS", "<@U0OTHER> hello")
    ana.types("C0GENERAL", "only our app is here")

    def events(app: HttpApp) -> list[tuple[str, str]]:
        return sorted((one["event"]["type"], one["event"]["channel"]) for one in app.received("event_callback"))

    slack.wait_for(lambda: len(events(http_app)) == len(events(other_app)) == 2)
    assert events(http_app) == [("message", "C0GENERAL"), ("message", "C0OPS")]
    assert events(other_app) == [("app_mention", "C0OPS"), ("message", "C0OPS")]
    (wrapper, _) = other_app.received("event_callback")
    assert (wrapper["api_app_id"], wrapper["authorizations"][0]["user_id"]) == ("A0OTHER", "U0OTHER")


def test_shortcuts_with_one_callback_id_are_told_apart(
    slack: LocalSlack, http_app: HttpApp, other_app: HttpApp
) -> None:
    for app in ("A0LOCAL", "A0OTHER"):
        slack.config(app=app, shortcuts=[{"name": "Run", "type": "global", "callback_id": "run"}])
    slack.control("shortcut", user="U0ANA", callback_id="run", app="A0OTHER")
    assert (len(http_app.received("shortcut")), len(other_app.received("shortcut"))) == (0, 1)


def test_direct_messages_with_two_bots_are_separate(
    client: WebClient, theirs: WebClient, ana: Person, refused: Refused
) -> None:
    theirs.chat_postMessage(channel="U0ANA", text="theirs")
    assert ana.messages(ana.dm("U0BOT")) == []
    assert [one["text"] for one in ana.messages(ana.dm("U0OTHER"))] == ["theirs"]
    assert refused(lambda: client.conversations_open(users="U0OTHER"))["error"] == "cannot_dm_bot"


def test_each_bot_is_a_member_of_its_own_channels(client: WebClient, theirs: WebClient, refused: Refused) -> None:
    assert client.conversations_info(channel="C0GENERAL")["channel"]["is_member"] is True
    assert theirs.conversations_info(channel="C0GENERAL")["channel"]["is_member"] is False
    assert refused(lambda: theirs.conversations_history(channel="C0GENERAL"))["error"] == "not_in_channel"
    theirs.conversations_join(channel="C0GENERAL")
    assert theirs.conversations_history(channel="C0GENERAL")["ok"]


def test_rate_limits_count_each_app_alone(
    slack: LocalSlack, client: WebClient, theirs: WebClient, refused: Refused
) -> None:
    slack.config(rate_limits=True)
    for number in range(5):
        client.chat_postMessage(channel="C0OPS", text=str(number))
    assert refused(lambda: client.chat_postMessage(channel="C0OPS", text="x"))["error"] == "ratelimited"
    assert theirs.chat_postMessage(channel="C0OPS", text="x")["ok"]


def test_a_fault_may_be_for_one_app(slack: LocalSlack, client: WebClient, theirs: WebClient, refused: Refused) -> None:
    slack.fault("fatal_error", app="A0OTHER")
    assert client.auth_test()["ok"]
    assert refused(theirs.auth_test)["error"] == "fatal_error"


def test_a_reset_ends_the_sockets_of_other_apps(slack: LocalSlack, other: Installation) -> None:
    with SocketApp(slack) as mine:
        theirs = SocketApp(slack, other)
        theirs.socket.auto_reconnect_enabled = False
        theirs.socket.connect()
        slack.wait_for_app(app="A0OTHER")
        slack.reset()
        slack.wait_for(lambda: not theirs.socket.is_connected())
        theirs.socket.close()
        assert slack.person("U0ANA").types("C0OPS", "/runtask")["ok"]
        assert len(mine.received("slash_commands")) == 1
