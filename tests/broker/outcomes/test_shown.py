"""Results and tracebacks, as people read them."""

import json
import re
from typing import Any

import pytest

from bot.broker.outcomes.shown import exception, own_frames, progress, readable


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
