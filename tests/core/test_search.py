"""Search finds schedules by the text that somebody types."""

import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.search import REMEMBERED, Index, Row
from bot.core.text import fold
from tests.core import strategies

NAMES = {
    "Nightly report": "reports.tasks.nightly",
    "Nightly report, Europe": "reports.tasks.nightly",
    "Weekly nightly-report digest": "reports.tasks.weekly",
    "Clean up": "ops.report.nightly",
    "Report, every nightly hour": "reports.tasks.hourly",
    "ÉTÉ en Straße": "ops.summer",
}


def rows(names: dict[str, str]) -> list[Row]:
    return [(i, name, task, True) for i, (name, task) in enumerate(names.items())]


def names(query: str, limit: int = 100) -> list[str]:
    return [brief.name for brief in Index.of(rows(NAMES)).search(query, limit).first]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("nightly report", ["Nightly report", "Nightly report, Europe", "Report, every nightly hour",
                     "Weekly nightly-report digest", "Clean up"], id="the name, then those that begin so, then the rest"),
        pytest.param("REPORT  nightly", ["Nightly report", "Nightly report, Europe", "Report, every nightly hour",
                     "Weekly nightly-report digest", "Clean up"], id="any order, any case, any spaces"),
        pytest.param("digest weekly", ["Weekly nightly-report digest"], id="words in another order"),
        pytest.param("reports.tasks.hourly", ["Report, every nightly hour"], id="the dotted task"),
        pytest.param("europe nightly reports.tasks", ["Nightly report, Europe"], id="words of the name and the task"),
        pytest.param("ops", ["Clean up", "ÉTÉ en Straße"], id="a part of the task"),
        pytest.param("été STRASSE", ["ÉTÉ en Straße"], id="casefold"),
        pytest.param(unicodedata.normalize("NFD", "été"), ["ÉTÉ en Straße"], id="é as two characters"),
        pytest.param("nightly nothing", [], id="every word must be there"),
        pytest.param("%", [], id="% isn't a wildcard"),
    ],
)  # fmt: skip
def test_best_matches_come_first(query: str, expected: list[str]) -> None:
    assert names(query) == expected


@pytest.mark.parametrize("query", ["", " ", "\u00a0"])
def test_a_blank_query_lists_all_by_name(query: str) -> None:
    found = Index.of(rows(NAMES)).search(query, 2)
    assert [brief.name for brief in found.first] == ["Clean up", "Nightly report"]
    assert found.total == len(NAMES)


def test_the_limit_cuts_the_list_but_not_the_count() -> None:
    found = Index.of(rows(NAMES)).search("report", 2)
    assert len(found.first) == 2
    assert found.total == 5


@given(st.lists(strategies.text, min_size=1, max_size=5), st.randoms())
def test_words_find_their_schedule_in_any_order(words: list[str], random: Any) -> None:
    name = " ".join(words)
    query = fold(name).split()
    random.shuffle(query)
    assert [brief.name for brief in Index.of([(7, name, "task", True)]).search(" ".join(query), 10).first] == [name]


@pytest.mark.parametrize(
    "spell", [str, str.upper, lambda name: f"  {name.replace(' ', '   ')}"], ids=["unchanged", "upper", "spaces"]
)
def test_each_of_ten_thousand_is_reachable_by_its_name(spell: Any) -> None:
    """This is the worst case: every name is a part of others, and the words occur everywhere."""
    many = rows({" ".join(f"job {number:x}"): f"tasks.job{number % 7}" for number in range(10_000)})
    index = Index.of(many)
    for pk, name, *_ in many[::97]:
        found = index.search(spell(name), 100)
        assert found.first[0].id == pk


@pytest.mark.parametrize("words", ["a " * 500_000, "task.a " * 100_000, " ".join(map(str, range(200_000)))])
def test_a_query_of_very_many_words_takes_little_time(words: str) -> None:
    """A message may have so many words. Searching for each would take minutes of CPU time, and block all answers."""
    index = Index.of(rows({f"a {number:x}": f"task.a{number % 500}" for number in range(10_000)}))
    began = time.process_time()
    index.search(words, 100)
    assert time.process_time() - began < 10


def rank(row: Row, query: str) -> int | None:
    """The rank that `Index.search` promises for one schedule, computed in the simplest way; None if it doesn't match."""
    name, task, whole = fold(row[1]), fold(row[2]), fold(query)
    words = whole.split()
    if not all(word in name or word in task for word in words):
        return None
    if not whole:
        return 0
    tests = (
        name == whole,
        name.startswith(whole),
        whole in name,
        all(word in name for word in words),
        whole in task,
        True,
    )
    return tests.index(True)


# Few different characters, so that matches are frequent. Some change when they are folded, separate words, or end lines.
texts = st.lists(
    st.sampled_from(["a", "b", "ab", "A", "É", "e\u0301", " ", "\n", ".", "\0", "\x01", "\U0010ffff"]), max_size=6
)
schedules = st.lists(st.tuples(texts.map("".join), texts.map("".join), st.booleans()), max_size=8)


@given(schedules, texts.map("".join), st.integers(1, 8))
def test_the_index_finds_the_same_schedules_as_a_simple_search(
    found: list[tuple[str, str, bool]], query: str, limit: int
) -> None:
    there = [(pk, *row) for pk, row in enumerate(found)]
    ranks = [(rank(row, query), row) for row in there]
    ranked = [(its_rank, fold(row[1]), row[0]) for its_rank, row in ranks if its_rank is not None]
    index = Index.of(there)
    matches = index.search(query, limit)
    assert [brief.id for brief in matches.first] == [pk for *_, pk in sorted(ranked)[:limit]]
    assert matches.total == len(ranked)
    assert index.search(query, limit) == matches, "the second answer comes from the cache"
    assert all((brief.id, brief.name, brief.task, brief.enabled) == there[brief.id] for brief in matches.first)


@given(schedules, texts.map("".join))
def test_a_typed_name_finds_the_same_schedule_as_a_simple_search(
    found: list[tuple[str, str, bool]], typed: str
) -> None:
    names = [name for name, *_ in found]
    same = [i for i, name in enumerate(names) if name == typed]
    folded = same or [i for i, name in enumerate(names) if fold(name) == fold(typed)]
    meant = folded or [i for i, name in enumerate(names) if fold(typed) in fold(name)]
    brief, matching = Index.of((pk, *row) for pk, row in enumerate(found)).named(typed)
    assert matching == len(meant)
    assert (None if brief is None else [brief.id]) == (meant if len(meant) == 1 else None)


def test_the_cache_of_answers_is_bounded() -> None:
    index = Index.of(rows(NAMES))
    for number in range(10 * REMEMBERED):
        index.search(f"nothing {number}", 10)
    assert len(index._answers) <= REMEMBERED


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
def test_a_typed_name_gives_one_schedule_or_the_number_of_matches(
    typed: str, expected: str | None, matching: int
) -> None:
    brief, found = Index.of(rows(NAMES)).named(typed)
    assert (brief.name if brief else None, found) == (expected, matching)


def test_an_exact_name_is_preferred_to_one_that_differs_by_case() -> None:
    both = Index.of([(1, "Sync", "t", True), (2, "sync", "t", True)])
    brief, matching = both.named("sync")
    assert brief is not None
    assert (brief.id, matching) == (2, 1)
    assert both.named("SYNC") == (None, 2)
