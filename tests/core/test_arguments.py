"""Each mistake in typed JSON is named, with its line and column, and a caret under it."""

import json
import sys
from typing import Any

import pytest

from bot.core.arguments import LENGTH_LIMIT, parse, parse_stored, shown, stored
from bot.core.model import Field
from bot.core.reasons import Invalid, Problem
from bot.core.secrets import Secrets
from bot.core.strictjson import DEPTH_LIMIT, DIGITS_LIMIT, EXCERPT, excerpt
from bot.texts import problem_text


def problems(text: str, field: Field = Field.ARGS) -> list[Problem]:
    with pytest.raises(Invalid) as caught:
        parse(text, field)
    return caught.value.problems


def problem(text: str, field: Field = Field.ARGS) -> Problem:
    found = problems(text, field)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        pytest.param("[]", Field.ARGS, [], id="empty list"),
        pytest.param(" {} \n", Field.KWARGS, {}, id="white space around"),
        pytest.param('[1, "a", null, true]', Field.ARGS, [1, "a", None, True], id="all kinds"),
        pytest.param('{"a": {"b": [1.5]}}', Field.KWARGS, {"a": {"b": [1.5]}}, id="nested"),
        pytest.param('["“quoted” and ‘so’"]', Field.ARGS, ["“quoted” and ‘so’"], id="typographic quotes in a text"),
        pytest.param("[\u00a01,\u20032\u202f,\ufeff3\u2028]", Field.ARGS, [1, 2, 3], id="odd spaces between tokens"),
        pytest.param('["a\u00a0b\u2028"]', Field.ARGS, ["a\u00a0b\u2028"], id="odd spaces in a text stay"),
        pytest.param('["\\ud83d\\ude00"]', Field.ARGS, ["😀"], id="a whole surrogate pair"),
        pytest.param("[" + "9" * DIGITS_LIMIT + "]", Field.ARGS, [int("9" * DIGITS_LIMIT)], id="a huge whole number"),
        pytest.param("[1e308, -0.0]", Field.ARGS, [1e308, -0.0], id="floats"),
        pytest.param('{"a": 1, "b": {"a": 2}}', Field.KWARGS, {"a": 1, "b": {"a": 2}}, id="a key on two levels"),
        pytest.param('[{"a": 1}, {"a": 2}]', Field.ARGS, [{"a": 1}, {"a": 2}], id="a key in two objects"),
        pytest.param(
            "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT, Field.ARGS, eval("[" * 100 + "]" * 100), id="as deep as allowed"
        ),
    ],
)
def test_good_json_is_read(text: str, field: Field, value: Any) -> None:
    assert parse(text, field) == value


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        pytest.param("[1,]", 1, 4, "There must be no comma before a closing bracket.", id="comma at the end of a list"),
        pytest.param('[{"a": 1,\n}]', 2, 1, "There must be no comma before", id="comma at the end of an object"),
        pytest.param("[1 2]", 1, 4, "A comma or a closing bracket is missing", id="no comma"),
        pytest.param('[{"a" 1}]', 1, 7, "A colon is missing", id="no colon"),
        pytest.param("[{a: 1}]", 1, 3, "A key in double quotes", id="bare key"),
        pytest.param("['a']", 1, 2, "JSON needs double quotes, not single quotes", id="single quotes"),
        pytest.param("[{'a': 1}]", 1, 3, "JSON needs double quotes, not single quotes", id="single quotes round a key"),
        pytest.param("[yes]", 1, 2, "A value is missing here, or it isn't JSON", id="bare word"),
        pytest.param("[1, True]", 1, 5, "Python's True is written true", id="Python's True"),
        pytest.param("[False]", 1, 2, "Python's False is written false", id="Python's False"),
        pytest.param("[1,\n None]", 2, 2, "Python's None is written null", id="Python's None"),
        pytest.param("[1", 1, 3, "A comma or a closing bracket is missing", id="not closed"),
        pytest.param("[", 1, 2, "A value is missing", id="nothing but an opening"),
        pytest.param("[1] 2", 1, 5, "There is more text after the end", id="text after the end"),
        pytest.param('["abc]', 1, 2, "This text has no closing double quote.", id="text not closed"),
        pytest.param('["abc”]', 1, 2, "” is a typographic quote and closes nothing", id="text closed typographically"),
        pytest.param('["a\tb"]', 1, 4, "must be written as \\n or \\t", id="tab in a text"),
        pytest.param('["a\nb"]', 1, 4, "must be written as \\n or \\t", id="line break in a text"),
        pytest.param('["C:\\dir"]', 1, 5, "A backslash inside a text must be doubled", id="backslash"),
        pytest.param('["\\u12x4"]', 1, 4, "four hexadecimal digits", id="bad escape"),
        pytest.param("[01]", 1, 3, "A comma or a closing bracket is missing", id="leading zero"),
        pytest.param("[“a”]", 1, 2, "“ is a typographic quote", id="typographic quotes"),
        pytest.param("[1,\n  ‘a’]", 2, 3, "‘ is a typographic quote", id="single typographic quotes"),
        pytest.param('["“in a text”", «a»]', 1, 17, "« is a typographic quote", id="guillemets after a good text"),
        pytest.param("[NaN]", 1, 2, "NaN isn't JSON", id="NaN"),
        pytest.param("[1, -Infinity]", 1, 5, "-Infinity isn't JSON", id="-Infinity"),
        pytest.param("[1e999]", 1, 2, "This number is too large", id="too large a float"),
        pytest.param("[-1.5E+400]", 1, 2, "This number is too large", id="too large a negative float"),
        pytest.param("[1, " + "9" * 5000 + "]", 1, 5, "more than 640 digits", id="too many digits"),
        pytest.param("[-" + "9" * 641 + "]", 1, 2, "more than 640 digits", id="too many digits of a negative number"),
        pytest.param('[{"a": 1, "a": 2}]', 1, 11, 'The key "a" appears a second time here.', id="doubled key"),
        pytest.param('[{"a":\n{"b": 1,\n"b": 1}}]', 3, 1, 'The key "b" appears', id="doubled key, nested"),
        pytest.param(
            '[{"é": 1, "\\u00e9": 2}]', 1, 11, "appears a second time here", id="doubled key, written as escape"
        ),
        pytest.param('["\\ud800"]', 1, 2, "half a character", id="lone surrogate, escaped"),
        pytest.param('["a", "\udfff"]', 1, 7, "half a character", id="lone surrogate as it is"),
        pytest.param('[{"\\udc00": 1}]', 1, 3, "half a character", id="lone surrogate in a key"),
        pytest.param("[" * 5000, 1, DEPTH_LIMIT + 1, "nested more than 100 deep", id="too deep"),
        pytest.param('[{"a":' * 60, 1, 301, "nested more than 100 deep", id="too deep, mixed"),
        pytest.param("[\u00a0x]", 1, 3, "A value is missing", id="after a non-breaking space"),
        pytest.param("[1]\x00", 1, 4, "There is more text after the end", id="NUL"),
    ],
)
def test_a_mistake_is_named_at_its_place(text: str, line: int, column: int, words: str) -> None:
    found = problem(text)
    assert found.place is not None
    assert (found.place.line, found.place.column) == (line, column)
    said = problem_text(found)
    assert said.startswith(f"Line {line}, column {column}: ")
    assert words in said


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        pytest.param("", Field.ARGS, "Type a JSON list; [] sends nothing.", id="blank list"),
        pytest.param(" \n\t", Field.KWARGS, "Type a JSON object; {} sends nothing.", id="blank object"),
        pytest.param("\u200b\ufeff\u00a0", Field.KWARGS, "Type a JSON object", id="nothing that can be seen"),
        pytest.param(
            "{}", Field.ARGS, 'must be a JSON list, such as [7, "EU"]. It is an object.', id="object for list"
        ),
        pytest.param(
            "[]", Field.KWARGS, 'must be a JSON object, such as {"days": 7}. It is a list.', id="list for object"
        ),
        pytest.param('"days"', Field.KWARGS, "It is a text.", id="text"),
        pytest.param("7", Field.ARGS, "It is a number.", id="number"),
        pytest.param("true", Field.ARGS, "It is true or false.", id="truth value"),
        pytest.param("null", Field.KWARGS, "It is null.", id="null"),
    ],
)
def test_a_value_of_the_wrong_type_has_no_place(text: str, field: Field, words: str) -> None:
    found = problem(text, field)
    assert words in problem_text(found)
    assert (found.field, found.place) == (field, None)


