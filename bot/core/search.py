"""Finding schedules by what somebody types, best matches first.

A look reads every name and task once, in loops that run in C: about 5 ms for 100,000 schedules. An inverted index would
be faster still, but must be built again after each change, which takes a hundred times as long.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress, islice, repeat
from operator import contains

from bot.core.model import Brief, Matches, ScheduleId

Row = tuple[int, str, str, bool]  # id, name, task, enabled

# Between name and task in a line: in neither of them, and sorted before all that may be. So lines sort as their names do.
SEPARATOR = "\0"
REMEMBERED = 100  # answers kept: people begin with the same letters, and Slack asks again for what was typed before


def fold(text: str) -> str:
    """Without regard to case, to the number of spaces, and to how a character is composed (a Mac's é may be two)."""
    return " ".join(unicodedata.normalize("NFKC", text.replace(SEPARATOR, " ")).casefold().split())


@dataclass(frozen=True)
class Index:
    """All schedules, sorted by folded name. Columns, not an object for each: 100,000 take some 30 MB.

    Shared between threads: what is remembered may be worked out twice, but never wrongly.
    """

    rows: Sequence[Row] = ()
    _names: Sequence[str] = ()  # folded
    _lines: Sequence[str] = ()  # folded name, SEPARATOR, folded task
    _answers: dict[tuple[str, int], Matches] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Index":
        tasks: dict[str, tuple[str, str]] = {}  # a task of many schedules is kept once
        keyed = []
        for pk, name, task, enabled in rows:
            same_task, folded_task = tasks.setdefault(task, (task, fold(task)))
            folded = fold(name)
            keyed.append((folded, pk, f"{folded}{SEPARATOR}{folded_task}", (pk, name, same_task, enabled)))
        keyed.sort()
        rows = [row for *_, row in keyed]
        return cls(rows, _side_by_side(name for name, *_ in keyed), _side_by_side(line for _, _, line, _ in keyed))

    def search(self, query: str, limit: int) -> Matches:
        """Schedules whose name or dotted task holds every word of `query`, in any order.

        Best first: the very name, then names that begin so, that hold it, that hold its words; then tasks that hold it,
        then those that hold the words between name and task. Equally good ones are sorted by name.
        """
        whole = fold(query)
        if (known := self._answers.get((whole, limit))) is not None:
            return known
        if len(self._answers) >= REMEMBERED:
            self._answers.clear()
        answer = self._answers[whole, limit] = self._search(whole, limit)
        return answer

    def _search(self, whole: str, limit: int) -> Matches:
        if not whole:
            return Matches(first=tuple(map(self._brief, range(len(self.rows))[:limit])), total=len(self.rows))
        words = sorted(
            whole.split(), key=len, reverse=True
        )  # long words are rare; the others are looked for in what is left
        hits = _holding(words, self._lines)
        holds_it = hits if len(words) == 1 else _holding([whole], self._lines, hits)
        ranked = chain(  # each rank holds the ones before it again
            self._beginning(whole),
            _where(whole, self._names, holds_it),
            self._holding_by_name(words, hits),
            holds_it,
            hits,
        )
        return Matches(first=tuple(map(self._brief, islice(_once(ranked), limit))), total=len(hits))

    def named(self, typed: str) -> tuple[Brief | None, int]:
        """The schedule of that name (exact, else the only one whose name contains it, ignoring case), and how many matched."""
        folded = fold(typed)
        same: Sequence[int] = range(bisect_left(self._names, folded), bisect_right(self._names, folded))
        found = [i for i in same if self.rows[i][1] == typed] or same or _holding([folded], self._names)
        return (self._brief(found[0]) if len(found) == 1 else None), len(found)

    def _beginning(self, whole: str) -> range:
        """Names that are `whole`, then those that only begin so: sorted, they stand together."""

        def start(name: str) -> str:
            return name[: len(whole)]

        return range(bisect_left(self._names, whole, key=start), bisect_right(self._names, whole, key=start))

    def _holding_by_name(self, words: Sequence[str], hits: Sequence[int]) -> Iterator[int]:
        """Not before it is needed; of one word the rank before this one has them all."""
        if len(words) > 1:
            yield from _holding(words, self._names, hits)

    def _brief(self, i: int) -> Brief:
        pk, name, task, enabled = self.rows[i]
        return Brief(id=ScheduleId(pk), name=name, task=task, enabled=enabled)


def _holding(words: Iterable[str], texts: Sequence[str], among: Sequence[int] | None = None) -> Sequence[int]:
    """Places of the texts that hold every word."""
    places = range(len(texts)) if among is None else among
    for word in words:
        places = list(_where(word, texts, places))
    return places


def _where(word: str, texts: Sequence[str], places: Sequence[int]) -> Iterator[int]:
    looked_at = texts if len(places) == len(texts) else map(texts.__getitem__, places)
    return compress(places, map(contains, looked_at, repeat(word)))


def _side_by_side(texts: Iterable[str]) -> list[str]:
    """Copies that lie in memory in this order: looked through three times as fast. No folded text has a line's end."""
    listed = list(texts)
    return "\n".join(listed).split("\n") if listed else []


def _once(places: Iterable[int]) -> Iterator[int]:
    seen: set[int] = set()
    for i in places:
        if i not in seen:
            seen.add(i)
            yield i
