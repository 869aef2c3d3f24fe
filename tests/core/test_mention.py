"""The name and the values that are read from a message to the bot."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.mention import Mention, parse
from bot.core.reasons import Code, Invalid
from tests.core import strategies

NAME = "nightly sales"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", Mention()),
        (" \n\t", Mention()),
        ("nightly", Mention(name="nightly")),
        ("  nightly\u00a0 sales ", Mention(name=NAME)),
        ("nightly sales days=30", Mention(name=NAME, kwargs={"days": 30})),
        ('"nightly sales" days=30', Mention(name=NAME, is_quoted=True, kwargs={"days": 30})),
        ("“nightly sales” days=30", Mention(name=NAME, is_quoted=True, kwargs={"days": 30})),
        ('"a=1 [x]"', Mention(name="a=1 [x]", is_quoted=True)),
        ('"say "hi"" a=1', Mention(name='say "hi"', is_quoted=True, kwargs={"a": 1})),
        ("Ana's report", Mention(name="Ana's report")),
        ("`nightly sales` `days=30`", Mention(name=NAME, kwargs={"days": 30})),
        ('nightly ```{"days": 30}```', Mention(name="nightly", kwargs={"days": 30})),
        ('n {"a": {"b": [1]}} [1, "x y"]', Mention(name="n", args=[1, "x y"], kwargs={"a": {"b": [1]}})),
        ("n []", Mention(name="n", args=[])),
        ("n {“a”:\u00a0“x y”}", Mention(name="n", kwargs={"a": "x y"})),
        ('n {"a": "“x”"}', Mention(name="n", kwargs={"a": "“x”"})),
        ('n {"a": 1} b=2', Mention(name="n", kwargs={"a": 1, "b": 2})),
    ],
)
def test_a_mention_is_a_name_followed_by_values(text: str, read: Mention) -> None:
    assert parse(text) == read


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("30", 30),
        ("-1.5e3", -1500.0),
        ("true", True),
        ("null", None),
        ("True", "True"),
        ("NaN", "NaN"),
        ("007", "007"),
        ("1e999", "1e999"),
        ("EU", "EU"),
        ("a=b", "a=b"),
        ("2026-11-05", "2026-11-05"),
        ("https://shop.example/?a=1&b=2", "https://shop.example/?a=1&b=2"),
        ('"EU west"', "EU west"),
        ("'EU west'", "EU west"),
        ("“EU west”", "EU west"),
        ("‘EU west’", "EU west"),
        ('"30"', "30"),
        ('"a\\"b"', 'a"b'),
        ('"C:\\dir"', "C:\\dir"),
        ('""', ""),
        ("[1, 2]", [1, 2]),
        ('{"b": "c d"}', {"b": "c d"}),
    ],
)
def test_a_value_is_read_as_json_if_possible_and_as_text_otherwise(typed: str, value: Any) -> None:
    read = parse(f"nightly a={typed} z=1").kwargs
    assert read == {"a": value, "z": 1}
    assert type(read["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("days=30", Code.MENTION_NO_NAME),
        ('{"days": 30}', Code.MENTION_NO_NAME),
        ('"" days=30', Code.MENTION_NO_NAME),
        ("nightly days = 30", Code.MENTION_NOT_A_PAIR),
        ("nightly days =30", Code.MENTION_NOT_A_PAIR),
        ("nightly days= 30", Code.MENTION_NOT_A_PAIR),
        ("nightly days=", Code.MENTION_NOT_A_PAIR),
        ("nightly days=30 please", Code.MENTION_NOT_A_PAIR),
        ('"nightly" sales', Code.MENTION_NOT_A_PAIR),
        ("nightly [1] [2]", Code.MENTION_TWO_LISTS),
        ("nightly days=1 days=2", Code.DOUBLED_KEY),
        ('nightly days=1 {"days": 2}', Code.DOUBLED_KEY),
        ('nightly {"days": 1, "days": 2}', Code.DOUBLED_KEY),
        ('"nightly', Code.MENTION_OPEN_QUOTE),
        ('nightly region="EU', Code.MENTION_OPEN_QUOTE),
        ('nightly region="EU"west', Code.MENTION_OPEN_QUOTE),
        ('nightly {"a": 1}b=2', Code.MENTION_NO_SPACE),
        ("nightly {'a': 1}", Code.SINGLE_QUOTES),
        ('nightly {"a": 1', Code.COMMA_MISSING),
        ("nightly [EU]", Code.VALUE_MISSING),
        ("nightly [1,]", Code.TRAILING_COMMA),
        ("nightly a=\ud800", Code.HALF_CHARACTER),
        ("nightly " + "[" * 101 + "]" * 101, Code.TOO_DEEP),
    ],
)
def test_a_message_that_can_not_be_read_gives_a_problem_without_its_values(text: str, code: Code) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text)
    assert caught.value.problems[0].code is code
    assert [one.place for one in caught.value.problems] == [None] * len(caught.value.problems)


WORDS = st.text(st.characters(categories=["L", "Nd", "So"]), min_size=1, max_size=8)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
KEYS = st.from_regex(r"\A[a-z_][a-z0-9_]{0,8}\Z")


@given(strategies.any_text)
def test_any_text_is_either_read_or_reported_as_invalid(text: str) -> None:
    """No other exception is raised."""
    with contextlib.suppress(Invalid):
        read = parse(text)
        json.dumps([read.args, read.kwargs], allow_nan=False, ensure_ascii=False).encode()


@given(NAMES, st.dictionaries(KEYS, strategies.values, max_size=4), st.none() | strategies.lists, st.booleans())
def test_values_that_are_written_out_are_read_back(
    name: str, kwargs: dict[str, Any], args: list[Any] | None, quoted: bool
) -> None:
    pairs = [f"{key}={json.dumps(value)}" for key, value in kwargs.items()]
    written = [f'"{name}"' if quoted else name, *pairs, *([] if args is None else [json.dumps(args)])]
    assert parse(" ".join(written)) == Mention(name=name, is_quoted=quoted, args=args, kwargs=kwargs)


@given(NAMES, strategies.objects)
def test_a_json_object_is_read_back(name: str, kwargs: dict[str, Any]) -> None:
    assert parse(f"{name} {json.dumps(kwargs, indent=1)}") == Mention(name=name, kwargs=kwargs)


def test_a_long_message_takes_time_in_proportion_to_its_length() -> None:
    """Measures CPU time. Straightening the quotes of the whole rest again for each value would take minutes."""
    text = "name " + " ".join(f"k{number}={{“a”:1}}" for number in range(20_000))
    began = time.process_time()
    assert len(parse(text).kwargs) == 20_000
    assert time.process_time() - began < 30
