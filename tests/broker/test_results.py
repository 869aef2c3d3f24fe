"""What became of tasks, read from django-celery-results' own rows."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django_celery_results.models import TaskResult

from bot.broker import results as module
from bot.broker.results import (
    BATCH,
    RESULT_LIMIT,
    TRACEBACK_LIMIT,
    BeatOutcomes,
    exception,
    own_frames,
    progress,
    readable,
)
from bot.core.model import Outcome, TaskId
from bot.models import Run
from bot.runs import finish
from tests.factories import NOW, a_result, a_run

HAS_START = hasattr(TaskResult, "date_started")  # since the results app 2.6


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        pytest.param(None, "", id="nothing"),
        pytest.param("", "", id="blank"),
        pytest.param("null", "", id="None"),
        pytest.param('"done"', "done", id="a text"),
        pytest.param('"a\\nb"', "a\nb", id="lines"),
        pytest.param("42", "42", id="a number"),
        pytest.param('{"rows":3,"ü":[]}', '{\n  "rows": 3,\n  "ü": []\n}', id="an object"),
        pytest.param('"\\u00e9t\\u00e9"', "été", id="escapes are read"),
        pytest.param("gAWVBAAA", "gAWVBAAA", id="another serializer's"),
        pytest.param("[" * 100_000, "[" * 100_000, id="nested too deep to read"),
        pytest.param("9" * 5000, "9" * 5000, id="too many digits"),
    ],
)
def test_a_result_is_read_by_people(stored: str | None, shown: str) -> None:
    assert readable(stored, "SUCCESS") == shown


@pytest.mark.parametrize("depth", range(880, 1020, 10))
def test_a_result_at_the_edge_of_what_python_can_nest_is_shown_somehow(depth: int) -> None:
    """Reading and writing JSON give up at different depths."""
    shown = readable("[" * depth + "]" * depth, "SUCCESS")
    assert re.sub(r"\s", "", shown) == "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        pytest.param(["no such region"], "ValueError: no such region", id="one text"),
        pytest.param(["a", 7, {"x": "é"}], 'ValueError: a, 7, {"x": "é"}', id="several"),
        pytest.param([], "ValueError", id="none"),
        pytest.param(None, "ValueError", id="null"),
        pytest.param([None], "ValueError", id="a null in it"),
        pytest.param("plain", "ValueError: plain", id="a plain text"),
    ],
)
def test_an_exception_is_its_type_and_message(message: Any, shown: str) -> None:
    value = {"exc_type": "ValueError", "exc_message": message, "exc_module": "builtins"}
    assert exception(value) == shown
    assert readable(json.dumps(value), "FAILURE") == shown


def test_a_success_that_looks_like_an_exception_is_a_result() -> None:
    assert readable('{"exc_type": "x"}', "SUCCESS") == '{\n  "exc_type": "x"\n}'


@pytest.mark.parametrize(
    ("meta", "shown"),
    [
        pytest.param({"done": 3, "total": 10}, "3 of 10", id="done of total"),
        pytest.param({"current": 0, "total": 5, "note": "part 4"}, "0 of 5, part 4", id="with a note"),
        pytest.param({"processed": 7}, "7", id="without a total"),
        pytest.param({"total": 9, "phase": ["é"]}, 'total: 9, phase: ["é"]', id="other names"),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_progress_is_what_the_task_says_of_it(meta: dict[str, Any], shown: str) -> None:
    assert progress(meta) == readable(json.dumps(meta), "PROGRESS") == shown


def test_celerys_own_note_on_the_worker_is_no_result() -> None:
    assert readable('{"pid": 1, "hostname": "w@1"}', "STARTED") == ""


def the_outcome() -> Outcome:
    (outcome,) = BeatOutcomes().changed()
    return outcome


def record() -> int:
    return finish.record(BeatOutcomes().changed(), now=NOW, deadline=1800)


@pytest.mark.django_db
def test_an_outcome_is_what_the_row_says() -> None:
    run = a_run()
    row = a_result(run.task_id, "FAILURE", result='{"exc_type": "E", "exc_message": ["x"]}', traceback="T", worker="w@1",
                   **({"date_started": NOW} if HAS_START else {}))  # fmt: skip
    assert the_outcome() == Outcome(
        task_id=TaskId(run.task_id), status="FAILURE", at=row.date_done, started_at=NOW if HAS_START else None, result="E: x", result_length=4,
        traceback="T", worker="w@1",
    )  # fmt: skip


@pytest.mark.django_db
def test_long_results_and_tracebacks_are_shortened_at_the_right_end() -> None:
    a_result(a_run().task_id, result=json.dumps("x" * 200_000), traceback="\n".join(f"line {n}" for n in range(5000)))
    outcome = the_outcome()
    assert (len(outcome.result), outcome.result_length) == (RESULT_LIMIT, 200_000)
    assert len(outcome.traceback) <= TRACEBACK_LIMIT
    assert outcome.traceback.endswith("line 4999")


@pytest.mark.django_db
def test_what_no_database_takes_can_be_recorded_all_the_same() -> None:
    """Else one task's odd output would stop the watcher for everybody, at each pass again."""
    hostile, sound = a_run(), a_run()
    a_result(hostile.task_id, result='"a\\u0000b\\ud800c"', traceback="\x1b[31mT\x1b[0m")
    a_result(sound.task_id)
    assert record() == 2
    hostile.refresh_from_db()
    assert (hostile.result, hostile.traceback) == ("a�b�c", "T")