def test_a_text_that_is_too_long_is_reported_with_its_length() -> None:
    assert "100,001 characters long; 100,000 are allowed" in problem_text(problem(f'["{"x" * (LENGTH_LIMIT - 3)}"]'))


def test_several_mistakes_are_reported_together_in_their_order() -> None:
    found = problems('{"a": NaN, "a": 1e999,\n"b": "\\ud800", "a": 1}', Field.KWARGS)
    assert [(p.place.line, p.place.column) for p in found if p.place] == [(1, 7), (1, 12), (1, 17), (2, 6), (2, 16)]


@pytest.mark.parametrize(
    ("text", "at", "shown"),
    [
        pytest.param("[1,]", 3, ["[1,]", "   ^"], id="one line"),
        pytest.param("[\n\t1,\n]", 3, [" 1,", " ^"], id="a tab takes one column"),
        pytest.param("ab\ncd\nef", 4, ["cd", " ^"], id="only its own line"),
        pytest.param("[\u00a0\u2003x", 3, ["[  x", "   ^"], id="odd spaces take one column"),
        pytest.param("[\x1b[31mx", 6, ["[�[31mx", "      ^"], id="a colour's characters keep their columns"),
        pytest.param("[\u202e\u2066x", 3, ["[��x", "   ^"], id="direction marks can't turn the line round"),
        pytest.param("[\ufe0f\u3164x", 3, ["[��x", "   ^"], id="characters without a glyph take one column"),
        pytest.param("[\r x", 3, ["[  x", "   ^"], id="a carriage return is no second line"),
        pytest.param("[1", 2, ["[1", "  ^"], id="after the end"),
        pytest.param("x" * 100, 0, ["x" * EXCERPT + "…", "^"], id="begin of a long line"),
        pytest.param("x" * 100, 50, ["…" + "x" * EXCERPT + "…", " " * 31 + "^"], id="middle of a long line"),
        pytest.param("x" * 100, 99, ["…" + "x" * EXCERPT, " " * 60 + "^"], id="end of a long line"),
    ],
)
def test_the_caret_is_under_the_mistake(text: str, at: int, shown: list[str]) -> None:
    assert excerpt(text, at).split("\n") == shown


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        pytest.param("", Field.ARGS, "[]", id="blank list"),
        pytest.param(" ", Field.KWARGS, "{}", id="white space"),
        pytest.param("[1]", Field.ARGS, "[1]", id="anything else as it is"),
        pytest.param("nonsense", Field.KWARGS, "nonsense", id="even nonsense"),
        pytest.param("7", Field.ARGS, "7", id="a number"),
        pytest.param('{"days": 7}', Field.ARGS, '{"days": 7}', id="an object for a list"),
        pytest.param("[1]", Field.KWARGS, "[1]", id="a list for an object"),
        pytest.param("[" * 5000, Field.KWARGS, "[" * 5000, id="what nobody can read"),
    ],
)
def test_a_stored_blank_means_no_arguments_and_other_texts_stay(text: str, field: Field, expected: str) -> None:
    assert stored(text, field) == expected


