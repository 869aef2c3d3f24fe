"""Finds schedules by what somebody types, best matches first.

A search reads every name and every task once, in loops that run in C. That takes about 5 ms for 100,000 schedules; SQL takes
70 ms on SQLite and more than 300 ms on PostgreSQL. An inverted index would be faster, but building it again after each change
would take a hundred times as long.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress, islice, repeat
from operator import contains, or_
from typing import TypeVar

from bot.core.globs import Globs, pattern
from bot.core.model import Brief, Matches, ScheduleId
from bot.core.text import fold

T = TypeVar("T")
Row = tuple[int, str, str, bool]  # id, name, task, enabled

WILD = re.compile(r"[*?\[]")
INDEXES = 50  # indexes that are kept, each without some hidden schedules
REMEMBERED = 100  # answers that are kept: people begin with the same letters, and Slack repeats queries


@dataclass(frozen=True)
class Rows:
    """Rows as columns, which need a third of the memory that one object per row needs. Each task's name is kept only once."""

    ids: Sequence[int] = ()
    names: Sequence[str] = ()
    tasks: Sequence[str] = ()
    enabled: Sequence[int] = b""

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Rows":
        same: dict[str, str] = {}
        ids, names, tasks, enabled = array("q"), list[str](), list[str](), bytearray()
        for pk, name, task, is_enabled in rows:
            ids.append(pk)
            names.append(name)
            tasks.append(same.setdefault(task, task))
            enabled.append(is_enabled)
        return cls(ids, names, tasks, enabled)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> Row:
        return self.ids[i], self.names[i], self.tasks[i], bool(self.enabled[i])

    def __iter__(self) -> Iterator[Row]:
        return zip(self.ids, self.names, self.tasks, map(bool, self.enabled), strict=True)


