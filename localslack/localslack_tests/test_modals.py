"""People use modals: menus, typing, submitting, closing. The app answers rightly, wrongly, late or not at all."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from localslack.testing import Json, LocalSlack, Person
from localslack_tests.apps import NO_ANSWER, App, HttpApp
from localslack_tests.test_payloads import open_modal
from localslack_tests.views import actions, button, menu, modal, option, plain, section, text_input

Opened = Callable[..., Person]
TROUBLE = {"ok": False, "error": "trouble_connecting"}


@pytest.fixture
def opened(slack: LocalSlack, app: App) -> Opened:
    """A function that opens a modal with these blocks for Ana, and returns her."""

    def open_it(*blocks: Json, **changes: Any) -> Person:
        return open_modal(slack, app, *blocks, **changes)

    return open_it


@pytest.mark.parametrize(
    ("min_query_length", "typed", "asked"), [(None, "ab", 0), (None, "abc", 1), (0, "", 1), (1, "", 0)]
)
def test_a_menu_asks_the_app_from_min_query_length_on(
    app: App, opened: Opened, min_query_length: int | None, typed: str, asked: int
) -> None:
    block = menu()
    del block["element"]["min_query_length"]
    if min_query_length is not None:
        block["element"]["min_query_length"] = min_query_length
    app.answers["block_suggestion"] = lambda _: {"options": [option("x")]}
    answer = opened(block).suggests("task", value=typed)
    assert len(app.received("block_suggestion")) == asked
    assert answer.get("too_short", False) == (asked == 0)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param(
            {"options": [option(str(n)) for n in range(101)]}, "no more than 100 items allowed", id="101 options"
        ),
        pytest.param({"options": [option("x" * 76)]}, "must be less than 76 characters", id="a long label"),
        pytest.param({"options": [option("x", "y" * 151)]}, "must be less than 151 characters", id="a long value"),
        pytest.param({"options": [], "option_groups": []}, "must define either", id="options and groups"),
        pytest.param({"options": [{"text": plain("x")}]}, "missing required field: value", id="no value"),
        pytest.param(
            {"option_groups": [{"label": plain("g"), "options": []}]}, "at least 1 items", id="an empty group"
        ),
        pytest.param({"ok": True}, "invalid additional property: ok", id="something else"),
        pytest.param(None, "must provide an object", id="nothing"),
    ],
)
def test_wrong_options_are_shown_as_an_error_and_logged(
    slack: LocalSlack, app: App, opened: Opened, answer: Json | None, problem: str
) -> None:
    ana = opened(menu())
    app.answers["block_suggestion"] = lambda _: answer
    assert ana.suggests("task")["error"] == "invalid_options"
    refused = [entry["refused"] for entry in slack.log("ack", "block_suggestion") if "refused" in entry]
    assert problem in refused[0][0]


def test_an_empty_list_of_options_is_a_valid_answer(app: App, opened: Opened) -> None:
    app.answers["block_suggestion"] = lambda _: {"options": []}
    assert opened(menu()).suggests("task") == {"ok": True, "options": []}


def test_groups_are_offered_and_picked_from(app: App, opened: Opened) -> None:
    app.answers["block_suggestion"] = lambda _: {
        "option_groups": [{"label": plain("2 of 3"), "options": [option("a & b", "1")]}]
    }
    ana = opened(menu())
    assert ana.picks("task", None, "a", "a & b")["ok"]
    assert app.received("block_actions")[-1]["actions"][0]["selected_option"]["text"]["text"] == "a &amp; b"


def test_only_what_was_offered_can_be_picked(app: App, opened: Opened) -> None:
    app.answers["block_suggestion"] = lambda _: {"options": [option("offered")]}
    ana = opened(menu())
    ana.suggests("task")
    assert ana.sets("task", selected_option=option("forged"))["error"] == "option_not_offered"
    assert ana.sets("task", selected_option=None)["ok"]


def test_a_late_answer_does_not_undo_a_later_one(app: App, opened: Opened) -> None:
    ana = opened(menu())
    slow, asked = threading.Event(), threading.Event()

    def answer(payload: Json) -> Json:
        if payload["value"] == "a":
            asked.set()
            slow.wait(5)
        return {"options": [option(f"for {payload['value']}")]}

    app.answers["block_suggestion"] = answer
    first = threading.Thread(target=ana.suggests, args=("task", None, "a"))
    first.start()
    assert asked.wait(5)
    assert ana.labels("task", value="ab") == ["for ab"]
    slow.set()
    first.join()
    assert ana.sets("task", selected_option="for ab")["ok"]


@pytest.mark.parametrize("dispatch", [True, False])
def test_a_pick_reaches_the_app_only_if_dispatch_action_is_set(app: App, opened: Opened, dispatch: bool) -> None:
    app.answers["block_suggestion"] = lambda _: {"options": [option("x")]}
    ana = opened(menu(dispatch=dispatch))
    before = len(app.received("block_actions"))
    assert ana.picks("task", None, "", "x")["dispatched"] == dispatch
    assert len(app.received("block_actions")) - before == dispatch


@pytest.mark.parametrize(
    ("triggers", "enter", "dispatched"),
    [
        pytest.param(None, False, False, id="typing"),
        pytest.param(None, True, True, id="Enter"),
        pytest.param(["on_character_entered"], False, True, id="each character"),
        pytest.param(["on_character_entered"], True, True, id="each character, Enter"),
    ],
)
def test_typing_reaches_the_app_as_dispatch_action_config_says(
    opened: Opened, triggers: list[str] | None, enter: bool, dispatched: bool
) -> None:
    config: Json = {"dispatch_action_config": {"trigger_actions_on": triggers}} if triggers else {}
    ana = opened(text_input(**config) | {"dispatch_action": True})
    assert ana.fills("args", None, "x", enter=enter)["dispatched"] == dispatched


def test_a_pick_in_a_menu_outside_input_blocks_always_reaches_the_app(app: App, opened: Opened) -> None:
    select = {"type": "static_select", "action_id": "a", "options": [option("one"), option("two")]}
    ana = opened(section(block_id="s", accessory=select), submit=None)
    ana.clicks("s", value="two")
    action = app.received("block_actions")[-1]["actions"][0]
    assert (action["type"], action["selected_option"]["value"]) == ("static_select", "two")


def test_missing_required_inputs_prevent_the_submission(app: App, opened: Opened) -> None:
    ana = opened(text_input("needed"), text_input("free") | {"optional": True})
    assert ana.submits() == {"ok": False, "errors": {"needed": "Please complete this required field."}}
    assert app.received("view_submission") == []
    ana.fills("needed", None, "x")
    assert ana.submits()["closed"]


@pytest.mark.parametrize(
    ("element", "typed", "fine"),
    [
        ({"type": "plain_text_input", "min_length": 2}, "x", False),
        ({"type": "plain_text_input", "max_length": 2}, "xxx", False),
        ({"type": "plain_text_input"}, "x" * 5000, True),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", False),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "2"}, "1.5", True),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "2"}, "1.5", False),
        ({"type": "number_input", "is_decimal_allowed": False}, "one", False),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "2"}, "NaN", False),
        ({"type": "number_input", "is_decimal_allowed": False}, "Infinity", False),
        ({"type": "email_text_input"}, "ana", False),
        ({"type": "url_text_input"}, "https://example.com", True),
    ],
)
def test_the_client_checks_typed_text(opened: Opened, element: Json, typed: str, fine: bool) -> None:
    ana = opened(text_input() | {"element": {"action_id": "a", **element}})
    ana.fills("args", None, typed)
    assert ana.submits()["ok"] == fine


def test_errors_are_shown_at_their_blocks_and_the_modal_stays(app: App, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"))
    app.answers["view_submission"] = lambda _: {"response_action": "errors", "errors": {"args": "No."}}
    assert ana.submits() == {"ok": True, "errors": {"args": "No."}}
    assert ana.modal() is not None


def test_an_update_replaces_the_submitted_view_and_keeps_its_input(app: App, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"))
    new = modal(text_input(initial_value="y"), section("saved"))
    app.answers["view_submission"] = lambda _: {"response_action": "update", "view": new}
    answer = ana.submits()
    assert answer["view"]["state"]["values"]["args"]["typed"]["value"] == "x"
    assert [view["id"] for view in ana.stack()] == [answer["view"]["id"]]


def test_an_answer_can_push_a_view_or_clear_all(app: App, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"))
    app.answers["view_submission"] = lambda _: {"response_action": "push", "view": modal(text_input(initial_value="y"))}
    ana.submits()
    assert len(ana.stack()) == 2
    app.answers["view_submission"] = lambda _: {"response_action": "clear"}
    assert ana.submits() == {"ok": True, "closed": True, "stack": []}


def test_nothing_is_pushed_onto_a_modal_that_was_closed_meanwhile(app: App, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"))

    def close_and_push(_: Json) -> Json:
        ana.closes(everything=True)
        return {"response_action": "push", "view": modal(section())}

    app.answers["view_submission"] = close_and_push
    assert ana.submits() == TROUBLE
    assert ana.stack() == []


def test_an_empty_ack_closes_the_submitted_view_only(app: App, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"))
    app.answers["view_submission"] = lambda _: {"response_action": "push", "view": modal(section())}
    ana.submits()
    del app.answers["view_submission"]
    assert len(ana.submits()["stack"]) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"ok": True}, id="unknown keys"),
        pytest.param("done", id="text"),
        pytest.param({"response_action": "errors", "errors": {"typed": "No."}}, id="error at an action_id"),
        pytest.param({"response_action": "errors", "errors": {"words": "No."}}, id="error at a section"),
        pytest.param({"response_action": "errors", "errors": {}}, id="no errors"),
        pytest.param({"response_action": "errors", "errors": {"args": 1}}, id="error that is no text"),
        pytest.param({"response_action": "update", "view": modal(title=plain("x" * 25))}, id="invalid view"),
        pytest.param({"response_action": "update"}, id="no view"),
        pytest.param({"response_action": "close"}, id="unknown action"),
    ],
)
def test_a_wrong_ack_is_an_error_in_the_modal_and_is_logged(
    slack: LocalSlack, app: App, opened: Opened, answer: Json | str
) -> None:
    ana = opened(text_input(initial_value="x"), section(block_id="words"))
    app.answers["view_submission"] = lambda _: answer
    assert ana.submits() == TROUBLE
    assert ana.modal() is not None
    assert any("refused" in entry for entry in slack.log("ack", "view_submission"))


def test_after_a_late_ack_a_second_try_has_a_new_trigger(slack: LocalSlack, app: App, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"))
    slack.config(deadline=0.2)
    app.answers["view_submission"] = lambda _: NO_ANSWER
    assert ana.submits() == TROUBLE
    del app.answers["view_submission"]
    assert ana.submits()["closed"]
    first, second = app.received("view_submission")
    assert first["view"]["id"] == second["view"]["id"]
    assert first["trigger_id"] != second["trigger_id"]


def test_a_failing_app_is_an_error_in_the_modal(http_app: HttpApp, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"))
    http_app.status = 500
    assert ana.submits() == TROUBLE


def test_the_cross_closes_all_views_and_reports_the_root(app: App, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"), notify_on_close=True)
    root = ana.stack()[0]["id"]
    app.answers["view_submission"] = lambda _: {"response_action": "push", "view": modal(section(), submit=None)}
    ana.submits()
    ana.closes(everything=True)
    (closed,) = app.received("view_closed")
    assert (closed["view"]["id"], closed["is_cleared"], ana.stack()) == (root, True, [])


def test_without_notify_on_close_the_app_gets_no_event(app: App, opened: Opened) -> None:
    opened(text_input()).closes()
    assert app.received("view_closed") == []


def test_only_the_top_modal_can_be_used_and_only_by_its_person(slack: LocalSlack, app: App, opened: Opened) -> None:
    ana = opened(text_input(initial_value="x"))
    below = ana.stack()[0]["id"]
    app.answers["view_submission"] = lambda _: {"response_action": "push", "view": modal(section())}
    ana.submits()
    assert ana.submits(below)["error"] == "view_not_on_top"
    assert slack.person("U0BEN").submits(ana.stack()[1]["id"])["error"] == "view_not_found"


def test_buttons_and_overflow_menus_work_in_modals(app: App, opened: Opened) -> None:
    overflow = {"type": "overflow", "action_id": "more", "options": [option("one"), option("two")]}
    ana = opened(actions(button("press", style="danger"), overflow), submit=None)
    ana.clicks("buttons", "press")
    ana.clicks("buttons", "more", "two")
    pressed, picked = (payload["actions"][0] for payload in app.received("block_actions")[-2:])
    assert (pressed["type"], pressed["value"], pressed["style"]) == ("button", "v", "danger")
    assert (picked["type"], picked["selected_option"]["value"]) == ("overflow", "two")
