"""The values that a person can put into each kind of element, and those that they can't."""

from typing import Any

import pytest

from localslack.testing import Json, LocalSlack
from localslack_tests.apps import App
from localslack_tests.test_payloads import open_modal
from localslack_tests.views import actions, button, modal, option, text_input

OPTIONS = [option("one"), option("two")]


def holding(slack: LocalSlack, app: App, element: Json) -> Any:
    """Ana, who has opened a modal with this element in block `b`, and with a button."""
    block = text_input("b") | {"element": {"action_id": "a", **element}}
    return open_modal(slack, app, block, actions(button("press")))


@pytest.mark.parametrize(
    ("element", "given", "kept"),
    [
        ({"type": "users_select"}, {"selected_user": "U0BEN"}, {"selected_user": "U0BEN"}),
        ({"type": "multi_users_select"}, {"selected_users": ["U0BEN"]}, {"selected_users": ["U0BEN"]}),
        ({"type": "conversations_select"}, {"selected_conversation": "C0OPS"}, {"selected_conversation": "C0OPS"}),
        ({"type": "conversations_select", "filter": {"include": ["private"]}}, {"selected_conversation": "G0SECRET"}, {"selected_conversation": "G0SECRET"}),
        ({"type": "channels_select"}, {"selected_channel": "C0QUIET"}, {"selected_channel": "C0QUIET"}),
        ({"type": "radio_buttons", "options": OPTIONS}, {"value": "two"}, {"selected_option": "two"}),
        ({"type": "checkboxes", "options": OPTIONS}, {"selected_options": ["one", "two"]}, {"selected_options": ["one", "two"]}),
        ({"type": "checkboxes", "options": OPTIONS}, {"selected_options": None}, {"selected_options": []}),
        ({"type": "datepicker"}, {"selected_date": "2026-11-23"}, {"selected_date": "2026-11-23"}),
        ({"type": "datepicker", "initial_date": "2026-11-23"}, {"selected_date": None}, {"selected_date": None}),
        ({"type": "plain_text_input"}, {"value": " <b> "}, {"value": " <b> "}),
    ],
)  # fmt: skip
def test_an_element_takes_these_values(slack: LocalSlack, app: App, element: Json, given: Json, kept: Json) -> None:
    ana = holding(slack, app, element)
    assert ana.sets("b", **given)["ok"]
    state = ana.modal()["state"]["values"]["b"]["a"]
    assert {"type": element["type"], **kept} == {name: _values(value) for name, value in state.items()}


def _values(value: Any) -> Any:
    """The value with each option replaced by its own value."""
    if isinstance(value, list):
        return [_values(one) for one in value]
    return value["value"] if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("element", "given", "error"),
    [
        ({"type": "users_select"}, {"selected_user": "U0NOBODY"}, "option_not_offered"),
        ({"type": "conversations_select"}, {"selected_conversation": "D0BEN"}, "option_not_offered"),
        ({"type": "conversations_select", "filter": {"include": ["public"]}}, {"selected_conversation": "G0SECRET"}, "option_not_offered"),
        ({"type": "conversations_select", "filter": {"include": ["public", "private"]}}, {"selected_conversation": "D0ANABEN"}, "option_not_offered"),
        ({"type": "conversations_select", "filter": {"exclude_external_shared_channels": True}}, {"selected_conversation": "C0SHARED"}, "option_not_offered"),
        ({"type": "channels_select"}, {"selected_channel": "G0SECRET"}, "option_not_offered"),
        ({"type": "radio_buttons", "options": OPTIONS}, {"value": "three"}, "option_not_offered"),
        ({"type": "multi_static_select", "options": OPTIONS, "max_selected_items": 1}, {"selected_options": ["one", "two"]}, "too_many_items"),
        ({"type": "datepicker"}, {"selected_date": "tomorrow"}, "wrong_kind_of_value"),
        ({"type": "datepicker"}, {"selected_date": "2026-02-30"}, "wrong_kind_of_value"),
        ({"type": "plain_text_input"}, {"value": 7}, "wrong_kind_of_value"),
    ],
)  # fmt: skip
def test_an_element_refuses_these_values(slack: LocalSlack, app: App, element: Json, given: Json, error: str) -> None:
    assert holding(slack, app, element).sets("b", **given) == {"ok": False, "error": error}


def test_a_button_has_no_value_and_a_text_input_no_options(slack: LocalSlack, app: App) -> None:
    ana = holding(slack, app, {"type": "plain_text_input"})
    assert ana.sets("buttons", "press", value="x")["error"] == "element_has_no_value"
    assert ana.suggests("b")["error"] == "not_an_external_select"
    gone = slack.control("click", user="U0ANA", view_id=ana.modal()["id"], block_id="b", action_id="gone")
    assert gone["error"] == "element_not_found"


def test_initial_values_of_all_kinds_are_in_the_state(slack: LocalSlack, app: App) -> None:
    elements: list[Json] = [
        {"type": "static_select", "options": OPTIONS, "initial_option": OPTIONS[1]},
        {"type": "external_select", "initial_option": option("kept")},
        {"type": "multi_static_select", "options": OPTIONS, "initial_options": [OPTIONS[0]]},
        {"type": "checkboxes", "options": OPTIONS, "initial_options": [OPTIONS[1]]},
        {"type": "users_select", "initial_user": "U0BEN"},
        {"type": "timepicker", "initial_time": "09:30"},
        {"type": "number_input", "is_decimal_allowed": False, "initial_value": "7"},
    ]
    blocks = [text_input(str(n)) | {"element": {"action_id": "a", **one}} for n, one in enumerate(elements)]
    open_modal(slack, app, *blocks, callback_id=modal()["callback_id"]).submits()
    values = app.received("view_submission")[0]["view"]["state"]["values"]
    found = [_values(next(part for name, part in values[str(n)]["a"].items() if name != "type")) for n in range(7)]
    assert found == ["two", "kept", ["one"], ["two"], "U0BEN", "09:30", "7"]
