"""People in Slack: commands and their failures, guests and outsiders, threads, notifications, events."""

from collections.abc import Callable

import pytest
from slack_sdk import WebClient

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.apps import NO_ANSWER, App, HttpApp
from localslack_tests.views import actions, button, option, section


@pytest.mark.parametrize(
    ("answer", "ephemeral", "public"),
    [
        pytest.param(None, [], [], id="nothing"),
        pytest.param("on it", ["on it"], [], id="text"),
        pytest.param({"text": "on it"}, ["on it"], [], id="message"),
        pytest.param({"text": "on it", "response_type": "in_channel"}, [], ["/runtask x", "on it"], id="in_channel"),
        pytest.param({"text": "x", "blocks": [{"type": "no"}]}, [], [], id="invalid blocks"),
    ],
)
def test_an_ack_of_a_command_may_have_a_message(
    either_app: App, slack: LocalSlack, answer: Json | str | None, ephemeral: list[str], public: list[str]
) -> None:
    ana = slack.person("U0ANA")
    either_app.answers["slash_commands"] = lambda _: answer
    assert ana.types("C0OPS", "/runtask x")["dispatched"]
    assert [one["text"] for one in ana.ephemerals("C0OPS")] == ephemeral
    assert [one["text"] for one in slack.person("U0BEN").messages("C0OPS")] == public


def test_a_silent_app_is_an_operation_timeout(either_app: App, slack: LocalSlack, ana: Person) -> None:
    slack.config(deadline=0.2)
    either_app.answers["slash_commands"] = lambda _: NO_ANSWER
    assert ana.types("C0OPS", "/runtask")["error"] == "operation_timeout"
    (told,) = ana.ephemerals("C0OPS")
    assert (told["user"], told["text"]) == ("USLACKBOT", '/runtask failed with the error "operation_timeout"')


def test_a_failing_app_is_dispatch_failed(http_app: HttpApp, ana: Person) -> None:
    http_app.status = 500
    assert ana.types("C0OPS", "/runtask")["error"] == "dispatch_failed"
    assert ana.ephemerals("C0OPS")[0]["text"] == '/runtask failed with the error "dispatch_failed"'


def test_without_an_app_a_command_is_dispatch_failed(slack: LocalSlack, ana: Person) -> None:
    slack.config(mode="http", http_url="http://127.0.0.1:9/")
    assert ana.types("C0OPS", "/runtask")["error"] == "dispatch_failed"


def test_unknown_commands_stay_with_slack(app: App, ana: Person) -> None:
    assert ana.types("C0OPS", "/nonsense") == {"ok": True, "dispatched": False}
    assert ana.ephemerals("C0OPS")[0]["text"] == "`/nonsense` is not a valid command."


def test_commands_do_not_work_in_threads(app: App, ana: Person) -> None:
    ts = ana.types("C0OPS", "root")["ts"]
    assert ana.types("C0OPS", "/runtask", ts)["error"] == "not supported in threads"


@pytest.mark.parametrize(("user", "dispatched"), [("U0GIL", True), ("U0OLGA", False)], ids=["guest", "outsider"])
def test_guests_have_commands_and_outsiders_have_none(app: App, slack: LocalSlack, user: str, dispatched: bool) -> None:
    assert slack.person(user).types("C0SHARED", "/runtask")["dispatched"] == dispatched
    assert len(app.received("slash_commands")) == dispatched


def test_an_outsiders_click_names_their_own_team(app: App, slack: LocalSlack) -> None:
    app.client.chat_postMessage(channel="C0SHARED", text="x", blocks=[actions(button())])
    olga = slack.person("U0OLGA")
    olga.clicks_in("C0SHARED", olga.messages("C0SHARED")[0]["ts"], "press")
    sent = app.received("block_actions")[0]
    assert (sent["user"]["team_id"], sent["team"]["id"]) == ("T0ELSE", "T0ELSE")


