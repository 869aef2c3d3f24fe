"""The payloads for apps have the shape of recorded ones: the same keys, and the same kinds of value."""

import json
from pathlib import Path
from typing import Any

import pytest

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.apps import App, SocketApp
from localslack_tests.views import actions, button, menu, modal, option, section, text_input

RECORDED = Path(__file__).with_name("payloads")
# Slack sends these keys only in an Enterprise organisation. The local Slack's team isn't in one.
ENTERPRISE = frozenset({"enterprise_id", "enterprise_name", "enterprise"})


def recorded(name: str) -> Json:
    return dict(json.loads((RECORDED / name).read_text(encoding="utf-8")))


def shape(value: Any) -> Any:
    """The keys and kinds of a value. A list counts only as a list, and null fits any kind."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items() if name not in ENTERPRISE}
    return type(value)


def assert_same_shape(sent: Json, sample: Json, *, more: frozenset[str] = frozenset(), at: str = "") -> None:
    """`sent` has every key of the recording, with the same kinds, and no other keys except `more`."""
    ours, theirs = shape(sent), shape(sample)
    extra = set(ours) - set(theirs) - more
    assert not extra, f"{at}: keys that Slack does not send: {extra}"
    for name, kind in theirs.items():
        assert name in ours, f"{at}: {name} is missing"
        if isinstance(kind, dict) and isinstance(ours[name], dict):
            if name not in ("values", "message"):
                assert_same_shape(sent[name], sample[name], more=more, at=f"{at}/{name}")
        elif type(None) not in (kind, ours[name]):
            assert ours[name] == kind, f"{at}/{name}"


def open_modal(slack: LocalSlack, app: App, *blocks: Json, user: str = "U0ANA", **changes: Any) -> Person:
    """A person clicks a button in #shared, which outsiders can read, too. The app opens a modal."""
    app.answers["block_actions"] = lambda payload: _open(app, payload, modal(*blocks, **changes))
    app.client.chat_postMessage(channel="C0SHARED", text="x", blocks=[actions(button("open"))])
    person = slack.person(user)
    person.clicks_in("C0SHARED", person.messages("C0SHARED")[-1]["ts"], "open")
    app.answers.pop("block_actions")
    return person


def _open(app: App, payload: Json, view: Json) -> None:
    app.client.views_open(trigger_id=payload["trigger_id"], view=view)


def test_a_slash_command_has_the_recorded_fields_in_their_order(either_app: App, ana: Person) -> None:
    ana.types("C0OPS", "/runtask  payload=1 & ümlaut")
    sent = either_app.received("slash_commands")[0]
    sample = [name for name in recorded("slash_command.parsed.json") if name not in ENTERPRISE]
    assert list(sent) == sample
    assert all(isinstance(value, str) for value in sent.values())
    assert (sent["command"], sent["text"]) == ("/runtask", "payload=1 & ümlaut")
    assert (sent["channel_name"], sent["is_enterprise_install"]) == ("ops", "false")


@pytest.mark.parametrize(("channel", "name"), [("D0ANABEN", "directmessage"), ("G0SECRET", "privategroup")])
def test_private_places_have_no_name_in_commands(app: App, ana: Person, channel: str, name: str) -> None:
    ana.types(channel, "/runtask")
    assert app.received("slash_commands")[0]["channel_name"] == name


def test_envelopes_are_as_recorded(slack: LocalSlack, socket_app: SocketApp) -> None:
    slack.config(events=["app_mention"])
    ana = open_modal(slack, socket_app, menu())
    socket_app.envelopes.clear()
    ana.types("C0OPS", "/runtask")
    ana.suggests("task")
    ana.types("C0OPS", "<@U0BOT> hey")
    slack.wait_for(lambda: socket_app.received("event_callback"))
    by_type = {envelope.type: envelope for envelope in socket_app.envelopes}
    for name in ("slash_commands", "interactive", "events_api"):
        sample = recorded(f"socket_mode.envelope.{name}.json")
        envelope = by_type[name]
        assert envelope.envelope_id
        assert envelope.accepts_response_payload == (name != "events_api")
        if name == "events_api":
            assert (envelope.retry_attempt, envelope.retry_reason) == (sample["retry_attempt"], sample["retry_reason"])
            sent = dict(envelope.payload)
            assert_same_shape(sent.pop("authorizations")[0], sample["payload"].pop("authorizations")[0])
            sent["event"] |= {"client_msg_id": "", "blocks": []}  # only messages that were typed in a client have them
            assert_same_shape(sent, sample["payload"])


def test_a_request_for_options_is_as_recorded_and_has_no_trigger(slack: LocalSlack, either_app: App) -> None:
    open_modal(slack, either_app, menu(), close=modal()["submit"]).suggests("task", "pick", "search word")
    sent = either_app.received("block_suggestion")[0]
    assert_same_shape(sent, recorded("bolt_python.block_suggestion.view.json"), more=frozenset({"emoji"}))
    assert (sent["block_id"], sent["action_id"], sent["value"]) == ("task", "pick", "search word")
    assert "trigger_id" not in sent


