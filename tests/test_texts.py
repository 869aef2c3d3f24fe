"""Every code has a sentence, and reasons are read from rows as they were stored."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.reasons import Code, Problem, Reason, TextPlace
from bot.core.status import RunState
from bot.texts import KINDS, SENTENCES, STATES, problem_text, sentence
from tests.core import strategies

HOSTILE = "x\x1b[31m\n{y}\u202e"


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_code_and_every_state_has_a_text() -> None:
    assert set(SENTENCES) == set(Code)
    assert set(STATES) == set(RunState) - {RunState.FINISHED}


@pytest.mark.parametrize("code", Code)
def test_a_sentence_is_one_line_whatever_its_values_are(code: Code) -> None:
    numbers = {"limit": 7, "length": 1234, "given": 9}
    params = {name: numbers.get(name, HOSTILE) for name in placeholders(SENTENCES[code])}
    said = sentence(Reason(code=code, params=params))
    assert said
    assert said.isprintable()
    assert "{" not in said.replace("{y}", "").replace("{}", "").replace('{"days": 7}', "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_type_is_named_in_a_sentence_of_its_own(kind: str) -> None:
    said = sentence(Reason(code=Code.NOT_A_LIST, params={"kind": kind}))
    assert said == f'This must be a JSON list, such as [7, "EU"]. {KINDS[kind]}'


@pytest.mark.parametrize(
    ("keyword", "expected", "words"),
    [
        ("maximum", "31", "it must be at most 31"),
        ("enum", '["EU", "US"]', 'it must be one of "EU", "US"'),
        ("enum", '["EU", "U…', 'it must be one of "EU", "U…'),
        ("type", '"integer"', "it must be a whole number"),
        ("type", '["string", "null"]', "it must be a text or null"),
        ("pattern", '"^a"', 'pattern is "^a"'),
    ],
)
def test_what_a_schema_of_a_rule_expects_is_said_in_words(keyword: str, expected: str, words: str) -> None:
    params = {"rule": "R", "name": "days", "keyword": keyword, "expected": expected}
    assert sentence(Reason(code=Code.RULE_REFUSES_VALUE, params=params)).endswith(f"this value of days: {words}.")


def test_the_place_comes_before_the_sentence_and_the_excerpt_below_it() -> None:
    place = TextPlace(at=3, line=1, column=4, excerpt="[1,]\n   ^")
    said = problem_text(Problem(code=Code.TRAILING_COMMA, field="args", place=place))
    assert said == "Line 1, column 4: There must be no comma before a closing bracket.\n[1,]\n   ^"


@given(st.sampled_from(Code), st.dictionaries(st.sampled_from(["a", "b"]), strategies.any_text | st.integers()))
def test_a_reason_comes_back_from_a_row(code: Code, params: dict[str, str | int]) -> None:
    reason = Reason(code=code, params=params)
    assert Reason.load(reason.dump()) == reason
    assert Reason.load(reason.dump(limit=90)).code is code
    assert len(reason.dump(limit=90)) <= 90


@pytest.mark.parametrize(
    "text", ["the broker can't be reached (OSError)", "", "7", "[]", "null", '{"code": "of another version"}', "{}"]
)
def test_the_sentence_of_an_older_row_is_shown_as_it_is(text: str) -> None:
    assert sentence(Reason.load(text)) == text
