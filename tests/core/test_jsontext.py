"""JSON as text: its tokens are found, and indenting keeps each of them exactly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.jsontext import indented, line_and_column, members, plain_spaces, replaced, tokens
from tests.core import strategies

NUMBERS = st.sampled_from(["1.10", "1e400", "-0", "1E+2", "0.1000", "12345678901234567890", "1e-7", "7"])
SPACES = st.text("\n\t \r", max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Generates JSON text with numbers, escapes and white space that no serializer would write; keys may occur twice."""
    return draw(
        st.recursive(
            st.one_of(NUMBERS, strategies.text.map(json.dumps), st.sampled_from(["true", "null", '"\\u00e9\\/"'])),
            lambda inner: st.one_of(
                st.lists(st.tuples(SPACES, inner).map("".join), max_size=3).map(lambda items: f"[{','.join(items)} ]"),
                st.lists(st.tuples(st.sampled_from(['"a"', '"b" ', ' "\\u0061"']), inner), max_size=3).map(
                    lambda pairs: f"{{ {','.join(f'{key}:{value}' for key, value in pairs)}}}"
                ),
            ),
            max_leaves=8,
        )
    )


def read(text: str) -> Any:
    """Reads JSON without loss: numbers stay texts, and objects become lists of pairs."""
    return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=lambda pairs: ("object", pairs))


def solid(text: str) -> list[str]:
    return [token.text for token in tokens(text) if token.kind != "space"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[]", "[]", id="empty list"),
        pytest.param("{ \n}", "{}", id="empty object"),
        pytest.param('{"b":1.10,"a":[]}', '{\n  "b": 1.10,\n  "a": []\n}', id="order and numbers stay"),
        pytest.param("[[1,{}],2]", "[\n  [\n    1,\n    {}\n  ],\n  2\n]", id="nested"),
        pytest.param('["a\\u00e9 , : {"]', '[\n  "a\\u00e9 , : {"\n]', id="a text stays as it is"),
        pytest.param("7", "7", id="no list at all"),
    ],
)
def test_indented_json_has_one_member_on_each_line(text: str, expected: str) -> None:
    assert indented(text) == expected


@given(documents())
def test_indenting_keeps_every_token_to_the_letter(text: str) -> None:
    pretty = indented(text)
    assert read(pretty) == read(text)
    assert solid(pretty) == solid(text)
    assert indented(pretty) == pretty


@given(strategies.any_text)
def test_every_character_belongs_to_one_token(text: str) -> None:
    found = list(tokens(text))
    assert "".join(token.text for token in found) == text
    assert all(text[token.at :].startswith(token.text) and token.text for token in found)


@given(strategies.any_text)
def test_replacing_white_space_by_spaces_keeps_every_position(text: str) -> None:
    plain = plain_spaces(text)
    assert len(plain) == len(text)
    assert plain_spaces(plain) == plain


@pytest.mark.parametrize(
    ("at", "expected"), [(0, (1, 1)), (1, (1, 2)), (2, (1, 3)), (3, (2, 1)), (5, (3, 1)), (6, (3, 2))]
)
def test_lines_and_columns_are_counted_from_one(at: int, expected: tuple[int, int]) -> None:
    assert line_and_column("ab\nc\nd", at) == expected


@given(strategies.objects, st.sampled_from([None, 0, 2]))
def test_the_members_of_an_object_are_found_with_their_positions(value: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    found = [(json.loads(m.key), json.loads(text[m.begin : m.end])) for m in members(text)]
    assert found == list(value.items())


@given(strategies.any_text)
def test_positions_of_members_are_inside_the_text_even_for_invalid_json(text: str) -> None:
    assert all(0 <= member.begin < member.end <= len(text) for member in members(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1, 2', ['"a": [1, 2']),
        ('{"a": {"b": 1}, "c" 2}', ['"a": {"b": 1}']),
        ('{"a": }', []),
        ('[{"a": 1}]', []),
    ],
)
def test_members_of_invalid_json_are_found_up_to_the_mistake(text: str, expected: list[str]) -> None:
    assert [f"{m.key}: {text[m.begin : m.end]}" for m in members(text)] == expected


def test_replacing_values_keeps_all_other_text() -> None:
    text = '{"n": 1.10, "e": 1e400,"l": [ {"a": [1, {}], "b": "\\u00e9"}, 2 ], "n": [true]}'
    places = {("l", 0, "a"): "x", ("l", 1): ["y"]}
    assert replaced(text, places) == ('{"n": 1.10, "e": 1e400,"l": [ {"a": "x", "b": "\\u00e9"}, ["y"] ], "n": [true]}')
