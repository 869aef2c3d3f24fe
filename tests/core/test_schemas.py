"""Which JSON Schemas a rule may have for arguments, and how long a check by one of them can take."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema.validators import extend

from bot.core import schemas
from bot.core.reasons import Code

DAYS = {"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]}
TYPED = {"type": "integer"}


def nested(schema: dict[str, Any], times: int) -> dict[str, Any]:
    for _ in range(times):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def doubling(times: int, keyword: str = "allOf") -> dict[str, Any]:
    """A schema in which each definition refers twice to the one before: a small text that expands to very many parts."""
    known: dict[str, Any] = {"d0": TYPED}
    for number in range(1, times + 1):
        known[f"d{number}"] = {keyword: [{"$ref": f"#/$defs/d{number - 1}"}] * 2}
    return {"properties": {"days": {"$ref": f"#/$defs/d{times}"}}, "required": ["days"], "$defs": known}


def chained(length: int) -> dict[str, Any]:
    """A schema in which each definition refers to the next one."""
    known = {f"d{number}": {"$ref": f"#/$defs/d{number + 1}"} for number in range(length)}
    return {"$ref": "#/$defs/d0", "$defs": {**known, f"d{length}": {"type": "object"}}}


def tangled(size: int) -> dict[str, Any]:
    """A schema in which each definition refers to all definitions, itself included."""
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
    """Even a schema whose text is small can expand to very many parts."""
    allowed = [times for times in range(20) if not list(schemas.flaws(doubling(times, keyword)))]
    asked: list[Any] = []

    def counted(*args: Any) -> Iterator[Any]:
        asked.append(args)
        return iter(())

    largest = doubling(allowed[-1], keyword)
    largest["$defs"]["d0"] = {**TYPED, "multipleOf": 1}
    counting = extend(type(schemas.validator(largest)), {"multipleOf": counted})  # type: ignore[no-untyped-call]
    list(counting(largest).iter_errors({"days": 7}))
    assert 0 < len(asked) <= schemas.MOST


@pytest.mark.parametrize("schema", GOOD)
def test_a_rule_may_have_these_schemas(schema: dict[str, Any]) -> None:
    assert list(schemas.flaws(schema)) == []


@pytest.mark.parametrize(("schema", "code"), BAD)
def test_a_rule_can_not_have_these_schemas(schema: dict[str, Any], code: Code) -> None:
    assert code in {found for _, found, _ in schemas.flaws(schema)}
