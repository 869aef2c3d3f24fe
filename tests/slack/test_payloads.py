"""Slack's payloads become values. A payload that Slack would not send is malformed."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import ChannelId, MessageTs, Place, SlackAccount, SlackUserId, TeamId
from bot.slack import events, modals, payloads, presses
from bot.slack.endpoint import FORM, parse
from bot.slack.metadata import Metadata
from bot.slack.parsing import Malformed
from tests.factories import PLACE, a_preview, a_schedule, sealed
from tests.slack.forms import RECORDED, Payload, recorded, submitted


def account(team: str, user: str) -> SlackAccount:
    return SlackAccount(team=TeamId(team), user=SlackUserId(user))


def a_selection() -> Payload:
    """A pick in the picker, as Slack sends it, with our ids."""
    body = recorded("composed.block_actions.select_in_modal.json")
    body["view"]["private_metadata"] = Metadata(place=PLACE, mark="m").dump()
    body["actions"][0]["selected_option"]["value"] = "42"
    return body  # type: ignore[no-any-return]


def a_mention(**changes: Any) -> Payload:
    body = recorded("socket_mode.envelope.events_api.json")["payload"]
    body["event"] |= changes
    return body  # type: ignore[no-any-return]


def a_choice() -> Payload:
    body = recorded("block_actions.button_in_ephemeral_thread_message.json")
    body["actions"][0]["value"] = "a-key_1:42"
    return body  # type: ignore[no-any-return]


def test_a_button_recorded_from_an_ephemeral_message_is_read() -> None:
    found = presses.choice(a_choice())
    assert (found.account, found.draft, found.schedule) == (account("T111", "U111"), "a-key_1", 42)
    assert found.response_url == "https://hooks.slack.com/actions/T111/111/xxx"


def a_press_in_a_view() -> Payload:
    body = recorded("block_actions.button_in_view.json")
    body["actions"][0] |= {"value": "42"}
    return body  # type: ignore[no-any-return]


def test_a_command_recorded_from_slack_is_read() -> None:
    raw = (RECORDED / "slash_command.form.txt").read_bytes()
    body = parse(raw, FORM)
    assert body == recorded("slash_command.parsed.json")
    found = payloads.command(body)
    assert found.account == account("T111", "W111")
    assert (found.channel, found.text, found.trigger) == ("C111", "test", "111.222.xxx")
    assert found.response_url == "https://hooks.slack.com/commands/T111/111/xxx"


@pytest.mark.parametrize(
    ("typed", "text"),
    [("", ""), ("  nightly   report ", "nightly report"), ("nightly\u00a0report", "nightly report"), (None, "")],
)
def test_the_text_after_a_command_has_plain_spaces(typed: str | None, text: str) -> None:
    body = {**recorded("slash_command.parsed.json"), "text": typed}
    if typed is None:
        del body["text"]
    assert payloads.command(body).text == text


@pytest.mark.parametrize("name", ["block_suggestion.view.json", "bolt_python.block_suggestion.view.json"])
def test_a_suggestion_recorded_from_slack_is_read(name: str) -> None:
    body = recorded(name)
    found = payloads.suggestion(body)
    assert found.account.user == body["user"]["id"]
    assert found.account.team == body["user"]["team_id"]
    assert found.query == body["value"]


def test_a_suggestion_of_nothing_typed_is_blank() -> None:
    body = {**recorded("block_suggestion.view.json"), "value": None}
    assert payloads.suggestion(body).query == ""


def test_a_selection_has_its_schedule_and_its_version() -> None:
    found = payloads.selection(a_selection())
    assert found.account == account("T0000000001", "U0000000001")
    assert (found.schedule, found.view, found.hash) == (42, "V0000000001", "1700000000.AbCdEfGh")
    assert found.metadata.place == PLACE


def test_the_reader_of_the_home_tab_belongs_to_the_events_team() -> None:
    body = recorded("event.app_home_opened.java_shape.json")
    body["team_id"], body["event"]["user"], body["event"]["tab"] = "T1", "U1", "home"
    assert events.home_opened(body) == account("T1", "U1")
    body["authorizations"][0]["team_id"] = "T2"
    assert events.home_opened(body) == account("T2", "U1")
    body["event"]["tab"] = "messages"
    assert events.home_opened(body) is None


@pytest.mark.parametrize("pressed", [{"value": "42"}, {"selected_option": {"value": "42"}}], ids=["button", "menu"])
def test_a_press_on_home_has_its_value_and_no_address_for_answers(pressed: Payload) -> None:
    body = recorded("block_actions.button_in_view.json")
    body["actions"][0] |= pressed
    found = presses.home_press(body)
    assert (found.account, found.value) == (account("T12345678", "U12345678"), 42)
    assert (found.trigger, found.response_url) == (body["trigger_id"], "")


def test_a_press_of_the_star_carries_the_form_with_its_values() -> None:
    body = a_press_in_a_view()
    found = presses.star_press(body)
    assert (found.schedule, found.form) == (42, body["view"])
    assert "blocks" not in repr(found)


def test_a_submission_of_our_modal_is_read() -> None:
    view = modals.chosen(Metadata(place=PLACE, mark="m"), a_preview(a_schedule()), nonce="n")
    found = payloads.submission(submitted(view))
    assert (found.schedule, found.view, found.metadata.fingerprint) == (7, "V0001", sealed("f1"))


@pytest.mark.parametrize(
    "name",
    [
        "view_submission.json",
        "bolt_python.view_submission.json",
        "bolt_python.view_submission.slack_connect_external_user.json",
    ],
)
def test_submissions_of_other_forms_are_malformed(name: str) -> None:
    with pytest.raises(Malformed):
        payloads.submission(recorded(name))


def test_somebody_from_a_shared_channel_acts_for_their_own_team() -> None:
    """Bolt's context would have the installing team. The payload has theirs."""
    body = recorded("bolt_python.view_submission.slack_connect_external_user.json")
    ours = submitted(modals.chosen(Metadata(place=PLACE, mark="m"), a_preview(a_schedule()), nonce="n"))
    found = payloads.submission({**ours, "user": body["user"], "team": body["team"]})
    assert found.account == account("T-other-side", "W111")


