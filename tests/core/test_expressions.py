"""Regular expressions in rules for arguments: their time is limited, and `$` is the end of the text."""

import time
from typing import Any

import pytest

from bot.core import keywords, schemas
from bot.core.bound import problems
from bot.core.model import Field
from bot.core.reasons import Code, Problem
from bot.core.rules import Rule
from bot.texts import problem_text

SLOW = "^(a|aa)*$"  # it tries all ways to divide a word
LONG = "a" * 40 + "!"


@pytest.fixture(autouse=True)
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keywords, "SECONDS", 0.1)


def of_name(**schema: Any) -> dict[str, Any]:
    return {"properties": {"name": {"type": "string", **schema}}, "required": ["name"]}


def told(schema: dict[str, Any], **values: Any) -> list[Problem]:
    assert list(schemas.flaws(schema)) == []
    return list(problems([Rule(name="names", tasks=("*",), arguments=schema)], ([], values), None, None))


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        (of_name(pattern=SLOW), {"name": LONG}),
        (of_name(anyOf=[{"pattern": SLOW, "type": "string"}, {"type": "string"}]), {"name": LONG}),
        (of_name(oneOf=[{"pattern": SLOW, "type": "string"}, {"type": "string"}]), {"name": LONG}),
        ({"patternProperties": {SLOW: {"type": "string"}}}, {LONG: "x"}),
        ({"patternProperties": {SLOW: {}}, "additionalProperties": False}, {LONG: "x"}),
        ({"patternProperties": {SLOW: {}}, "additionalProperties": {"type": "string"}}, {LONG: "x"}),
        ({"propertyNames": {"type": "string", "pattern": SLOW}}, {LONG: "x"}),
    ],
)
def test_an_expression_that_takes_too_long_refuses_the_value(schema: dict[str, Any], values: dict[str, Any]) -> None:
    """A check that doesn't finish allows nothing, wherever the expression stands."""
    began = time.thread_time()
    (found,) = told(schema, **values)
    assert (found.field, found.code, found.params) == (Field.KWARGS, Code.RULE_TOO_SLOW, {"rule": "names"})
    assert time.thread_time() - began < 5
    assert "“names”" in problem_text(found)
    assert "takes too long for these values" in problem_text(found)


def test_all_expressions_of_a_check_share_one_time_limit() -> None:
    """None of these searches exceeds the limit alone: each takes a twentieth of it, or a little more."""
    text = next(text for n in range(5, 40) if seconds(text := "a" * n + "!") > keywords.SECONDS / 20)
    item = {"anyOf": [{"type": "string", "pattern": SLOW}, {"type": "string"}]}
    schema = {"properties": {"names": {"type": "array", "items": item}}, "required": ["names"]}
    assert told(schema, names=[text]) == []
    assert [one.code for one in told(schema, names=[text] * 100)] == [Code.RULE_TOO_SLOW]


def seconds(text: str) -> float:
    began = time.thread_time()
    assert not keywords.matches(SLOW, text)
    return time.thread_time() - began


@pytest.mark.parametrize(
    ("pattern", "text", "is_allowed"),
    [
        ("^(staging|test)$", "test", True),
        ("^(staging|test)$", "test\n", False),
        ("^(staging|test)$", "test\n\n", False),
        ("^test\\n$", "test\n", True),
        (r"^\w+\s{2}$", "test\n", False),
        ("^[$]$", "$", True),
        ("^[^]$]$", "$", False),
        (r"^\$$", "$", True),
        (r"^\$$", "$\n", False),
        ("^[[:alpha:]$]$", "$", True),
        ("st", "test", True),
    ],
)
def test_a_dollar_sign_is_the_end_of_the_text(pattern: str, text: str, is_allowed: bool) -> None:
    assert (told(of_name(pattern=pattern), name=text) == []) == is_allowed
    names = {"patternProperties": {pattern: {"type": "integer"}}, "additionalProperties": False}
    assert (told(names, **{text: 1}) == []) == is_allowed


@pytest.mark.parametrize(
    ("values", "is_allowed"),
    [
        ({"a1": 1}, True),
        ({"a1": "1"}, False),
        ({"b1": "x"}, True),
        ({"b1": 1}, False),
        ({"c": "x"}, True),
        ({"c": 1}, False),
    ],
)
def test_properties_are_checked_by_the_expressions_that_match_their_names(
    values: dict[str, Any], is_allowed: bool
) -> None:
    number, text = {"type": "integer"}, {"type": "string"}
    schema = {"patternProperties": {"^a": number, "^b": text}, "additionalProperties": text}
    assert (told(schema, **values) == []) == is_allowed


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "[",
        "*",
        r"\L<a>",
        r"\p{None}",
        "(" * 5000 + ")" * 5000,
        "a{1000000000}",
        "((a{1000}){1000}){1000}",
        5,
        ["a"],
    ],
)
def test_a_pattern_that_is_no_expression_or_too_large_is_a_flaw(pattern: Any) -> None:
    found = {code for _, code, _ in schemas.flaws(of_name(pattern=pattern))}
    assert found == {Code.BAD_SCHEMA}


def test_a_stored_expression_that_can_not_be_read_any_more_refuses_the_run() -> None:
    rule = Rule(name="names", tasks=("*",), arguments=of_name(pattern="[[:foo:]]"))
    [problem] = problems([rule], ([], {"name": "x"}), None, None)
    assert problem.code == Code.RULE_BAD_PATTERN


def test_ordinary_repetitions_are_allowed() -> None:
    assert (
        told(of_name(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"), name="x")[0].code
        == Code.RULE_REFUSES_VALUE
    )
    assert told(of_name(pattern="^.{0,5000}$"), name="x") == []