def test_a_submission_is_as_recorded_and_has_no_channel(slack: LocalSlack, either_app: App) -> None:
    ana = open_modal(slack, either_app, text_input(initial_value="x"), close=modal()["submit"])
    ana.submits()
    sent = either_app.received("view_submission")[0]
    assert_same_shape(
        sent,
        recorded("bolt_python.view_submission.json"),
        more=frozenset({"emoji", "is_enterprise_install", "enterprise"}),
    )
    assert "channel" not in sent


def test_an_outsider_comes_from_their_own_team(slack: LocalSlack, app: App) -> None:
    open_modal(slack, app, text_input(initial_value="x"), close=modal()["submit"], user="U0OLGA").submits()
    sent, sample = (
        app.received("view_submission")[0],
        recorded("bolt_python.view_submission.slack_connect_external_user.json"),
    )
    more = frozenset(
        {"is_enterprise_install", "response_urls", "clear_on_close", "notify_on_close", "previous_view_id", "emoji"}
    )
    assert_same_shape(sent, sample, more=more)
    teams = [
        sent["team"]["id"],
        sent["user"]["team_id"],
        sent["view"]["team_id"],
        sent["view"]["app_installed_team_id"],
    ]
    assert teams == ["T0ELSE", "T0ELSE", "T0ELSE", "T0LOCAL"]


def test_a_pick_in_a_modal_is_as_composed(slack: LocalSlack, app: App) -> None:
    ana = open_modal(
        slack,
        app,
        menu(placeholder={"type": "plain_text", "text": "Pick"}),
        text_input(multiline=True, initial_value="{}"),
        close=modal()["submit"],
    )
    app.answers["block_suggestion"] = lambda _: {"options": [option("app.tasks.add")]}
    ana.picks("task", "pick", "", "app.tasks.add")
    sent, sample = app.received("block_actions")[-1], recorded("COMPOSED.block_actions.select_in_modal.json")
    assert_same_shape(sent, sample)
    assert_same_shape(sent["actions"][0], sample["actions"][0])
    typed = {"type": "plain_text_input", "value": "{}"}
    picked = sample["view"]["state"]["values"]["task"]["task_select"]
    assert sent["view"]["state"]["values"] == {"task": {"pick": picked}, "args": {"typed": typed}}
    assert sent["actions"][0]["selected_option"] == picked["selected_option"]


def test_a_click_in_a_message_is_as_recorded(slack: LocalSlack, app: App, ana: Person) -> None:
    app.client.chat_postMessage(channel="C0OPS", text="x", blocks=[section(), actions(button())])
    ana.clicks_in("C0OPS", ana.messages("C0OPS")[0]["ts"], "press")
    sent, sample = app.received("block_actions")[0], recorded("socket_mode.envelope.interactive.json")["payload"]
    assert_same_shape(sent, sample, more=frozenset({"state", "is_enterprise_install", "enterprise"}))
    assert_same_shape(sent["actions"][0], sample["actions"][0])


def test_a_click_on_a_home_tab_is_as_recorded_and_names_no_channel(slack: LocalSlack, app: App, ana: Person) -> None:
    app.client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [section(), actions(button())]})
    ana.presses_home("press")
    sent, sample = app.received("block_actions")[0], recorded("block_actions.button_in_view.json")
    # The recorded button has a confirmation and a style, but no value. The button of this test has only a value.
    del sample["actions"][0]["confirm"], sample["actions"][0]["style"]
    assert_same_shape(sent, sample, more=frozenset({"is_enterprise_install", "enterprise", "state"}))
    assert_same_shape(sent["actions"][0], sample["actions"][0], more=frozenset({"value"}))
    assert not {"channel", "message", "response_url"} & set(sent)


def test_opening_a_home_tab_again_sends_the_view_that_it_has(slack: LocalSlack, either_app: App, ana: Person) -> None:
    ana.opens_home()
    slack.wait_for(lambda: either_app.received("event_callback"))
    published = either_app.client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [section("one")]})
    ana.opens_home("messages")
    slack.wait_for(lambda: len(either_app.received("event_callback")) == 2)
    first, second = (sent["event"] for sent in either_app.received("event_callback"))
    assert (first["tab"], "view" in first, second["tab"]) == ("home", False, "messages")
    assert second["view"] == published["view"]
    sample = recorded("event.app_home_opened.java_shape.json")["event"]
    # The sample has every key that any app's view had, and an empty state.
    sample["view"] = {name: sample["view"].get(name) for name in second["view"] if name in {*sample["view"], "blocks"}}
    assert_same_shape(second, sample, more=frozenset({"close", "submit", "values"}))