def test_a_user_without_a_team_belongs_to_the_payloads_team() -> None:
    body = recorded("block_suggestion.view.json")
    del body["user"]["team_id"]
    assert payloads.suggestion(body).account == account("T123", "U123")


def test_a_user_of_an_organisation_belongs_to_the_workspace_they_act_in() -> None:
    body = recorded("bolt_python.block_suggestion.view.json")
    body["user"]["team_id"] = "E111"
    assert payloads.suggestion(body).account == account("T111", "W111")
    body["user"]["team_id"] = "E222"
    assert payloads.suggestion(body).account == account("E222", "W111"), "of another organisation"


def test_a_pick_can_be_cleared() -> None:
    body = a_selection()
    body["actions"][0]["selected_option"] = None
    assert payloads.selection(body).schedule is None


def broken(body: Payload) -> st.SearchStrategy[Payload]:
    """`body` with one of its values, however deep, removed or replaced."""

    @st.composite
    def mutate(draw: st.DrawFn) -> Payload:
        copy = json.loads(json.dumps(body))
        node: Any = copy
        while True:
            key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if isinstance(node[key], dict | list) and node[key] and draw(st.integers(0, 3)):
                node = node[key]
                continue
            if draw(st.booleans()):
                del node[key]
            else:
                node[key] = draw(garbage)
            return copy  # type: ignore[no-any-return]

    return mutate()


garbage = st.sampled_from(
    [None, 0, 7, 1.5, float("inf"), True, "", "x", "9" * 5000, [], ["x"], {}, {"a": 1}, '{"schedule": Infinity}']
)
GOOD: dict[Callable[[Payload], Any], Payload] = {
    payloads.command: recorded("slash_command.parsed.json"),
    payloads.suggestion: recorded("block_suggestion.view.json"),
    payloads.selection: a_selection(),
    presses.global_shortcut: recorded("shortcut.global.json"),
    presses.message_shortcut: recorded("shortcut.message.json"),
    events.mention: a_mention(thread_ts="1605853800.000100"),
    presses.choice: a_choice(),
    presses.home_press: a_press_in_a_view(),
    presses.star_press: a_press_in_a_view(),
    payloads.submission: submitted(modals.chosen(Metadata(place=PLACE, mark="m"), a_preview(a_schedule()), nonce="n")),
}


@pytest.mark.parametrize("parser", GOOD)
@given(st.data())
def test_any_other_payload_raises_malformed_and_nothing_else(
    parser: Callable[[Payload], Any], data: st.DataObject
) -> None:
    body = data.draw(broken(GOOD[parser]))
    try:
        found = parser(body)
    except Malformed:
        return
    if found is None:  # a mention that is not answered, such as a bot's
        return
    assert all(isinstance(getattr(found.account, item.name), str) for item in fields(found.account))
    assert all(isinstance(value, str) for value in getattr(found, "values", {}).values())
    for name in ("channel", "text", "trigger", "response_url", "query", "view", "hash", "draft", "message"):
        assert isinstance(getattr(found, name, ""), str)


@pytest.mark.parametrize(
    ("thread", "parent"),
    [({}, None), ({"thread_ts": "1.2"}, "1.2"), ({"thread_ts": "1.5"}, None)],
    ids=["no thread", "reply", "has replies"],
)
def test_a_press_has_the_place_of_its_message(thread: Payload, parent: str | None) -> None:
    body = recorded("bolt_python.block_actions.message.json")
    body["container"] |= {"message_ts": "1.5", **thread}
    body["actions"][0]["value"] = "5"
    found = presses.press(body).place
    assert (found.channel, found.parent) == (body["channel"]["id"], parent)


def test_a_shortcut_of_the_menu_knows_no_place_and_has_no_way_to_answer() -> None:
    found = presses.global_shortcut(recorded("shortcut.global.json"))
    assert (found.account.user, found.place, found.response_url) == ("W111", None, "")


@pytest.mark.parametrize(
    ("changes", "parent"),
    [({}, "1608093938.001200"), ({"thread_ts": "1608093930.000100"}, "1608093930.000100")],
    ids=["a message", "a reply"],
)
def test_a_shortcut_on_a_message_is_for_its_thread(changes: Payload, parent: str) -> None:
    body = recorded("shortcut.message.json")
    body["message"] |= changes
    found = presses.message_shortcut(body)
    assert found.place == Place(channel=ChannelId("C111"), parent=MessageTs(parent))
    del body["message"]["user"]  # a message of another bot
    assert presses.message_shortcut(body) == found


def test_metadata_nested_too_deep_is_malformed() -> None:
    body = a_selection()
    body["view"]["private_metadata"] = "[" * 100_000
    with pytest.raises(Malformed):
        payloads.selection(body)
