"""Properties of every text that somebody may type."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.arguments import parse
from bot.core.model import Field
from bot.core.reasons import Invalid, Problem
from bot.core.strictjson import EXCERPT, excerpt
from tests.core import strategies

JSONISH = st.lists(
    st.one_of(
        st.sampled_from([*strategies.NASTY, "true", "NaN", "1e999", "0", '"a"', "\\u", "\\ud800"]), strategies.any_text
    )
).map("".join)


@given(strategies.lists, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_every_list_that_json_writes_is_read_back(value: list[Any], indent: Any, ascii_only: bool) -> None:
    assert parse(json.dumps(value, indent=indent, ensure_ascii=ascii_only), Field.ARGS) == value


@given(strategies.objects)
def test_every_object_that_json_writes_is_read_back(value: dict[str, Any]) -> None:
    assert parse(json.dumps(value), Field.KWARGS) == value


@given(JSONISH, st.sampled_from([Field.ARGS, Field.KWARGS]))
def test_any_text_is_read_or_is_invalid_at_a_place_inside_it(text: str, field: Field) -> None:
    value, problems = read(text, field)
    if not problems:
        assert isinstance(value, list if field is Field.ARGS else dict)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    lines = text.split("\n")
    for problem in problems:
        assert problem.field is field
        if (place := problem.place) is not None:
            assert 1 <= place.line <= len(lines)
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1


def read(text: str, field: Field) -> tuple[Any, list[Problem]]:
    try:
        return parse(text, field), []
    except Invalid as exc:
        return None, exc.problems or pytest.fail("invalid without a reason")


@given(strategies.lists, st.data())
def test_cutting_a_character_out_of_json_never_breaks_the_parser(value: list[Any], data: st.DataObject) -> None:
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text) - 1))
    with contextlib.suppress(Invalid):
        parse(text[:at] + text[at + 1 :], Field.ARGS)


@given(strategies.any_text, st.data())
def test_an_excerpt_is_two_short_lines_with_the_caret_under_the_character(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    line, caret = excerpt(text, at).split("\n")
    assert len(line) <= EXCERPT + 2
    column = caret.index("^")
    assert caret == " " * column + "^"
    assert column <= len(line)
    if at < len(text) and text[at].isprintable():
        assert line[column] == text[at]