def test_outsiders_and_guests_see_only_their_channels(slack: LocalSlack) -> None:
    def channels(user: str) -> set[str]:
        return {one["id"] for one in slack.look("state", user=user)["channels"] if one["kind"] != "im"}

    assert channels("U0OLGA") == {"C0SHARED"}
    assert channels("U0GIL") == {"C0SHARED", "C0OPS"}
    assert slack.person("U0OLGA").types("C0OPS", "let me in")["error"] == "channel_not_found"


@pytest.mark.parametrize(
    ("change", "error"), [({"is_archived": True}, "is_archived"), ({"is_read_only": True}, "restricted_action")]
)
def test_closed_channels_take_no_messages(slack: LocalSlack, change: Json, error: str) -> None:
    slack.control("channels", id="C0OPS", **change)
    assert slack.person("U0BEN").types("C0OPS", "hi")["error"] == error


def test_deleted_people_cannot_write(slack: LocalSlack) -> None:
    slack.control("people", id="U0BEN", deleted=True)
    assert slack.person("U0BEN").types("C0OPS", "hi")["error"] == "user_not_found"


def test_menus_in_messages_keep_what_each_person_picked(app: App, slack: LocalSlack) -> None:
    select = {"type": "static_select", "action_id": "a", "options": [option("one"), option("two")]}
    app.client.chat_postMessage(channel="C0OPS", text="x", blocks=[actions(select, button())])
    for user, choice in (("U0ANA", "one"), ("U0BEN", "two")):
        person = slack.person(user)
        ts = person.messages("C0OPS")[0]["ts"]
        person.clicks_in("C0OPS", ts, "a", choice)
        person.clicks_in("C0OPS", ts, "press")
        state = app.received("block_actions")[-1]["state"]["values"]["buttons"]["a"]
        assert state["selected_option"]["value"] == choice


@pytest.mark.parametrize(
    ("text", "blocks", "told"),
    [
        pytest.param("<@U0BEN> look", None, {"U0BEN"}, id="mention"),
        pytest.param("&lt;@U0BEN&gt; look", None, set(), id="escaped mention"),
        pytest.param("<!here>", None, {"U0ANA", "U0BEN", "U0CARA", "U0GIL"}, id="everybody"),
        pytest.param("x", [section("@here")], {"U0ANA", "U0BEN", "U0CARA", "U0GIL"}, id="bare @here in mrkdwn"),
        pytest.param("x", [{"type": "section", "text": {"type": "mrkdwn", "text": "@here", "verbatim": True}}], set(), id="verbatim"),
        pytest.param("x", [{"type": "section", "text": {"type": "plain_text", "text": "@here"}}], set(), id="plain text"),
        pytest.param("x", [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "<!here>"}]}]}], set(), id="text in rich text"),
    ],
)  # fmt: skip
def test_these_people_are_notified(
    slack: LocalSlack, client: WebClient, text: str, blocks: list[Json] | None, told: set[str]
) -> None:
    everybody = ("U0ANA", "U0BEN", "U0CARA", "U0GIL")
    with slack.listening(*everybody) as heard:
        client.chat_postMessage(channel="C0OPS", text=text, blocks=blocks)
        client.chat_postMessage(channel="C0OPS", text="end")
        slack.wait_for(lambda: all(len(heard(user, "message")) == 2 for user in everybody))
        assert {user for user in everybody if heard(user, "notify")} == told


def test_people_in_a_thread_are_notified_of_replies(slack: LocalSlack, client: WebClient, ana: Person) -> None:
    root = ana.types("C0OPS", "root")["ts"]
    with slack.listening("U0ANA", "U0BEN") as heard:
        client.chat_postMessage(channel="C0OPS", text="a &amp; b", thread_ts=root)
        client.chat_postMessage(channel="C0OPS", text="end")
        slack.wait_for(lambda: all(len(heard(user, "message")) == 2 for user in ("U0ANA", "U0BEN")))
        assert [(one["text"], one["thread_ts"]) for one in heard("U0ANA", "notify")] == [("a & b", root)]
        assert heard("U0BEN", "notify") == []


