"""Argument rules can't be evaded."""

import inspect
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema.validators import extend

from bot.core import schemas
from bot.core.bound import problems
from bot.core.model import Field
from bot.core.reasons import Code
from bot.core.rules import Rule

DAYS = {"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]}


def by_name(days=7, region="EU"): ...
def by_place(days, /): ...
def rest(*days): ...
def anything(*args, **kwargs): ...
def both(days=365, /, **others): ...
def all_others(*days, **others): ...


def told(
    schema: Any, task: Callable[..., Any] | None, args: list[Any], kwargs: dict[str, Any], stored: Any = ([], {})
) -> list[tuple[Field, Code]]:
    rule = Rule(name="r", tasks=("*",), arguments=schema)
    signature = None if task is None else inspect.signature(task)
    return [(Field(one.field), one.code) for one in problems([rule], (args, kwargs), stored, signature)]


@pytest.mark.parametrize(
    ("task", "args", "kwargs", "expected"),
    [
        pytest.param(by_name, [], {"days": 31}, [], id="a keyword"),
        pytest.param(by_name, [31], {}, [], id="by its place"),
        pytest.param(by_place, [31], {}, [], id="by its place only"),
        pytest.param(None, [], {"days": 31}, [], id="a keyword of a task that isn't known"),
        pytest.param(by_name, [], {"days": 9999}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="too many"),
        pytest.param(by_name, [], {"days": "9999"}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="a text"),
        pytest.param(by_name, [], {"days": [99]}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="a list"),
        pytest.param(by_name, [], {"days": True}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="true is no integer"),
        pytest.param(by_name, [], {"days": None}, [(Field.KWARGS, Code.RULE_REFUSES_VALUE)], id="null"),
        pytest.param(by_name, [], {}, [(Field.KWARGS, Code.RULE_NEEDS_ARGUMENT)], id="left out"),
        pytest.param(by_name, [], {"Days": 9}, [(Field.KWARGS, Code.RULE_NEEDS_ARGUMENT)], id="another name"),
        pytest.param(by_name, [9999], {}, [(Field.ARGS, Code.RULE_REFUSES_VALUE)], id="too many by its place"),
        pytest.param(by_place, ["9999"], {}, [(Field.ARGS, Code.RULE_REFUSES_VALUE)], id="a text by its place"),
        pytest.param(rest, [9999], {}, [(Field.ARGS, Code.RULE_REFUSES_VALUE)], id="all others are a list"),
        pytest.param(anything, [9999], {}, [(Field.KWARGS, Code.RULE_NEEDS_ARGUMENT)], id="under another name"),
        pytest.param(both, [9999], {"days": 1}, [(Field.KWARGS, Code.ARGUMENT_TWICE)], id="two values of a name"),
        pytest.param(both, [], {"days": 1}, [(Field.KWARGS, Code.RULE_PLACE_ONLY)], id="a keyword beside the default"),
        pytest.param(all_others, [], {"days": [1]}, [(Field.KWARGS, Code.RULE_PLACE_ONLY)], id="beside all others"),
        pytest.param(None, [9999], {}, [(Field.ARGS, Code.RULE_ARGS_UNNAMED)], id="by a place without a name"),
        pytest.param(None, [9999], {"days": 1}, [(Field.ARGS, Code.RULE_ARGS_UNNAMED)], id="the same, with a name"),
        pytest.param(by_place, [1, 9999], {}, [(Field.ARGS, Code.RULE_ARGS_UNNAMED)], id="more than there are places"),
    ],
)
def test_days_are_at_most_31(
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
        Rule(name=name, arguments={"properties": {"days": {"const": at}}, "required": ["days"]})
        for at, name in enumerate("ab")
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
    """For Python, 1, 1.0 and True are equal."""
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
    """Measures time of the processor, so that a busy machine doesn't matter. Comparing all pairs would take many minutes."""
    began = time.process_time()
    items = [{"day": number} for number in range(10_000)]
    assert told(of_days(type="array", uniqueItems=True), None, [], {"days": items}) == []
    assert time.process_time() - began < 30


@pytest.mark.parametrize("package", ["jsonschema", "regex"])
def test_without_its_packages_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    assert told(DAYS, by_name, [], {"days": 1}) == [(Field.SCHEDULE, Code.RULE_UNCHECKED)]
    with pytest.raises(schemas.ExtraMissing):
        list(schemas.flaws(DAYS))


TYPED = {"type": "integer"}


def nested(schema: dict[str, Any], times: int) -> dict[str, Any]:
    for _ in range(times):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def doubling(times: int, keyword: str = "allOf") -> dict[str, Any]:
    """A schema with a small text, in which each definition refers twice to the one before."""
    known: dict[str, Any] = {"d0": TYPED}
    for number in range(1, times + 1):
        known[f"d{number}"] = {keyword: [{"$ref": f"#/$defs/d{number - 1}"}] * 2}
    return {"properties": {"days": {"$ref": f"#/$defs/d{times}"}}, "required": ["days"], "$defs": known}


def chained(length: int) -> dict[str, Any]:
    """A schema in which each definition refers to the next one."""
    known = {f"d{number}": {"$ref": f"#/$defs/d{number + 1}"} for number in range(length)}
    return {"$ref": "#/$defs/d0", "$defs": {**known, f"d{length}": {"type": "object"}}}


def tangled(size: int) -> dict[str, Any]:
    """A schema in which each definition refers to every other one."""
    names = [f"#/$defs/d{number}" for number in range(size)]
    known = {f"d{number}": {"anyOf": [{"$ref": name} for name in names]} for number in range(size)}
    return {"properties": {"days": {"$ref": "#/$defs/d0"}}, "required": ["days"], "$defs": known}


GOOD: list[dict[str, Any]] = [
    DAYS,
    {},
    {"additionalProperties": False},
    {"properties": {"days": {}}},
    {"properties": {"days": {"description": "how many"}}},
    {"properties": {"days": {"enum": [1, 7]}}, "required": ["days"]},
    {"properties": {"days": {"anyOf": [TYPED, {"type": "null"}]}}, "required": ["days"]},
    {"properties": {"days": {"type": ["integer", "null"], "maximum": 31}}, "required": ["days"]},
    {"properties": {"days": {"$ref": "#/$defs/few"}}, "required": ["days"], "$defs": {"few": TYPED}},
    {"properties": {"ids": {"type": "array", "items": TYPED, "maxItems": 3}}, "required": ["ids"]},
    {"oneOf": [{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}]},
    {"patternProperties": {"^d": {"type": "integer", "maximum": 31}}},
    nested(TYPED, 20),
    doubling(5),
    doubling(5, "anyOf"),
    chained(20),
]
BAD: list[tuple[dict[str, Any], Code]] = [
    (nested(TYPED, 200), Code.TOO_DEEP),
    (doubling(18), Code.SCHEMA_TOO_LARGE),
    (doubling(18, "anyOf"), Code.SCHEMA_TOO_LARGE),
    (doubling(40), Code.TOO_DEEP),
    (chained(5_000), Code.TOO_DEEP),
    (tangled(4), Code.CIRCULAR_REFERENCE),
    (tangled(40), Code.TOO_DEEP),
    ({"properties": {"days": TYPED}, "required": None}, Code.SCHEMA_NEEDS_REQUIRED),
    ({"properties": {"days": TYPED}, "required": 7}, Code.SCHEMA_NEEDS_REQUIRED),
    ({"properties": {"days": {"type": None}}, "required": ["days"]}, Code.BAD_SCHEMA),
    ({"properties": {"days": {"maximum": 31}}, "required": ["days"]}, Code.KEYWORD_NEEDS_TYPE),
    ({"properties": {"days": {"type": "string", "maximum": 31}}, "required": ["days"]}, Code.KEYWORD_NEEDS_TYPE),
    (
        {"properties": {"days": {"type": ["integer", "string"], "maximum": 31}}, "required": ["days"]},
        Code.KEYWORD_NEEDS_TYPE,
    ),
    ({"properties": {"days": TYPED}}, Code.SCHEMA_NEEDS_REQUIRED),
    ({"properties": {"days": {"anyOf": [TYPED, {"maximum": 31}]}}, "required": ["days"]}, Code.SCHEMA_NEEDS_TYPE),
    ({"properties": {"days": {"allOf": [{"maximum": 31}]}}, "required": ["days"]}, Code.KEYWORD_NEEDS_TYPE),
    (
        {"properties": {"ids": {"type": "array", "items": {"maximum": 31}}}, "required": ["ids"]},
        Code.KEYWORD_NEEDS_TYPE,
    ),
    (
        {
            "properties": {"o": {"type": "object", "properties": {"days": TYPED}}},
            "required": ["o"],
        },
        Code.SCHEMA_NEEDS_REQUIRED,
    ),
    ({"maxmum": 31}, Code.MISSPELLED_KEYWORD),
    ({"not": {"type": "object"}}, Code.UNKNOWN_KEYWORD),
    ({"if": {}}, Code.UNKNOWN_KEYWORD),
    ({"properties": {"d": {"type": "string", "format": "date"}}, "required": ["d"]}, Code.UNKNOWN_KEYWORD),
    ({"$ref": "https://example.com/schema.json"}, Code.FOREIGN_REFERENCE),
    ({"$ref": "#"}, Code.FOREIGN_REFERENCE),
    ({"$ref": "#/$defs/none"}, Code.FOREIGN_REFERENCE),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, Code.CIRCULAR_REFERENCE),
    ({"$schema": "http://json-schema.org/draft-04/schema#"}, Code.SCHEMA_DIALECT),
    ({"properties": {"days": {"type": "int"}}, "required": ["days"]}, Code.BAD_SCHEMA),
    ({"properties": {"days": {"type": "string", "pattern": "("}}, "required": ["days"]}, Code.BAD_SCHEMA),
    ({"properties": []}, Code.BAD_SCHEMA),
    ({"properties": {"days": 7}}, Code.NOT_A_SCHEMA),
]


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_a_check_looks_at_a_bounded_number_of_parts(keyword: str) -> None:
    """Even a schema with a small text can expand to very many parts."""
    allowed = [schema for n in range(20) if not list(schemas.flaws(schema := doubling(n, keyword)))]
    asked: list[Any] = []

    def counted(*args: Any) -> Iterator[Any]:
        asked.append(args)
        return iter(())

    largest = {**allowed[-1], "$defs": {**allowed[-1]["$defs"], "d0": {**TYPED, "multipleOf": 1}}}
    counting = extend(type(schemas.validator(largest)), {"multipleOf": counted})  # type: ignore[no-untyped-call]
    list(counting(largest).iter_errors({"days": 7}))
    assert 0 < len(asked) <= schemas.MOST


@pytest.mark.parametrize("schema", GOOD)
def test_these_schemas_are_accepted_in_a_rule(schema: dict[str, Any]) -> None:
    assert list(schemas.flaws(schema)) == []


@pytest.mark.parametrize(("schema", "code"), BAD)
def test_these_schemas_are_refused_in_a_rule(schema: dict[str, Any], code: Code) -> None:
    assert code in {found for _, found, _ in schemas.flaws(schema)}
