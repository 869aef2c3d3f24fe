"""The modal: what it shows of a schedule, and that the values come back unchanged."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.model import Field, LastRun, RunId, Running, Schedule, ScheduleId, SlackUserId, Target
from bot.core.reasons import Code, Problem
from bot.core.rights import Limits, Need
from bot.slack import details, modals, payloads, texts
from bot.slack.ids import INPUT_TEXT, Id
from bot.slack.metadata import Metadata
from localslack.validation.surfaces import submission_problems, view_problems
from tests.factories import NOW, PLACE, a_preview, a_schedule, sealed
from tests.slack.forms import Payload, inputs, objects, read, submitted

METADATA = Metadata(place=PLACE, mark="m")


def view_of(schedule: Schedule, last: LastRun | None = None) -> Payload:
    view = modals.chosen(METADATA, a_preview(schedule, last=last), nonce="n1")
    assert view_problems(view).lines() == []
    return view


def prefill(view: Payload, field: Field) -> str:
    return next(text for block_id, text in inputs(view).items() if block_id.startswith(f"{field}:"))


@pytest.mark.parametrize(
    "view",
    [
        modals.empty(METADATA),
        modals.empty(METADATA, modals.ambiguous("report", 4)),
        modals.empty(METADATA, modals.ambiguous("<!channel>" * 50, 0)),
        modals.no_schedules(METADATA),
        modals.gone(METADATA),
    ],
    ids=["empty", "several", "none fits", "no schedules", "gone"],
)
def test_slack_takes_every_view(view: Payload) -> None:
    assert view_problems(view).lines() == []


def test_the_modal_says_what_to_do_about_an_ambiguous_name() -> None:
    assert "matches 4 schedules" in modals.ambiguous("report", 4).text
    assert "No schedule's name or task contains all words of “&lt;!here&gt;”" in modals.ambiguous(
        "<!here>", 0
    ).text.replace("\u200b", "")


def test_the_modal_shows_what_will_be_sent_where() -> None:
    schedule = a_schedule(enabled=False, description="For the board.\nMonthly.")
    options = {
        "queue": "slow", "exchange": "x", "routing_key": "r", "priority": 0, "expires": 120,
        "time_limit": 60, "soft_time_limit": 50.5,
    }  # fmt: skip
    target = Target(
        options=options,
        headers='{"X-Tenant": "acme"}',
        past_expires=datetime(2026, 11, 1, tzinfo=UTC),
        is_registered=False,
    )
    last = LastRun(status="FAILURE", at=datetime(2026, 11, 1, 2, 0, tzinfo=UTC))
    said = read(modals.chosen(METADATA, a_preview(schedule, target=target, last=last), nonce="n1"))
    for words in (
        "`reports.tasks.nightly`", "every day at 02:00, Europe/Berlin", "*Disabled*", "For the board. Monthly.",
        "Last run: *FAILURE*, <!date^1793498400^", "queue `slow`", "exchange `x`, routing key `r`", "priority `0`",
        "expires `after 120 s`", 'headers `{"X-Tenant": "acme"}`', "time limit `60 s`", "soft time limit `50.5 s`",
        "without the schedule's expiry <!date^1793491200^", "doesn't know the task",
    ):  # fmt: skip
        assert words in said


def test_a_plain_schedule_has_no_lines_about_missing_settings() -> None:
    said = read(view_of(a_schedule()))
    for words in ("Disabled", "priority", "expires", "headers", "exchange"):
        assert words not in said
    assert "Goes to queue `celery`" in said
    assert "No run of it is known yet." in said


def test_a_last_run_without_a_known_end_says_so() -> None:
    last = LastRun(status="", at=datetime(2026, 11, 1, 2, 0, tzinfo=UTC))
    said = read(view_of(a_schedule(), last))
    assert "Last run: <!date^1793498400^" in said
    assert "its end isn't known" in said


def test_while_the_only_known_run_is_open_no_line_denies_it() -> None:
    running = Running(run=RunId(5), since=NOW, requester=SlackUserId(""), name="ben", is_running=False)
    said = read(modals.chosen(METADATA, a_preview(running=running), nonce="n1"))
    assert "*A run of it is open*" in said
    assert "No run of it is known" not in said


@pytest.mark.parametrize(
    ("stored", "field", "shown"),
    [
        pytest.param("", Field.ARGS, "[]", id="blank list"),
        pytest.param("  ", Field.KWARGS, "{}", id="blank object"),
        pytest.param(
            '{"b":1.10,"a":"ü\\u00fc"}', Field.KWARGS, '{\n  "b": 1.10,\n  "a": "ü\\u00fc"\n}', id="to the letter"
        ),
        pytest.param("[1e2]", Field.ARGS, "[\n  1e2\n]", id="numbers"),
        pytest.param("{broken", Field.KWARGS, "{broken", id="no JSON"),
        pytest.param("[1]", Field.KWARGS, "[1]", id="wrong type"),
        pytest.param("[NaN]", Field.ARGS, "[NaN]", id="what json alone would take"),
    ],
)
def test_stored_values_are_shown_as_they_are(stored: str, field: Field, shown: str) -> None:
    assert prefill(view_of(a_schedule(**{field.value: stored})), field) == shown


@pytest.mark.parametrize(
    ("stored", "problem"),
    [("{broken", "Line 1, column 2"), ("[1]", "It is a list."), ('{"a": 1, "a": 2}', "a second time")],
)
def test_the_error_in_a_stored_value_stands_above_it(stored: str, problem: str) -> None:
    said = read(view_of(a_schedule(kwargs=stored)))
    assert "The stored keyword arguments can't be sent" in said
    assert problem in said


def test_a_value_too_long_for_slack_has_no_field_and_says_how_long_it_is() -> None:
    stored = json.dumps({"ids": list(range(1000))})
    view = view_of(a_schedule(kwargs=stored))
    assert [block_id.partition(":")[0] for block_id in inputs(view)] == ["args"]
    assert f"{len(stored):,} characters, too long to edit here" in read(view)
    assert "sent as stored" in read(view)
    assert Field.KWARGS not in payloads.submission(submitted(view)).values


def test_a_long_broken_value_can_only_be_corrected_elsewhere() -> None:
    view = view_of(a_schedule(kwargs="{" * (INPUT_TEXT + 1)))
    assert "Correct them in the admin" in read(view)
    assert "as stored" not in read(view)


def test_a_value_that_fits_only_without_indenting_is_shown_without() -> None:
    stored = json.dumps({"ids": list(range(500))})
    assert len(stored) < INPUT_TEXT
    assert prefill(view_of(a_schedule(kwargs=stored)), Field.KWARGS) == stored


def test_the_picker_keeps_its_block_id_and_the_inputs_get_new_ones() -> None:
    """In a block with the same id, Slack would keep what was typed, and ignore the new prefill."""
    one = modals.chosen(METADATA, a_preview(a_schedule()), nonce="n1")
    two = modals.chosen(METADATA, a_preview(a_schedule()), nonce="n2")
    assert one["blocks"][0]["block_id"] == two["blocks"][0]["block_id"] == Id.SCHEDULE_BLOCK
    assert not set(inputs(one)) & set(inputs(two))


def test_a_press_of_the_star_changes_nothing_else() -> None:
    off, on = (modals.chosen(METADATA, a_preview(), nonce="n", is_favourite=is_on) for is_on in (False, True))
    assert details.restarred(off, ScheduleId(7), is_on=True) == on
    assert details.restarred(on, ScheduleId(7), is_on=False) == off
    assert details.restarred(off, ScheduleId(8), is_on=True) == off  # the star belongs to another schedule
    words = [text["text"] for view in (off, on) for text in objects(view, "plain_text") if "favourites" in text["text"]]
    assert words == [texts.STAR, texts.UNSTAR]


def test_both_inputs_are_required() -> None:
    view = view_of(a_schedule())
    assert len(inputs(view)) == 2
    assert not [block for block in view["blocks"] if block.get("optional")]


@pytest.mark.parametrize(
    ("limits", "optional", "hint"),
    [
        (Limits(reason_for="Why"), False, "the rule “Why” asks for that"),
        (Limits(needs=(Need(rule="Four eyes", needed=1),)), True, "Those who can approve it read this"),
        (Limits(reason_for="Why", needs=(Need(rule="Four eyes", needed=1),)), False, "the rule “Why” asks for that"),
    ],
    ids=["a rule asks for it", "others must approve it", "both"],
)
def test_the_form_asks_for_a_reason_if_a_rule_does_or_others_must_approve(
    limits: Limits, optional: bool, hint: str
) -> None:
    view = modals.chosen(METADATA, a_preview(limits=limits), nonce="n")
    reason = view["blocks"][-1]
    assert view_problems(view).lines() == []
    assert (reason["block_id"], reason["optional"]) == ("reason:7:n", optional)
    assert hint in reason["hint"]["text"]
    assert payloads.submission(submitted(view, {"reason:7:n": None})).values[Field.REASON] == ""
    assert Field.REASON not in payloads.submission(submitted(view_of(a_schedule()))).values


def test_submitting_unchanged_gives_back_the_shown_values() -> None:
    schedule = a_schedule(id=ScheduleId(2**40))
    found = payloads.submission(submitted(view_of(schedule)))
    assert found.schedule == schedule.id
    assert found.metadata == Metadata(place=PLACE, mark="m", schedule=schedule.id, fingerprint=sealed("f1"))
    assert json.loads(found.values[Field.KWARGS]) == {"days": 7, "region": "EU"}
    assert set(found.inputs) == {Field.ARGS, Field.KWARGS}


def test_null_counts_as_the_prefill_and_blank_as_blank() -> None:
    view = view_of(a_schedule())
    args, kwargs = inputs(view)
    found = payloads.submission(submitted(view, {args: " ", kwargs: None}))
    assert found.values == {Field.ARGS: " ", Field.KWARGS: prefill(view, Field.KWARGS)}


def test_without_a_pick_there_is_no_schedule_and_no_value() -> None:
    found = payloads.submission(submitted(modals.empty(METADATA)))
    assert (found.schedule, found.values, found.inputs) == (None, {}, {})


def test_errors_stand_under_their_inputs_and_the_others_under_the_picker() -> None:
    view = view_of(a_schedule())
    found = payloads.submission(submitted(view))
    problems = [
        Problem(field=Field.KWARGS, code=Code.ARGUMENT_MISSING, params={"name": "first"}),
        Problem(field=Field.ARGS, code=Code.STORED_TEXT, params={"text": "x" * 3000}),
        Problem(field=Field.KWARGS, code=Code.ARGUMENT_MISSING, params={"name": "second"}),
        Problem(field=Field.SCHEDULE, code=Code.GONE),
    ]
    errors = modals.errors(problems, found.inputs)
    first, second = errors[found.inputs[Field.KWARGS]].split("\n")
    assert (first, second) == ('The task needs the argument "first".', 'The task needs the argument "second".')
    assert len(errors[found.inputs[Field.ARGS]]) == 2000
    assert errors[Id.SCHEDULE_BLOCK] == "This schedule no longer exists. Pick another one."
    assert submission_problems({"response_action": "errors", "errors": errors}, view).lines() == []


def test_an_error_of_a_value_that_has_no_input_stands_under_the_picker() -> None:
    view = view_of(a_schedule(kwargs=json.dumps("x" * 4000)))
    found = payloads.submission(submitted(view))
    problem = Problem(field=Field.KWARGS, code=Code.NO_KEYWORDS, params={"name": "x", "known": ""})
    assert list(modals.errors([problem], found.inputs)) == [Id.SCHEDULE_BLOCK]


def test_only_a_form_without_a_place_asks_where_to_report() -> None:
    asking = replace(METADATA, place=None)
    for view in (modals.empty(asking), modals.chosen(asking, a_preview(a_schedule()), nonce="n")):
        assert view["blocks"][-1]["block_id"] == Id.REPORT_BLOCK
        assert view_problems(view).lines() == []
        assert payloads.submission(submitted(view)).report_in is None
    for view in (modals.empty(METADATA), modals.chosen(METADATA, a_preview(a_schedule()), nonce="n")):
        assert Id.REPORT_BLOCK not in [block.get("block_id") for block in view["blocks"]]
    assert view_problems(modals.no_schedules(asking)).lines() == []
    assert view_problems(modals.text_only("No.")).lines() == []
