"""Finding schedules by what somebody types."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Brief, ScheduleId
from bot.core.search import Entry, entry, fold, preselected, search
from tests.core import strategies
from tests.factories import a_brief

NAMES = {
    "Nightly report": "reports.tasks.nightly",
    "Nightly report, Europe": "reports.tasks.nightly",
    "Weekly nightly-report digest": "reports.tasks.weekly",
    "Clean up": "ops.report.nightly",
    "Report, every nightly hour": "reports.tasks.hourly",
    "ÉTÉ en Straße": "ops.summer",
}


def entries(names: dict[str, str]) -> list[Entry]:
    briefs = [a_brief(id=ScheduleId(i), name=name, task=task) for i, (name, task) in enumerate(names.items())]
    return sorted(map(entry, briefs), key=lambda e: e.name)


def names(query: str, limit: int = 100) -> list[str]:
    return [brief.name for brief in search(entries(NAMES), query, limit).first]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("nightly report", ["Nightly report", "Nightly report, Europe", "Report, every nightly hour",
                     "Weekly nightly-report digest", "Clean up"], id="the name, then those that begin so, then the rest"),
        pytest.param("REPORT  nightly", ["Nightly report", "Nightly report, Europe", "Report, every nightly hour",
                     "Weekly nightly-report digest", "Clean up"], id="any order, any case, any spaces"),
        pytest.param("digest weekly", ["Weekly nightly-report digest"], id="words in another order"),
        pytest.param("reports.tasks.hourly", ["Report, every nightly hour"], id="the dotted task"),
        pytest.param("europe nightly reports.tasks", ["Nightly report, Europe"], id="words of both"),
        pytest.param("ops", ["Clean up", "ÉTÉ en Straße"], id="a part of the task"),
        pytest.param("été STRASSE", ["ÉTÉ en Straße"], id="casefold"),
        pytest.param(unicodedata.normalize("NFD", "été"), ["ÉTÉ en Straße"], id="composed otherwise"),
        pytest.param("nightly nothing", [], id="every word must be there"),
        pytest.param("%", [], id="no wild cards"),
    ],
)  # fmt: skip
def test_best_matches_come_first(query: str, expected: list[str]) -> None:
    assert names(query) == expected


@pytest.mark.parametrize("query", ["", " ", "\u00a0"])
def test_a_blank_query_lists_all_by_name(query: str) -> None:
    found = search(entries(NAMES), query, 2)
    assert [brief.name for brief in found.first] == ["Clean up", "Nightly report"]
    assert found.total == len(NAMES)


def test_the_limit_cuts_the_list_but_not_the_count() -> None:
    found = search(entries(NAMES), "report", 2)
    assert len(found.first) == 2
    assert found.total == 5


@given(st.lists(strategies.text, min_size=1, max_size=5), st.randoms())
def test_words_find_their_schedule_in_any_order(words: list[str], random: Any) -> None:
    brief = a_brief(name=" ".join(words))
    query = fold(brief.name).split()
    random.shuffle(query)
    assert search([entry(brief)], " ".join(query), 10).first == (brief,)


@pytest.mark.parametrize(
    "spell", [str, str.upper, lambda name: f"  {name.replace(' ', '   ')}"], ids=["so", "upper", "spaces"]
)
def test_each_of_ten_thousand_is_reachable_by_its_name(spell: Any) -> None:
    """The worst case: every name is a part of others, and the words are everywhere."""
    many = entries({" ".join(f"job {number:x}"): f"tasks.job{number % 7}" for number in range(10_000)})
    for e in many[::97]:
        found = search(many, spell(e.brief.name), 100)
        assert found.first[0] == e.brief


@pytest.mark.parametrize(
    ("typed", "expected", "matching"),
    [
        pytest.param("Nightly report", "Nightly report", 1, id="exact, though others contain it"),
        pytest.param("nightly REPORT", "Nightly report", 1, id="exact but for case"),
        pytest.param("europe", "Nightly report, Europe", 1, id="the only one that contains it"),
        pytest.param("nightly", None, 4, id="several contain it"),
        pytest.param("reports.tasks.weekly", None, 0, id="the task is no name"),
        pytest.param("nothing", None, 0, id="none"),
    ],
)
def test_the_command_names_one_schedule_or_says_how_many_fit(typed: str, expected: str | None, matching: int) -> None:
    brief, found = preselected(entries(NAMES), typed)
    assert (brief.name if brief else None, found) == (expected, matching)


def test_of_names_that_differ_only_by_case_the_exact_one_is_taken() -> None:
    both = [
        entry(Brief(id=ScheduleId(i), name=name, task="t", enabled=True)) for i, name in enumerate(["Sync", "sync"])
    ]
    assert preselected(both, "sync") == (both[1].brief, 1)
    assert preselected(both, "SYNC") == (None, 2)