@pytest.mark.django_db
def test_only_what_was_written_since_is_news() -> None:
    run, other = a_run(), a_run()
    row = a_result(run.task_id, "STARTED")
    assert [outcome.task_id for outcome in BeatOutcomes().changed()] == [run.task_id]
    assert record() == 1
    assert BeatOutcomes().changed() == []

    a_result(other.task_id, "STARTED")
    row.status = "SUCCESS"
    row.save()
    assert {outcome.status for outcome in BeatOutcomes().changed()} == {"STARTED", "SUCCESS"}
    assert record() == 2
    assert BeatOutcomes().changed() == []


@pytest.mark.django_db
def test_a_row_that_was_written_in_the_past_is_news_too() -> None:
    """Clocks of workers differ."""
    run = a_run(seen_at=NOW + timedelta(hours=1), state="running")
    a_result(run.task_id)
    TaskResult.objects.update(date_done=NOW)
    assert the_outcome().at == NOW


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["finished", "not_sent"])
def test_runs_that_are_over_are_not_looked_at(state: str) -> None:
    a_result(a_run(state=state).task_id)
    assert BeatOutcomes().changed() == []


@pytest.mark.django_db
def test_results_of_others_are_not_looked_at() -> None:
    a_result("somebody else's")
    assert BeatOutcomes().changed() == []


@pytest.mark.django_db
def test_a_pass_costs_the_same_whatever_the_history(django_assert_num_queries: Any) -> None:
    for number in range(50):
        a_result(f"history-{number}")
    with django_assert_num_queries(1):
        BeatOutcomes().changed()
    for _ in range(10):
        a_result(a_run().task_id)
    with django_assert_num_queries(3):
        assert len(BeatOutcomes().changed()) == 10


@pytest.mark.django_db
def test_a_crowd_is_taken_in_parts_the_oldest_first() -> None:
    runs = Run.objects.bulk_create(
        Run(key=f"k{n}", task_id=f"t{n}", state="sent", schedule_id=1, schedule_name="s", task="t", deadline_at=NOW)
        for n in range(BATCH + 20)
    )
    TaskResult.objects.bulk_create(TaskResult(task_id=run.task_id, status="SUCCESS", date_done=NOW) for run in runs)
    TaskResult.objects.update(date_done=NOW)
    first = {outcome.task_id for outcome in BeatOutcomes().changed()}
    assert first == {f"t{n}" for n in range(BATCH)}


def test_a_traceback_is_the_tasks_own() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/x/site-packages/celery/app/trace.py", line 564, in trace_task\n'
        "    R = retval = fun(*args, **kwargs)\n"
        "                 ^^^^^^^^^^^^^^^^^^^^\n"
        '  File "/app/shop/tasks.py", line 12, in nightly\n'
        "    total = 1 / rows\n"
        "            ~~^~~~~~\n"
        "ZeroDivisionError: division by zero"
    )
    assert own_frames(text) == (
        "Traceback (most recent call last):\n"
        '  File "/app/shop/tasks.py", line 12, in nightly\n'
        "    total = 1 / rows\n"
        "ZeroDivisionError: division by zero"
    )


@pytest.mark.django_db
def test_between_looks_at_all_open_runs_only_the_latest_results_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(module, "FULL_SHARE", 1e9)
    outcomes, old, new = BeatOutcomes(), a_run(), a_run()
    assert outcomes.changed() == []
    a_result(old.task_id)
    TaskResult.objects.update(date_done=NOW)  # of a worker whose clock is wrong, or committed late
    a_result(new.task_id)
    with django_assert_num_queries(3):
        assert [outcome.task_id for outcome in outcomes.changed()] == [new.task_id]
    finish.record(outcomes.changed(), now=NOW, deadline=1800)
    assert outcomes.changed() == []
    monkeypatch.setattr(module, "FULL_SHARE", 0.0)
    assert [outcome.task_id for outcome in outcomes.changed()] == [old.task_id]