@dataclass(frozen=True)
class Index:
    """All schedules, sorted by folded name. 100,000 schedules need about 20 MB. Threads may share an index."""

    rows: Rows = field(default_factory=Rows)
    _names: Sequence[str] = ()  # folded
    _tasks: dict[str, str] = field(default_factory=dict)  # the folded name of each task
    # No lock: two threads may compute the same answer.
    _answers: dict[tuple[str, int], Matches] = field(default_factory=dict)
    # Places of each task's schedules, filled when they are needed.
    _by_task: dict[str, list[int]] = field(default_factory=dict)
    # Places of the schedules that each of the globs matches.
    _places: dict[Globs, frozenset[int]] = field(default_factory=dict)
    _without: dict[tuple[Globs, ...], "Index"] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Index":
        """Makes an index from rows in any order. Names that are equal when folded keep the order of the rows."""
        folded: list[str] = []

        def folding() -> Iterator[Row]:
            for row in rows:
                folded.append(fold(row[1]))
                yield row

        unsorted = Rows.of(folding())
        order = sorted(range(len(unsorted)), key=folded.__getitem__)
        tasks = {task: fold(task) for task in set(unsorted.tasks)}
        return cls(Rows.of(map(unsorted.__getitem__, order)), _side_by_side(map(folded.__getitem__, order)), tasks)

    def without(self, hidden: tuple[Globs, ...]) -> "Index":
        """The schedules that none of these globs match. People from whom the same globs hide schedules share such an index."""
        if not hidden:
            return self
        if (known := self._without.get(hidden)) is not None:
            return known
        if len(self._without) >= INDEXES:
            self._without.clear()
        found = self._without[hidden] = self._left(frozenset[int]().union(*map(self._matched, hidden)))
        return found

    def _left(self, out: frozenset[int]) -> "Index":
        """The index without these places. It stays sorted and shares texts, so that it takes a tenth of a new index's time."""
        left = [at for at in range(len(self.rows)) if at not in out]

        def those(column: Sequence[T]) -> list[T]:
            return list(map(column.__getitem__, left))

        rows = Rows(
            array("q", those(self.rows.ids)),
            those(self.rows.names),
            those(self.rows.tasks),
            bytearray(those(self.rows.enabled)),
        )
        return Index(rows, those(self._names), {task: self._tasks[task] for task in set(rows.tasks)})

    def _matched(self, globs: Globs) -> frozenset[int]:
        if (known := self._places.get(globs)) is not None:
            return known
        found = set[int]()
        for task in self._tasks if globs.tasks else ():
            if globs.match_task(task):
                found.update(self._of_task(task))
        for glob in map(fold, globs.schedules):
            fits = pattern(glob).fullmatch
            found.update(at for at in self._near(glob) if fits(self._names[at]))
        answer = self._places[globs] = frozenset(found)
        return answer

    def _of_task(self, task: str) -> Sequence[int]:
        if not self._by_task:
            places = dict[str, list[int]]()
            for at, one in enumerate(self.rows.tasks):
                places.setdefault(one, []).append(at)
            self._by_task.update(places)
        return self._by_task.get(task, ())

    def _near(self, glob: str) -> Iterable[int]:
        """Places of the names that may match: they begin like the glob and contain its longest word, which is quick to check."""
        begin, *others = WILD.split(glob)
        near: Sequence[int] = self._beginning(begin)
        word = "" if "[" in glob else max(others, key=len, default="")
        return _where(word, self._names, near) if word else near

    def search(self, query: str, limit: int) -> Matches:
        """Schedules whose name and task together contain every word of `query`, in any order.

        The order is: the exact name; names that begin with the query; names that contain it; names that contain all its words;
        tasks that contain it; and last, schedules with some words in the name and others in the task. Ties are sorted by name.
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
        # Long words are rare, so the other words are then looked for in few places. `set`: a message may repeat a word 10,000
        # times.
        words = sorted(set(whole.split()), key=len, reverse=True)
        hits = self._holding(words)
        is_word = whole == words[0]
        holds_it = hits if is_word else self._holding([whole], hits)
        ranked = chain(  # each rank contains the ones before it
            self._beginning(whole),
            _where(whole, self._names, holds_it),
            () if is_word else self._holding_by_name(words, hits),  # for a word, the rank before contains all of these
            holds_it,
            hits,
        )
        return Matches(first=tuple(map(self._brief, islice(_once(ranked), limit))), total=len(hits))

    def named(self, typed: str) -> tuple[Brief | None, int]:
        """The schedule with exactly that name, or the only one whose name contains it, ignoring case; and how many match."""
        folded = fold(typed)
        same: Sequence[int] = range(bisect_left(self._names, folded), bisect_right(self._names, folded))
        exact = [i for i in same if self.rows.names[i] == typed]
        found = exact or same or list(_where(folded, self._names, range(len(self.rows))))
        return (self._brief(found[0]) if len(found) == 1 else None), len(found)

    def _beginning(self, whole: str) -> range:
        """Places of the names that begin with `whole`. Names are sorted, so these are neighbours, and equal names come first."""

        def start(name: str) -> str:
            return name[: len(whole)]

        return range(bisect_left(self._names, whole, key=start), bisect_right(self._names, whole, key=start))

    def _holding(self, words: Iterable[str], among: Sequence[int] | None = None) -> Sequence[int]:
        """Places of the schedules whose name or task contains each word."""
        places = range(len(self.rows)) if among is None else among
        for word in words:
            if not places:
                break
            by_task = {task: word in folded for task, folded in self._tasks.items()}
            if not all(by_task.values()):
                holds: Iterable[bool] = map(contains, _those(self._names, places), repeat(word))
                if any(by_task.values()):
                    holds = map(or_, holds, map(by_task.__getitem__, _those(self.rows.tasks, places)))
                places = list(compress(places, holds))
        return places

    def _holding_by_name(self, words: Sequence[str], hits: Sequence[int]) -> Iterator[int]:
        """Places of the schedules whose name alone contains every word. It is lazy, as few searches need it."""
        for word in words:
            hits = list(_where(word, self._names, hits))
        yield from hits

    def _brief(self, i: int) -> Brief:
        pk, name, task, enabled = self.rows[i]
        return Brief(id=ScheduleId(pk), name=name, task=task, enabled=enabled)


def _where(word: str, texts: Sequence[str], places: Sequence[int]) -> Iterator[int]:
    """Places of the texts that contain the word."""
    return compress(places, map(contains, _those(texts, places), repeat(word)))


def _those(column: Sequence[str], places: Sequence[int]) -> Iterable[str]:
    return column if len(places) == len(column) else map(column.__getitem__, places)


def _side_by_side(texts: Iterable[str]) -> list[str]:
    """Copies of the texts, side by side in memory: searching them is three times as fast. No folded text has a newline."""
    listed = list(texts)
    return "\n".join(listed).split("\n") if listed else []


def _once(places: Iterable[int]) -> Iterator[int]:
    seen: set[int] = set()
    for i in places:
        if i not in seen:
            seen.add(i)
            yield i