def test_unread_messages_are_counted_until_read(slack: LocalSlack, client: WebClient) -> None:
    def unread() -> int:
        channels = slack.look("state", user="U0BEN")["channels"]
        return int(next(one["unread"] for one in channels if one["id"] == "C0OPS"))

    root = client.chat_postMessage(channel="C0OPS", text="one")["ts"]
    client.chat_postMessage(channel="C0OPS", text="hidden", thread_ts=root)
    assert unread() == 1
    slack.control("read", user="U0BEN", channel="C0OPS")
    assert unread() == 0


def test_events_come_only_when_subscribed_to(app: App, slack: LocalSlack, ana: Person) -> None:
    slack.config(events=[])
    ana.types("C0OPS", "<@U0BOT> before")
    ana.opens_home()
    slack.config(events=["app_mention", "message.im", "app_home_opened"])
    ana.types("C0OPS", "<@U0BOT> hey")
    ana.types("C0QUIET", "<@U0BOT> not here")
    ana.types(ana.dm(), "psst")
    ana.opens_home()
    slack.wait_for(lambda: len(app.received("event_callback")) >= 3)
    events = [payload["event"] for payload in app.received("event_callback")]
    told = {(event["type"], event.get("text"), event.get("tab")) for event in events}
    assert told == {("app_mention", "<@U0BOT> hey", None), ("message", "psst", None), ("app_home_opened", None, "home")}


def test_an_unacknowledged_event_comes_again_three_times(http_app: HttpApp, slack: LocalSlack, ana: Person) -> None:
    slack.config(events=["app_mention"], event_retry_delays=[0.0, 0.0, 0.0])
    http_app.status = 500
    ana.types("C0OPS", "<@U0BOT> hey")
    slack.wait_for(lambda: len(slack.log("ack", "event_callback")) == 4)
    retries = [headers.get("x-slack-retry-num") for headers, _ in http_app.requests]
    assert retries == [None, "1", "2", "3"]
    assert http_app.requests[1][0]["x-slack-retry-reason"] == "http_error"
    assert len({payload["event_id"] for payload in http_app.received("event_callback")}) == 1


def test_an_app_may_decline_retries(http_app: HttpApp, slack: LocalSlack, ana: Person) -> None:
    slack.config(events=["app_mention"], event_retry_delays=[0.0])
    http_app.status, http_app.headers = 500, {"X-Slack-No-Retry": "1"}
    ana.types("C0OPS", "<@U0BOT> hey")
    slack.wait_for(lambda: slack.log("ack", "event_callback"))
    http_app.status = 200
    ana.types("C0OPS", "<@U0BOT> again")
    slack.wait_for(lambda: len(slack.log("ack", "event_callback")) == 2)
    assert len({payload["event_id"] for payload in http_app.received("event_callback")}) == 2


def test_a_duplicate_delivery_reaches_the_app_twice(app: App, slack: LocalSlack, ana: Person) -> None:
    slack.fault("duplicate", type="slash_commands")
    ana.types("C0OPS", "/runtask")
    slack.wait_for(lambda: len(app.received("slash_commands")) == 2)
    first, second = app.received("slash_commands")
    assert first == second


def test_an_ack_can_be_made_late(app: App, slack: LocalSlack, ana: Person) -> None:
    slack.fault("late_ack", type="slash_commands")
    assert ana.types("C0OPS", "/runtask")["error"] == "operation_timeout"
    assert len(app.received("slash_commands")) == 1


def test_a_slow_delivery_uses_up_the_triggers_time(
    app: App, slack: LocalSlack, ana: Person, refused: Callable[..., Json]
) -> None:
    slack.config(trigger_ttl=0.05)
    slack.fault("slow", type="slash_commands", delay=0.1)
    ana.types("C0OPS", "/runtask")
    trigger_id = app.received("slash_commands")[0]["trigger_id"]
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": [section()]}
    answer = refused(lambda: app.client.views_open(trigger_id=trigger_id, view=view))
    assert answer["error"] == "expired_trigger_id"
