"""Slack's limits and rules for views and messages. Each refusal has Slack's own words."""

from typing import Any

import pytest

from localslack.validation.surfaces import blocks_are_too_long, message_problems, view_problems
from localslack_tests.views import actions, button, menu, modal, option, plain, section, text_input

Json = dict[str, Any]


def static(**select: Any) -> Json:
    """A modal with a static menu."""
    return modal(menu(type="static_select") | {"element": {"type": "static_select", "action_id": "a", **select}})


def rich(*elements: Json, kind: str = "rich_text_section") -> Json:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}


def input_of(**element: Any) -> Json:
    return modal({"type": "input", "block_id": "b", "label": plain("L"), "element": {"action_id": "a", **element}})


def option_of(**changes: Any) -> Json:
    return static(options=[option("one") | changes])


GOOD = {
    "a plain modal": modal(),
    "24 characters of title": modal(title=plain("x" * 24)),
    "100 blocks": modal(*[section() for _ in range(100)]),
    "no submit without inputs": modal(section(), submit=None),
    "3000 characters of section text": modal(section("x" * 3000)),
    "a label of 75 and a value of 150 characters": static(options=[option("x" * 75, "y" * 150)]),
    "100 options": static(options=[option(str(n)) for n in range(100)]),
    "groups of options": static(option_groups=[{"label": plain("g"), "options": [option("one")]}]),
    "an initial option that is offered": static(options=[option("one")], initial_option=option("one")),
    "an initial value beyond 3000 characters": modal(text_input(initial_value="x" * 5000)),
    "limits of a number": input_of(type="number_input", is_decimal_allowed=True, min_value="1", max_value="2.5"),
    "a filter": input_of(type="conversations_select", filter={"include": ["public", "private"], "exclude_bot_users": True}),
    "a date": input_of(type="datepicker", initial_date="2026-11-23"),
    "a section that is always open": modal(section() | {"expand": True}),
    "a url in an overflow menu": modal(actions({"type": "overflow", "action_id": "a", "options": [option("a") | {"url": "https://example.com"}]})),
    "an accessory": modal(section(accessory=button())),
    "rich text": modal(rich({"type": "text", "text": "a < b & c"}, kind="rich_text_preformatted")),
    "a confirmation without its own buttons": modal(actions(button(confirm={"title": plain("Sure?"), "text": plain("?")}))),
    "200 characters of alert": modal({"type": "alert", "text": plain("x" * 200)}),
    "an alert with a level": modal({"type": "alert", "text": {"type": "mrkdwn", "text": "*x*"}, "level": "warning"}),
    "an image": modal(section(accessory={"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"})),
}  # fmt: skip