@pytest.mark.parametrize("text", ["null", '""', "false", "0", "-0.0", "0e7", " null\n", "{}", "[ ]"])
def test_a_stored_value_that_is_false_in_python_means_no_arguments(text: str) -> None:
    for field, nothing in ((Field.ARGS, []), (Field.KWARGS, {})):
        assert parse_stored(text, field) == nothing
        assert shown(text, field, Secrets()).value == nothing


@pytest.mark.parametrize("text", ["null", '""', "false", "0", "{}"])
def test_a_typed_value_that_is_false_in_python_is_a_mistake(text: str) -> None:
    assert "must be a JSON list" in problem_text(problem(text))


def test_a_stored_text_may_be_longer_than_a_typed_one() -> None:
    text = f'["{"x" * 128_888}"]'
    assert parse_stored(text, Field.ARGS) == ["x" * 128_888]
    found = shown(text, Field.ARGS, Secrets())
    assert (found.value, found.problems) == (["x" * 128_888], ())
    assert found.fitting(LENGTH_LIMIT) is None


def test_a_stored_number_may_be_as_long_as_python_can_read() -> None:
    longest = sys.get_int_max_str_digits()
    assert parse_stored(f"[{'9' * longest}]", Field.ARGS) == [int("9" * longest)]
    with pytest.raises(Invalid, match="long_number") as caught:
        parse_stored(f"[{'9' * (longest + 1)}]", Field.ARGS)
    assert f"more than {longest} digits" in problem_text(caught.value.problems[0])


def test_a_form_shows_indented_json_if_it_fits() -> None:
    text = json.dumps([1] * 100)
    found = shown(text, Field.ARGS, Secrets())
    assert found.fitting(1000) == found.text != text
    assert found.fitting(len(text)) == text
    assert found.fitting(len(text) - 1) is None
