"""Results and tracebacks are shown in a form that people can read."""

import json
import pickle
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from celery.utils.serialization import get_pickleable_exception
from kombu.utils import json as typed_json

from bot.broker import pickled
from bot.broker.outcomes.shown import WRAPPER, exception, own_frames, progress, readable, readable_value


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
def test_a_result_is_shown_in_a_readable_form(stored: str | None, shown: str) -> None:
    assert readable(stored, "SUCCESS") == shown


@pytest.mark.parametrize("depth", range(880, 1020, 10))
def test_a_result_nested_as_deeply_as_python_allows_is_shown(depth: int) -> None:
    """Reading and writing JSON fail at different depths."""
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
def test_an_exception_is_shown_as_its_type_and_message(message: Any, shown: str) -> None:
    value = {"exc_type": "ValueError", "exc_message": message, "exc_module": "builtins"}
    assert exception(value) == shown
    assert readable(json.dumps(value), "FAILURE") == shown


def test_a_success_that_looks_like_an_exception_is_shown_as_a_result() -> None:
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
def test_progress_is_shown_in_words(meta: dict[str, Any], shown: str) -> None:
    assert progress(meta) == readable(json.dumps(meta), "PROGRESS") == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(Decimal("12.50"), "12.50", id="a decimal"),
        pytest.param(datetime(2026, 11, 5, 12, tzinfo=UTC), "2026-11-05T12:00:00+00:00", id="a moment"),
        pytest.param(date(2026, 11, 5), "2026-11-05", id="a day"),
        pytest.param(UUID(int=7), "00000000-0000-0000-0000-000000000007", id="a UUID"),
        pytest.param(b"abc", "abc", id="bytes"),
        pytest.param({"total": Decimal("12.50")}, '{\n  "total": "12.50"\n}', id="inside an object"),
        pytest.param([Decimal(1)], '[\n  "1"\n]', id="in a list"),
    ],
)
def test_typed_values_are_shown_by_their_value(value: Any, shown: str) -> None:
    """kombu writes such values into JSON with their type."""
    assert readable(typed_json.dumps(value), "SUCCESS") == shown


def test_a_decimal_is_shown_alike_from_every_source() -> None:
    """Celery's own backends give the value itself, and the results app's table gives its JSON."""
    assert readable_value(Decimal("12.50"), "SUCCESS") == readable(typed_json.dumps(Decimal("12.50")), "SUCCESS")


@pytest.mark.parametrize(
    "stored",
    [
        '{"__type__": "decimal"}',
        '{"__type__": "uuid", "__value__": {"hex": "no"}}',
        '{"__type__": "uuid", "__value__": {"x": 1}}',
        '{"__type__": ["x"], "__value__": null}',
        '{"__type__": "own", "__value__": {"a": 1}}',
    ],
)
def test_malformed_typed_values_are_shown_too(stored: str) -> None:
    assert isinstance(readable(stored, "SUCCESS"), str)
    assert isinstance(readable(stored, "FAILURE"), str)


class Odd(Exception):
    """An exception that can't be unpickled, because its `args` don't fit its constructor."""

    def __init__(self, message: str) -> None:
        super().__init__(message, {"code": 7})


def test_an_exception_that_can_not_be_pickled_is_shown_as_itself() -> None:
    """Celery wraps such an exception in one of its own."""
    wrapped = get_pickleable_exception(Odd("no such region"))
    assert type(wrapped).__name__ == WRAPPER
    stored = Celery(backend="cache+memory://", set_as_current=False).backend.prepare_exception(wrapped, "json")
    assert readable(json.dumps(stored), "FAILURE") == 'Odd: no such region, {"code": 7}'
    assert readable_value(wrapped, "FAILURE") == "Odd: no such region"
    assert readable_value(pickled.loads(pickle.dumps(wrapped)), "FAILURE") == "Odd: no such region"


@pytest.mark.parametrize("message", [[], ["m"], ["m", "Odd"], ["m", 7, []], ["m", "Odd", "x"], None, "x"])
def test_a_wrapper_that_holds_no_exception_is_shown_as_it_is(message: Any) -> None:
    assert exception({"exc_type": WRAPPER, "exc_message": message}).startswith(WRAPPER)


def test_celerys_internal_note_about_the_worker_is_not_shown_as_a_result() -> None:
    assert readable('{"pid": 1, "hostname": "w@1"}', "STARTED") == ""


def test_a_traceback_shows_only_the_tasks_own_frames() -> None:
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
