"""Nobody can evade a rule for arguments. (`test_schemas.py` tests which schemas a rule may have.)"""

import inspect
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from bot.core import keywords, schemas
from bot.core.bound import problems
from bot.core.model import Field
from bot.core.reasons import Code
from bot.core.rules import Rule

DAYS = {"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]}


def ordinary(days=7, region="EU"): ...
def positional_only(days, /): ...
def star_days(*days): ...
def anything(*args, **kwargs): ...
def with_others(days=365, /, **others): ...
def star_and_others(*days, **others): ...


def told(
    schema: Any, task: Callable[..., Any] | None, args: list[Any], kwargs: dict[str, Any], stored: Any = ([], {})
) -> list[tuple[Field, Code]]:
    rule = Rule(name="r", tasks=("*",), arguments=schema)
    signature = None if task is None else inspect.signature(task)
    return [(Field(one.field), one.code) for one in problems([rule], (args, kwargs), stored, signature)]


@pytest.mark.parametrize(
    ("task", "args", "kwargs", "expected"),
    [
        pytest.param(ordinary, [], {"days": 31}, [], id="a keyword"),
        pytest.param(ordinary, [31], {}, [], id="a positional argument"),
        pytest.param(positional_only, [31], {}, [], id="a positional-only argument"),
        pytest.param(None, [], {"days": 31}, [], id="a keyword, unknown task"),
        pytest.param(ordinary, [], {"days": 9999}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="too large"),
        pytest.param(ordinary, [], {"days": "9999"}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="a text"),
        pytest.param(ordinary, [], {"days": [99]}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="a list"),
        pytest.param(ordinary, [], {"days": True}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="true is no integer"),
        pytest.param(ordinary, [], {"days": None}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="null"),
        pytest.param(ordinary, [], {}, [(Field.KWARGS, Code.RULE_NEEDS_ARGUMENT)], id="left out"),
        pytest.param(ordinary, [], {"Days": 9}, [(Field.KWARGS, Code.RULE_NEEDS_ARGUMENT)], id="another name"),
        pytest.param(ordinary, [9999], {}, [(Field.ARGS, Code.RULE_REFUSES_VALUE)], id="too large, positional"),
        pytest.param(
            positional_only, ["9999"], {}, [(Field.ARGS, Code.RULE_REFUSES_VALUE)], id="a text, positional-only"
        ),
        pytest.param(star_days, [9999], {}, [(Field.ARGS, Code.RULE_REFUSES_VALUE)], id="*days is a list"),
        pytest.param(anything, [9999], {}, [(Field.KWARGS, Code.RULE_NEEDS_ARGUMENT)], id="*args hides the name"),
        pytest.param(
            with_others, [9999], {"days": 1}, [(Field.KWARGS, Code.ARGUMENT_TWICE)], id="positional, and the same name"
        ),
        pytest.param(
            with_others, [], {"days": 1}, [(Field.KWARGS, Code.RULE_PLACE_ONLY)], id="a keyword leaves the default"
        ),
        pytest.param(
            star_and_others, [], {"days": [1]}, [(Field.KWARGS, Code.RULE_PLACE_ONLY)], id="a keyword leaves *days"
        ),
        pytest.param(None, [9999], {}, [(Field.ARGS, Code.RULE_ARGS_UNNAMED)], id="positional, unknown task"),
        pytest.param(None, [9999], {"days": 1}, [(Field.ARGS, Code.RULE_ARGS_UNNAMED)], id="both, unknown task"),
        pytest.param(positional_only, [1, 9999], {}, [(Field.ARGS, Code.RULE_ARGS_UNNAMED)], id="too many arguments"),
    ],
)
def test_the_rule_allows_at_most_31_days_however_they_are_given(
    task: Callable[..., Any] | None, args: list[Any], kwargs: dict[str, Any], expected: list[tuple[Field, Code]]
) -> None:
    assert told(DAYS, task, args, kwargs) == expected


def test_without_known_names_only_the_stored_values_may_be_sent() -> None:
    schema = {"properties": {"days": {"const": 1}}, "required": ["days"]}
    assert told(schema, None, [5], {"days": 1}, ([5], {})) == []
    assert told(schema, None, [6], {"days": 1}, ([5], {})) == [(Field.ARGS, Code.RULE_ARGS_UNNAMED)]
    assert told(schema, None, [5], {"days": 2}, ([5], {"days": 2})) == [(Field.KWARGS, Code.RULE_REFUSES_VALUE)]


def test_every_rule_must_be_kept() -> None:
    rules = [
        Rule(name=name, arguments={"properties": {"days": {"const": days}}, "required": ["days"]})
        for name, days in (("a", 0), ("b", 1))
    ]
    found = list(problems(rules, ([], {"days": 0}), None, None))
    assert [one.params["rule"] for one in found] == ["b"]


def test_a_refusal_shows_no_value_of_the_run() -> None:
    rule = Rule(name="r", arguments={"properties": {"token": {"type": "integer"}}, "required": ["token"]})
    (found,) = problems([rule], ([], {"token": "hunter2"}), None, None)
    assert "hunter2" not in repr(found)
    assert found.params == {"rule": "r", "name": "token", "keyword": "type", "expected": '"integer"'}


@pytest.mark.parametrize("typed", [[True], [1.0], ["1"]])
def test_values_without_names_must_equal_the_stored_ones_in_type_too(typed: list[Any]) -> None:
    """In Python, 1, 1.0 and True are equal."""
    assert told({}, None, [1], {}, stored=([1], {})) == []
    assert told({}, None, typed, {}, stored=([1], {})) == [(Field.ARGS, Code.RULE_ARGS_UNNAMED)]


def of_days(**schema: Any) -> dict[str, Any]:
    return {"properties": {"days": schema}, "required": ["days"]}


@pytest.mark.parametrize(
    ("factor", "value", "is_good"),
    [
        (0.5, 10**600, True),
        (0.5, 1e300, True),
        (5, 10**600 + 1, False),
        (0.1, 0.3, True),
        (0.1, 0.35, False),
        (5, 10, True),
        (1e-300, 1e300, True),
    ],
)
def test_multiples_are_exact_for_numbers_of_any_length(factor: float, value: float, is_good: bool) -> None:
    """jsonschema divides, which fails for long numbers, and says that 0.3 isn't a multiple of 0.1."""
    found = told(of_days(type="number", multipleOf=factor), None, [], {"days": value})
    assert found == ([] if is_good else [(Field.KWARGS, Code.RULE_REFUSES_VALUE)])


@pytest.mark.parametrize(
    ("items", "is_good"),
    [
        ([1, True, "1", None, [1], {"a": 1}, [True]], True),
        ([1, 1.0], False),
        ([{"a": [1, 2], "b": 0}, {"b": -0.0, "a": [1.0, 2]}], False),
        ([{"a": [1, 2]}, {"a": [2, 1]}], True),
        ([1e300, 10**300], True),
        ([], True),
    ],
)
def test_items_are_unique_in_the_sense_of_json_schema(items: list[Any], is_good: bool) -> None:
    found = told(of_days(type="array", uniqueItems=True), None, [], {"days": items})
    assert found == ([] if is_good else [(Field.KWARGS, Code.RULE_REFUSES_VALUE)])


def test_a_long_list_takes_time_in_proportion_to_its_length() -> None:
    """Measures CPU time, so that a busy machine doesn't matter. Comparing all pairs would take many minutes."""
    began = time.process_time()
    items = [{"day": number} for number in range(10_000)]
    assert told(of_days(type="array", uniqueItems=True), None, [], {"days": items}) == []
    assert time.process_time() - began < 30


NUMBER, NUMBERS = {"type": "integer"}, {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("schema", "days"),
    [
        pytest.param({"type": "array", "items": {"anyOf": [*[{"const": 1}] * 20, NUMBER]}}, range(1000), id="anyOf"),
        pytest.param({"type": "array", "items": {"oneOf": [*[{"const": -1}] * 20, NUMBER]}}, range(1000), id="oneOf"),
        pytest.param({"type": "array", "items": {"allOf": [NUMBER] * 20}}, range(1000), id="allOf"),
        pytest.param({"type": "array", "items": {"enum": list(range(1000))}}, range(1000), id="enum"),
        pytest.param({"allOf": [NUMBERS] * 20}, range(1000), id="the whole list"),
        pytest.param({"type": "array", "contains": {"allOf": [NUMBER] * 20}}, range(1000), id="contains"),
    ],
)
def test_a_check_that_takes_too_long_refuses_the_values(
    monkeypatch: pytest.MonkeyPatch, schema: dict[str, Any], days: Iterable[int]
) -> None:
    """The schemas allow these values, and checking all of them takes some tenths of a second."""
    rule = of_days(**schema)
    assert list(schemas.flaws(rule)) == []
    assert told(rule, None, [], {"days": list(days)[:5]}) == []
    monkeypatch.setattr(keywords, "SECONDS", 0.01)
    assert told(rule, ordinary, [], {"days": list(days)}) == [(Field.KWARGS, Code.RULE_TOO_SLOW)]
    assert told(rule, ordinary, [list(days)], {}) == [(Field.ARGS, Code.RULE_TOO_SLOW)]


@pytest.mark.parametrize("package", ["jsonschema", "regex"])
def test_without_the_checking_packages_nothing_is_allowed(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert told(DAYS, ordinary, [], {"days": 1}) == [(Field.SCHEDULE, Code.RULE_UNCHECKED)]
    with pytest.raises(schemas.ExtraMissing):
        list(schemas.flaws(DAYS))