BAD: dict[str, tuple[Json, str]] = {
    "25 characters of title": (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
    "an empty title": (modal(title=plain("")), "must be more than 0 characters [json-pointer:/view/title/text]"),
    "no title": (modal(title=None), "missing required field: title [json-pointer:/view]"),
    "mrkdwn in a title": (modal(title={"type": "mrkdwn", "text": "x"}), "must be a valid enum value [json-pointer:/view/title/type]"),
    "no submit": (modal(section(), text_input(), submit=None), "must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/1/input]"),
    "no blocks": (modal() | {"blocks": []}, "must provide at least 1 items [json-pointer:/view/blocks]"),
    "101 blocks": (modal(*[section() for _ in range(101)]), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    "3001 characters of metadata": (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
    "256 characters of callback_id": (modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]"),
    "an unknown property": (modal(submit_disabled=False), "invalid additional property: submit_disabled [json-pointer:/view]"),
    "an unknown block": (modal({"type": "data_visualization"}), "unsupported type: data_visualization [json-pointer:/view/blocks/0/type]"),
    "a block for messages only": (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown [json-pointer:/view/blocks/0/type]"),
    "201 characters of alert": (modal({"type": "alert", "text": plain("x" * 201)}), "must be less than 201 characters [json-pointer:/view/blocks/0/text/text]"),
    "an alert with an unknown level": (modal({"type": "alert", "text": plain("x"), "level": "danger"}), "must be a valid enum value [json-pointer:/view/blocks/0/level]"),
    "an alert without text": (modal({"type": "alert"}), "missing required field: text [json-pointer:/view/blocks/0]"),
    "3001 of section text": (modal(section("x" * 3001)), "must be less than 3001 characters [json-pointer:/view/blocks/0/text/text]"),
    "an empty section": (modal({"type": "section"}), "must define either `text` or `fields` [json-pointer:/view/blocks/0/type]"),
    "11 fields": (modal({"type": "section", "fields": [plain("x")] * 11}), "no more than 10 items allowed [json-pointer:/view/blocks/0/fields]"),
    "2001 in a field": (modal({"type": "section", "fields": [plain("x" * 2001)]}), "must be less than 2001 characters [json-pointer:/view/blocks/0/fields/0/text]"),
    "151 in a header": (modal({"type": "header", "text": plain("x" * 151)}), "must be less than 151 characters [json-pointer:/view/blocks/0/text/text]"),
    "a block_id twice": (modal(text_input("a"), text_input("a")), "`block_id` already in use: a [json-pointer:/view/blocks/1/block_id]"),
    "an action_id twice": (modal(actions(button("a"), button("a"))), "`action_id` already in use: a [json-pointer:/view/blocks/0]"),
    "256 characters of block_id": (modal(text_input("x" * 256)), "must be less than 256 characters [json-pointer:/view/blocks/0/block_id]"),
    "256 characters of action_id": (modal(text_input(action_id="x" * 256)), "must be less than 256 characters [json-pointer:/view/blocks/0/element/action_id]"),
    "an empty filter": (input_of(type="conversations_select", filter={}), "must provide at least 1 items [json-pointer:/view/blocks/0/element/filter]"),
    "a filter that lets nothing through": (input_of(type="conversations_select", filter={"include": []}), "must provide at least 1 items [json-pointer:/view/blocks/0/element/filter/include]"),
    "a filter for an unknown kind": (input_of(type="conversations_select", filter={"include": ["channel"]}), "must be a valid enum value [json-pointer:/view/blocks/0/element/filter/include]"),
    "two elements with the focus": (modal(text_input("a", focus_on_load=True), text_input("b", focus_on_load=True)), "`focus_on_load` can be used once only [json-pointer:/view/blocks]"),
    "no label": (modal(text_input() | {"label": None}), "missing required field: label [json-pointer:/view/blocks/0]"),
    "2001 characters of label": (modal(text_input() | {"label": plain("x" * 2001)}), "must be less than 2001 characters [json-pointer:/view/blocks/0/label/text]"),
    "151 characters of placeholder": (modal(text_input(placeholder=plain("x" * 151))), "must be less than 151 characters [json-pointer:/view/blocks/0/element/placeholder/text]"),
    "a max_length of 3001": (modal(text_input(max_length=3001)), "must be less than 3001 [json-pointer:/view/blocks/0/element/max_length]"),
    "min_length above max_length": (modal(text_input(min_length=3, max_length=2)), "`min_length` must not exceed `max_length` [json-pointer:/view/blocks/0/element/min_length]"),
    "an initial value beyond max_length": (modal(text_input(max_length=2, initial_value="xxx")), "must be less than 3 characters [json-pointer:/view/blocks/0/element/initial_value]"),
    "an input in an actions block": (modal(actions({"type": "plain_text_input", "action_id": "a"})), "unsupported type: plain_text_input [json-pointer:/view/blocks/0/elements/0/type]"),
    "a button in an input block": (modal(text_input() | {"element": button()}), "unsupported type: button [json-pointer:/view/blocks/0/element/type]"),
    "26 buttons": (modal(actions(*[button(str(n)) for n in range(26)])), "no more than 25 items allowed [json-pointer:/view/blocks/0/elements]"),
    "76 characters on a button": (modal(actions(button(text=plain("x" * 76)))), "must be less than 76 characters [json-pointer:/view/blocks/0/elements/0/text/text]"),
    "2001 characters as a button's value": (modal(actions(button(value="x" * 2001))), "must be less than 2001 characters [json-pointer:/view/blocks/0/elements/0/value]"),
    "an unknown style": (modal(actions(button(style="pretty"))), "must be a valid enum value [json-pointer:/view/blocks/0/elements/0/style]"),
    "no options": (static(options=[]), "must provide at least 1 items [json-pointer:/view/blocks/0/element/options]"),
    "neither options nor groups": (static(), "must define either `options` or `option_groups` [json-pointer:/view/blocks/0/element/type]"),
    "101 options": (static(options=[option(str(n)) for n in range(101)]), "no more than 100 items allowed [json-pointer:/view/blocks/0/element/options]"),
    "76 characters of option label": (option_of(text=plain("x" * 76)), "must be less than 76 characters [json-pointer:/view/blocks/0/element/options/0/text/text]"),
    "151 characters of option value": (option_of(value="x" * 151), "must be less than 151 characters [json-pointer:/view/blocks/0/element/options/0/value]"),
    "76 characters of description": (option_of(description=plain("x" * 76)), "must be less than 76 characters [json-pointer:/view/blocks/0/element/options/0/description/text]"),
    "mrkdwn in a menu": (option_of(text={"type": "mrkdwn", "text": "x"}), "must be a valid enum value [json-pointer:/view/blocks/0/element/options/0/text/type]"),
    "a url outside an overflow menu": (option_of(url=""), "invalid additional property: url [json-pointer:/view/blocks/0/element/options/0]"),
    "76 characters of group label": (static(option_groups=[{"label": plain("x" * 76), "options": [option("a")]}]), "must be less than 76 characters [json-pointer:/view/blocks/0/element/option_groups/0/label/text]"),
    "an initial option that is not offered": (static(options=[option("a")], initial_option=option("b")), "`initial_option` must match one of the options [json-pointer:/view/blocks/0/element/initial_option]"),
    "11 checkboxes": (input_of(type="checkboxes", options=[option(str(n)) for n in range(11)]), "no more than 10 items allowed [json-pointer:/view/blocks/0/element/options]"),
    "6 options in an overflow menu": (modal(actions({"type": "overflow", "action_id": "a", "options": [option(str(n)) for n in range(6)]})), "no more than 5 items allowed [json-pointer:/view/blocks/0/elements/0/options]"),
    "a number without is_decimal_allowed": (input_of(type="number_input"), "missing required field: is_decimal_allowed [json-pointer:/view/blocks/0/element]"),
    "a minimum that isn't a string": (input_of(type="number_input", is_decimal_allowed=False, min_value=1), "must provide a string that is a number [json-pointer:/view/blocks/0/element/min_value]"),
    "a wrong date": (input_of(type="datepicker", initial_date="23.11.2026"), "failed to match the format of `initial_date` [json-pointer:/view/blocks/0/element/initial_date]"),
    "a day that doesn't exist": (input_of(type="datepicker", initial_date="2020-13-45"), "failed to match the format of `initial_date` [json-pointer:/view/blocks/0/element/initial_date]"),
    "a string as `expand`": (modal(section() | {"expand": "yes"}), "must be a valid boolean [json-pointer:/view/blocks/0/expand]"),
    "3001 characters of url in an overflow menu": (modal(actions({"type": "overflow", "action_id": "a", "options": [option("a") | {"url": "x" * 3001}]})), "must be less than 3001 characters [json-pointer:/view/blocks/0/elements/0/options/0/url]"),
    "an unknown trigger": (modal(text_input(dispatch_action_config={"trigger_actions_on": ["on_blur"]})), "must be a valid enum value [json-pointer:/view/blocks/0/element/dispatch_action_config/trigger_actions_on]"),
    "files with dispatch_action": (modal(text_input() | {"dispatch_action": True, "element": {"type": "file_input", "action_id": "a"}}), "`dispatch_action` can't be used with file_input [json-pointer:/view/blocks/0/dispatch_action]"),
    "101 characters of confirm title": (modal(actions(button(confirm={"title": plain("x" * 101), "text": plain("x")}))), "must be less than 101 characters [json-pointer:/view/blocks/0/elements/0/confirm/title/text]"),
    "11 elements in a context": (modal({"type": "context", "elements": [plain("x")] * 11}), "no more than 10 items allowed [json-pointer:/view/blocks/0/elements]"),
    "a section in a context": (modal({"type": "context", "elements": [section()]}), "unsupported type: section [json-pointer:/view/blocks/0/elements/0/type]"),
    "a list in a section": (modal(rich({"type": "rich_text_list", "style": "bullet", "elements": []})), "unsupported type: rich_text_list [json-pointer:/view/blocks/0/elements/0/elements/0/type]"),
    "an empty text in rich text": (modal(rich({"type": "text", "text": ""})), "must be more than 0 characters [json-pointer:/view/blocks/0/elements/0/elements/0/text]"),
    "a response_url outside input blocks": (modal(actions({"type": "channels_select", "action_id": "a", "response_url_enabled": True})), "`response_url_enabled` works in input blocks of modals only [json-pointer:/view/blocks/0/elements/0/response_url_enabled]"),
    "an image without alt_text": (modal({"type": "image", "image_url": "https://example.com/a.png"}), "missing required field: alt_text [json-pointer:/view/blocks/0]"),
    "a string as a flag": (modal(text_input(multiline="yes")), "must be a valid boolean [json-pointer:/view/blocks/0/element/multiline]"),
}  # fmt: skip


@pytest.mark.parametrize("view", GOOD.values(), ids=GOOD)
def test_payloads_that_slack_accepts_pass(view: Json) -> None:
    assert view_problems(view).lines() == []


@pytest.mark.parametrize(("view", "complaint"), BAD.values(), ids=BAD)
def test_a_refusal_names_the_problem_and_its_place(view: Json, complaint: str) -> None:
    assert view_problems(view).lines() == [complaint]


def test_a_home_tab_has_no_submit_button() -> None:
    view = {"type": "home", "blocks": [section()], "submit": plain("x")}
    assert view_problems(view, kind="home").lines() == ["invalid additional property: submit [json-pointer:/view]"]


def test_alerts_are_for_modals_only() -> None:
    alert = {"type": "alert", "text": plain("x")}
    assert message_problems([alert]).lines() == ["unsupported type: alert [json-pointer:/blocks/0/type]"]
    home = view_problems({"type": "home", "blocks": [alert]}, kind="home")
    assert home.lines() == ["unsupported type: alert [json-pointer:/view/blocks/0/type]"]


def test_a_view_answer_begins_with_the_failed_schema() -> None:
    assert view_problems(modal(title=plain("x" * 25))).for_view() == {
        "error": "invalid_arguments",
        "response_metadata": {
            "messages": [
                "[ERROR] failed to match all allowed schemas [json-pointer:/view]",
                "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]",
            ]
        },
    }


def test_a_message_answer_repeats_each_complaint_with_the_failed_schema() -> None:
    assert message_problems([section("x" * 3001)]).for_message() == {
        "error": "invalid_blocks",
        "errors": [
            "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ],
        "response_metadata": {
            "messages": [
                "[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]",
                "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
            ]
        },
    }


def test_a_message_has_50_blocks_at_most() -> None:
    assert not message_problems([section()] * 50)
    assert message_problems([section()] * 51).lines() == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_the_blocks_of_a_message_share_13200_characters_of_json() -> None:
    assert not blocks_are_too_long([section("x" * 3000)] * 4)
    assert blocks_are_too_long([section("x" * 3000)] * 5)


def test_markdown_blocks_share_12000_characters() -> None:
    assert message_problems([{"type": "markdown", "text": "x" * 6001}] * 2)
    assert not message_problems([{"type": "markdown", "text": "x" * 6000}] * 2)


def test_a_message_has_at_most_one_table() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}
    assert not message_problems([table])
    assert message_problems([table, table]).lines() == ["only_one_table_allowed [json-pointer:/blocks]"]
