"""Mentions of an app's bot: which apps get the event, in which form, and how often."""

import pytest

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.apps import App, HttpApp, SocketApp


@pytest.fixture(autouse=True)
def subscribed(slack: LocalSlack) -> None:
    slack.config(events=["app_mention"], event_retry_delays=[0.0, 0.0, 0.0])


def mentions(app: App) -> list[Json]:
    return [payload["event"] for payload in app.received("event_callback")]


def test_the_event_has_the_recorded_fields(app: App, slack: LocalSlack, ana: Person) -> None:
    root = ana.types("C0OPS", "root")["ts"]
    ts = ana.types("C0OPS", "<@U0BOT> a < b & <@U0BEN>", root)["ts"]
    slack.wait_for(lambda: mentions(app))
    payload = app.received("event_callback")[0]
    assert (payload["team_id"], payload["api_app_id"]) == ("T0LOCAL", "A0LOCAL")
    assert payload["authorizations"][0]["user_id"] == "U0BOT"
    event = payload["event"]
    assert (event["type"], event["user"], event["team"], event["channel"]) == (
        "app_mention",
        "U0ANA",
        "T0LOCAL",
        "C0OPS",
    )
    assert (event["ts"], event["event_ts"], event["thread_ts"]) == (ts, ts, root)
    assert event["text"] == "<@U0BOT> a &lt; b &amp; <@U0BEN>"
    assert event["blocks"][0]["elements"][0]["elements"] == [
        {"type": "user", "user_id": "U0BOT"},
        {"type": "text", "text": " a < b & "},
        {"type": "user", "user_id": "U0BEN"},
    ]
    assert event["client_msg_id"]


def test_an_event_from_a_channel_of_another_company_names_its_workspace(
    app: App, slack: LocalSlack, ana: Person
) -> None:
    slack.control("channels", id="C0OPS", is_shared=True, host="T0ELSE")
    ana.types("C0OPS", "<@U0BOT> here")
    slack.wait_for(lambda: mentions(app))
    payload = app.received("event_callback")[0]
    assert (payload["team_id"], payload["is_ext_shared_channel"]) == ("T0ELSE", True)
    assert (payload["authorizations"][0]["team_id"], payload["event"]["team"]) == ("T0LOCAL", "T0LOCAL")
    assert app.client.conversations_info(channel="C0OPS")["channel"]["conversation_host_id"] == "T0ELSE"


def test_only_bots_in_the_channel_get_the_event_and_others_can_be_invited(
    app: App, slack: LocalSlack, ana: Person
) -> None:
    ana.types("C0QUIET", "<@U0BOT> here?")
    ana.types(ana.dm(), "<@U0BOT> and here?")
    ana.types("C0OPS", "<@U0BOT> here")
    slack.wait_for(lambda: mentions(app))
    assert [event["text"] for event in mentions(app)] == ["<@U0BOT> here"]
    assert [one["text"] for one in ana.ephemerals("C0QUIET")] == ["<@U0BOT> isn't in this channel. Invite it?"]
    assert ana.ephemerals("C0OPS") == ana.ephemerals(ana.dm()) == []


def test_an_edit_is_no_new_mention(app: App, slack: LocalSlack, ana: Person) -> None:
    first = ana.types("C0OPS", "<@U0BOT> one")["ts"]
    plain = ana.types("C0OPS", "two")["ts"]
    assert ana.edits("C0OPS", first, "<@U0BOT> uno")["ok"]
    assert ana.edits("C0OPS", plain, "<@U0BOT> two")["ok"]
    ana.types("C0OPS", "<@U0BOT> three")
    slack.wait_for(lambda: len(mentions(app)) == 2)
    assert [event["text"] for event in mentions(app)] == ["<@U0BOT> one", "<@U0BOT> three"]
    edited = ana.messages("C0OPS")[0]
    assert (edited["text"], edited["edited"]["user"]) == ("<@U0BOT> uno", "U0ANA")


def test_people_edit_their_own_messages_only(slack: LocalSlack, ana: Person) -> None:
    ts = ana.types("C0OPS", "mine")["ts"]
    assert slack.person("U0BEN").edits("C0OPS", ts, "yours")["error"] == "message_not_found"
    assert ana.edits("C0OPS", "1.2", "nothing")["error"] == "message_not_found"


def test_a_message_of_a_bot_is_a_mention_with_its_bot_id(app: App, slack: LocalSlack) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]
    app.client.chat_postMessage(channel="C0OPS", text="<@U0BOT> nightly", blocks=blocks)
    slack.wait_for(lambda: mentions(app))
    [event] = mentions(app)
    assert (event["bot_id"], event["user"], event["app_id"]) == ("B0BOT", "U0BOT", "A0LOCAL")
    assert event["blocks"][0]["type"] == "section"


def test_after_a_lost_ack_the_event_comes_again_over_http(http_app: HttpApp, slack: LocalSlack, ana: Person) -> None:
    slack.fault("duplicate", type="event_callback")
    ana.types("C0OPS", "<@U0BOT> hey")
    slack.wait_for(lambda: len(slack.log("ack", "event_callback")) == 2)
    assert [headers.get("x-slack-retry-num") for headers, _ in http_app.requests] == [None, "1"]
    assert http_app.requests[1][0]["x-slack-retry-reason"] == "http_timeout"
    first, second = http_app.received("event_callback")
    assert first == second


def test_after_a_lost_ack_the_event_comes_again_over_a_socket(
    socket_app: SocketApp, slack: LocalSlack, ana: Person
) -> None:
    slack.fault("duplicate", type="event_callback")
    ana.types("C0OPS", "<@U0BOT> hey")
    slack.wait_for(lambda: len(slack.log("ack", "event_callback")) == 2)
    first, second = socket_app.received("event_callback")
    assert first == second
    assert [entry.get("retry") for entry in slack.log("delivery", "event_callback")] == [None, 1]
