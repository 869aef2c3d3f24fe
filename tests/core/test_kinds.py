"""Refusals are counted by kind. There are only a few kinds."""

import re
from collections import Counter
from pathlib import Path

import pytest

from bot.core.kinds import KINDS, Kind, kind
from bot.core.reasons import Code


def test_refusals_by_the_policy_never_count_as_mistakes_in_the_request() -> None:
    """Each code of the policy is about the person, a rule or the moment."""
    codes = {Code[name] for name in re.findall(r"Code\.([A-Z_]+)", Path("bot/core/policy.py").read_text())}
    assert len(codes) > 10
    assert [code for code in sorted(codes) if kind(code) is Kind.BAD_REQUEST] == []


def test_each_code_has_one_kind() -> None:
    assert [
        code for code, times in Counter(code for codes in KINDS.values() for code in codes).items() if times > 1
    ] == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code.NO_LINK, "not_allowed"),
        (Code.RULE_RUN, "rule"),
        (Code.BUSY, "busy"),
        (Code.ARGUMENT_MISSING, "bad_request"),
        ("bad_token", "bad_token"),
        ("many", "many"),
        ("a later version's", "bad_request"),
        ("", "bad_request"),
    ],
)
def test_each_code_counts_as_its_kind_and_an_unknown_one_as_a_bad_request(code: str, expected: str) -> None:
    assert kind(code) == expected