def test_a_click_in_an_ephemeral_thread_message_is_as_recorded(slack: LocalSlack, app: App, ana: Person) -> None:
    ts = app.client.chat_postMessage(channel="C0OPS", text="root")["ts"]
    blocks = [actions(button())]
    app.client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="x", blocks=blocks, thread_ts=ts)
    ana.clicks_in("C0OPS", ana.thread("C0OPS", ts)[0]["ts"], "press")
    sent, sample = app.received("block_actions")[0], recorded("block_actions.button_in_ephemeral_thread_message.json")
    assert_same_shape(sent, sample, more=frozenset({"is_enterprise_install"}))
    assert sent["container"]["thread_ts"] == ts


def test_closing_is_as_recorded_and_without_the_typed_text(slack: LocalSlack, app: App) -> None:
    ana = open_modal(slack, app, text_input(), notify_on_close=True, close=modal()["submit"])
    ana.fills("args", None, "secret")
    ana.closes()
    sent = app.received("view_closed")[0]
    assert_same_shape(sent, recorded("bolt_python.view_closed.json"), more=frozenset({"is_cleared", "emoji"}))
    assert (sent["is_cleared"], sent["view"]["state"]) == (False, {"values": {}})


def test_shortcuts_are_as_recorded(slack: LocalSlack, app: App, ana: Person) -> None:
    kinds = {"here": "global", "there": "message"}
    slack.config(shortcuts=[{"callback_id": name, "name": name, "type": kind} for name, kind in kinds.items()])
    ts = ana.types("C0OPS", "look at this")["ts"]
    slack.control("shortcut", user="U0ANA", callback_id="here")
    slack.control("shortcut", user="U0ANA", callback_id="there", channel="C0OPS", ts=ts)
    more = frozenset({"is_enterprise_install", "enterprise"})
    assert_same_shape(app.received("shortcut")[0], recorded("bolt_python.shortcut.global.json"), more=more)
    sent = app.received("message_action")[0]
    assert_same_shape(sent, recorded("shortcut.message.json"), more=more)
    assert sent["message"]["text"] == "look at this"


def test_a_shortcut_works_on_every_message_that_the_person_can_read(slack: LocalSlack, app: App, ana: Person) -> None:
    """This includes bots' messages, replies, and conversations without the app."""
    ts = app.client.chat_postMessage(channel="C0OPS", text="ours")["ts"]
    reply = slack.person("U0BEN").types("C0OPS", "a reply", ts)["ts"]
    secret = slack.person("U0CARA").types("G0SECRET", "a secret")["ts"]
    for channel, one in [("C0OPS", ts), ("C0OPS", reply), ("G0SECRET", secret)]:
        assert ana.uses("run_here", channel, one)["dispatched"]
    ours, replied, elsewhere = (sent["message"] for sent in app.received("message_action"))
    assert (ours["bot_id"], ours["ts"]) == ("B0BOT", ts)
    assert (replied["user"], replied["thread_ts"]) == ("U0BEN", ts)
    assert elsewhere["text"] == "a secret"
    assert slack.person("U0BEN").uses("run_here", "G0SECRET", secret)["error"] == "channel_not_found"


def test_deleted_and_ephemeral_messages_offer_no_shortcut(slack: LocalSlack, app: App, ana: Person) -> None:
    app.client.chat_postEphemeral(channel="C0OPS", user="U0ANA", text="only you")
    parent = app.client.chat_postMessage(channel="C0OPS", text="parent")["ts"]
    ana.types("C0OPS", "a reply", parent)
    app.client.chat_delete(channel="C0OPS", ts=parent)
    for ts in (ana.ephemerals("C0OPS")[-1]["ts"], parent, "1.2"):
        assert ana.uses("run_here", "C0OPS", ts)["error"] == "message_not_found"


def test_each_kind_of_element_has_the_recorded_state(slack: LocalSlack, app: App) -> None:
    values = recorded("view_state_values.many_elements.json")["values"]
    blocks: list[Json] = []
    for block_id, state in values.items():
        ((action_id, value),) = state.items()
        zone = {"timezone": value["timezone"]} if "timezone" in value else {}
        needed = {"is_decimal_allowed": False} if value["type"] == "number_input" else {}
        element = {"type": value["type"], "action_id": action_id, **zone, **needed}
        blocks.append(text_input(block_id) | {"element": element})
    ana = open_modal(slack, app, *blocks)
    for block_id, state in values.items():
        ((action_id, value),) = state.items()
        given = {name: part for name, part in value.items() if name not in ("type", "timezone")}
        assert ana.sets(block_id, action_id, **given)["ok"]
    assert ana.submits()["ok"]
    assert app.received("view_submission")[0]["view"]["state"]["values"] == values
