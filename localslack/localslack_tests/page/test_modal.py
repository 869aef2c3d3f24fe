"""Commands and modals on the page: people type, pick, correct errors and run."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from localslack.testing import LocalSlack
from localslack_tests.apps import App
from localslack_tests.page.hands import answer_choice, answer_command, focused, open_modal, types
from localslack_tests.views import menu, modal, option, plain, section, text_input

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
Act = Callable[[Page, Locator], None]


def test_a_slash_command_is_suggested_completed_and_sent_by_keyboard(page: Page, app: App) -> None:
    answer_command(app, modal(menu()))
    composer = page.get_by_test_id("composer")
    composer.press_sequentially("/runt")
    expect(page.get_by_test_id("command-option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(composer).to_have_value("/runtask ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Run a task")).to_be_visible()
    assert focused(page) == "pick"
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("modal")).to_have_count(0)
    expect(composer).to_be_focused()


def test_a_person_picks_corrects_a_mistake_and_runs_by_keyboard_alone(page: Page, app: App) -> None:
    excerpt = 'Not JSON:\n  {"day" 1}\n         ^'
    app.answers["block_suggestion"] = lambda body: {"options": [option("Nightly"), option("Weekly")]}
    answer_choice(app, modal(menu(), text_input(multiline=True, initial_value='{"day": 1}')))
    app.answers["view_submission"] = lambda body: (
        {"response_action": "errors", "errors": {"args": excerpt}}
        if '"day" 1' in body["view"]["state"]["values"]["args"]["typed"]["value"]
        else None
    )
    dialog = open_modal(page, app, menu())
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_test_id("select-option")).to_have_text(["Nightly", "Weekly"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    text = dialog.get_by_label("Arguments")
    expect(text).to_have_value('{"day": 1}')
    expect(dialog.get_by_test_id("select-input")).to_have_value("Weekly")
    page.keyboard.press("Tab")
    expect(text).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type('{"day" 1}')
    page.keyboard.press("ControlOrMeta+Enter")
    error = dialog.locator('[data-testid=field][data-block-id="args"]').get_by_test_id("field-error")
    expect(error).to_have_css("white-space", "pre-wrap")
    assert error.text_content() == excerpt
    expect(text).to_be_focused()
    expect(text).to_have_accessible_description(re.compile("Not JSON"))
    text.fill('{"day": 2}')
    dialog.get_by_test_id("modal-submit").press("Enter")
    expect(dialog).to_have_count(0)
    values = app.received("view_submission")[-1]["view"]["state"]["values"]
    assert values["task"]["pick"]["selected_option"]["value"] == "Weekly"
    assert values["args"]["typed"]["value"] == '{"day": 2}'


def test_text_that_is_being_typed_survives_an_update_of_the_modal(page: Page, app: App, slack: LocalSlack) -> None:
    dialog = open_modal(page, app, text_input(), section("before"))
    text = dialog.get_by_label("Arguments")
    text.press_sequentially("abc")
    view = slack.person("U0ANA").modal()
    assert view is not None
    app.client.views_update(view_id=view["id"], view=modal(text_input(initial_value="new"), section("after")))
    expect(dialog).to_contain_text("after")
    expect(text).to_be_focused()
    page.keyboard.type("d")
    expect(text).to_have_value("abcd")


def test_a_click_counts_even_if_an_update_comes_between_press_and_release(
    page: Page, app: App, slack: LocalSlack
) -> None:
    dialog = open_modal(page, app, text_input(initial_value="typed"), section("before"))
    dialog.get_by_test_id("modal-submit").hover()
    page.mouse.down()
    view = slack.person("U0ANA").modal()
    assert view is not None
    app.client.views_update(view_id=view["id"], view=modal(text_input(initial_value="typed"), section("after")))
    expect(dialog).to_contain_text("after")
    page.mouse.up()
    expect(dialog).to_have_count(0)
    assert len(app.received("view_submission")) == 1


def test_the_view_below_a_pushed_one_stays_as_it_was(page: Page, app: App) -> None:
    second = modal(section("Are you sure?"), submit=plain("Yes"), title=plain("Second"))
    app.answers["view_submission"] = lambda body: {"response_action": "push", "view": second}
    dialog = open_modal(page, app, text_input())
    page.keyboard.type("kept")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Second")).to_contain_text("Are you sure?")
    dialog.get_by_test_id("modal-cancel").click()
    expect(dialog.get_by_label("Arguments")).to_have_value("kept")
    dialog.get_by_test_id("modal-close").click()
    expect(dialog).to_have_count(0)


def test_inputs_that_come_after_a_loading_view_get_the_focus(page: Page, app: App, slack: LocalSlack) -> None:
    answer_command(app, {"type": "modal", "title": plain("Loading"), "blocks": [section("…")]})
    types(page, "/runtask")
    expect(page.get_by_role("dialog", name="Loading")).to_be_visible()
    view = slack.person("U0ANA").modal()
    assert view is not None
    app.client.views_update(view_id=view["id"], view=modal(text_input()))
    expect(page.get_by_label("Arguments")).to_be_focused()


def test_of_overlapping_suggestions_only_the_newest_is_shown(page: Page, app: App) -> None:
    late = threading.Event()

    def suggest(body: Json) -> Json:
        if body["value"] == "a":
            late.wait(2)
        described = option(f"{body['value']}-1") | {"description": plain("described")}
        return {"option_groups": [{"label": plain(f"For {body['value']!r}"), "options": [described]}]}

    app.answers["block_suggestion"] = suggest
    dialog = open_modal(page, app, menu())
    select = dialog.get_by_test_id("select-input")
    with page.expect_request(lambda asked: asked.url.endswith("suggest") and '"value":"a"' in (asked.post_data or "")):
        select.press_sequentially("a")
    select.press_sequentially("b")
    expect(dialog.get_by_role("group", name="For 'ab'")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith("suggest")):
        late.set()
    expect(dialog.get_by_test_id("select-option")).to_contain_text(["ab-1"])
    expect(dialog.get_by_role("option")).to_contain_text(["described"])
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("option")).to_have_count(0)
    expect(dialog).to_be_visible()


def test_the_menu_says_if_there_are_too_few_letters_or_no_options(page: Page, app: App) -> None:
    app.answers["block_suggestion"] = lambda body: {"options": []}
    dialog = open_modal(page, app, menu(min_query_length=2))
    dialog.get_by_test_id("select-input").click()
    expect(dialog.get_by_test_id("options-note")).to_have_text("Type at least 2 characters")
    page.keyboard.type("zz")
    expect(dialog.get_by_test_id("options-note")).to_have_text("No results")


def test_an_alert_shows_its_text_and_its_level(page: Page, app: App) -> None:
    text = {"type": "mrkdwn", "text": "*Disabled*: it still runs"}
    dialog = open_modal(
        page, app, {"type": "alert", "level": "warning", "text": text}, {"type": "alert", "text": plain("As usual")}
    )
    alerts = dialog.get_by_test_id("alert")
    expect(alerts).to_have_text(["Disabled: it still runs", "As usual"])
    expect(alerts.first.locator("strong, b")).to_have_text("Disabled")
    assert [alerts.nth(n).get_attribute("data-level") for n in range(2)] == ["warning", "default"]
    colours = [alerts.nth(n).evaluate("node => getComputedStyle(node).backgroundColor") for n in range(2)]
    assert colours[0] != colours[1]


def test_tab_stays_inside_the_modal(page: Page, app: App) -> None:
    open_modal(page, app, text_input())
    stops = []
    for _ in range(5):
        stops.append(focused(page))
        page.keyboard.press("Tab")
    assert stops == ["typed", "modal-cancel", "modal-submit", "modal-close", "typed"]


def test_a_failed_submission_can_be_tried_again(page: Page, app: App, slack: LocalSlack) -> None:
    dialog = open_modal(page, app, text_input())
    dialog.get_by_test_id("modal-submit").click()
    expect(dialog.get_by_test_id("field-error")).to_have_text("Please complete this required field.")
    slack.fault("late_ack", type="view_submission")
    dialog.get_by_label("Arguments").fill("x")
    page.keyboard.press("Enter")
    expect(dialog.get_by_test_id("modal-trouble")).to_have_text("We had some trouble connecting. Try again?")
    expect(dialog.get_by_test_id("field-error")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)


def keys(*names: str) -> Act:
    """Press these keys in the element."""

    def act(_page: Page, at: Locator) -> None:
        for name in names:
            at.press(name)

    return act


def ticks(*labels: str) -> Act:
    """Tick the boxes with these labels."""

    def act(page: Page, _at: Locator) -> None:
        for label in labels:
            page.get_by_label(label, exact=True).check()

    return act


def fills(text: str) -> Act:
    """Give the element this text at once."""
    return lambda _page, at: at.fill(text)


ONE, TWO, THREE = CHOICES = [option("One"), option("Two"), option("Three")]
ELEMENTS: list[tuple[Json, Act, Json]] = [
    ({"type": "static_select", "options": CHOICES}, keys("t", "w", "Enter"), {"selected_option": TWO}),
    (
        {"type": "multi_static_select", "options": CHOICES},
        keys("ArrowDown", "Enter", "Enter", "ArrowDown", "Enter"),
        {"selected_options": [ONE, TWO]},
    ),
    (
        {"type": "conversations_select", "filter": {"include": ["private"]}},
        keys("ArrowDown", "Enter"),
        {"selected_conversation": "G0SECRET"},
    ),
    ({"type": "users_select"}, keys("b", "e", "n", "Enter"), {"selected_user": "U0BEN"}),
    ({"type": "checkboxes", "options": CHOICES}, ticks("Three", "One"), {"selected_options": [ONE, THREE]}),
    ({"type": "radio_buttons", "options": CHOICES}, ticks("Two"), {"selected_option": TWO}),
    ({"type": "datepicker"}, fills("2026-11-23"), {"selected_date": "2026-11-23"}),
    ({"type": "timepicker"}, fills("04:05"), {"selected_time": "04:05"}),
    ({"type": "number_input", "is_decimal_allowed": False}, fills("7"), {"value": "7"}),
]


@pytest.mark.parametrize(("element", "act", "state"), ELEMENTS, ids=[element["type"] for element, _, _ in ELEMENTS])
def test_a_persons_choice_reaches_the_app(page: Page, app: App, element: Json, act: Act, state: Json) -> None:
    block = {"type": "input", "block_id": "b", "label": plain("Label"), "element": {"action_id": "it"} | element}
    dialog = open_modal(page, app, block)
    act(page, dialog.get_by_label("Label"))
    dialog.get_by_test_id("modal-submit").click()
    expect(dialog).to_have_count(0)
    value = app.received("view_submission")[-1]["view"]["state"]["values"]["b"]["it"]
    assert bare(value) == bare({"type": element["type"]} | state)


def bare(value: Any) -> Any:
    """A value in which each option is reduced to its own value: Slack adds flags to the options' texts."""
    if isinstance(value, list):
        return [bare(one) for one in value]
    if isinstance(value, dict):
        return value["value"] if "text" in value else {key: bare(one) for key, one in value.items()}
    return value
