"""Finds schedules by what somebody types, best matches first.

A search reads every name in loops that run in C, and each task only once. That takes about 5 ms for 100,000 schedules;
SQL takes 70 ms on SQLite and more than 300 ms on PostgreSQL. An inverted index would be faster, but it would have to be
built again after each change, and that takes a hundred times as long as a search.

A position is the index of a schedule in each column of `Rows`.
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
INDEXES = 50  # how many indexes without hidden schedules are kept
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

    def __getitem__(self, position: int) -> Row:
        return self.ids[position], self.names[position], self.tasks[position], bool(self.enabled[position])

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
    # The positions of each task's schedules. Empty until somebody needs them.
    _by_task: dict[str, list[int]] = field(default_factory=dict)
    # The positions of the schedules that these globs match.
    _by_globs: dict[Globs, frozenset[int]] = field(default_factory=dict)
    _without: dict[tuple[Globs, ...], "Index"] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Index":
        """Makes an index from rows in any order. Names that are equal when folded keep the order of the rows."""
        folded: list[str] = []

        def folding() -> Iterator[Row]:
            # Folding takes long. `rows` may make pauses for other threads, so each name is folded when its row arrives.
            for row in rows:
                folded.append(fold(row[1]))
                yield row

        unsorted = Rows.of(folding())
        order = sorted(range(len(unsorted)), key=folded.__getitem__)
        tasks = {task: fold(task) for task in set(unsorted.tasks)}
        return cls(Rows.of(map(unsorted.__getitem__, order)), _side_by_side(map(folded.__getitem__, order)), tasks)

    def without(self, hidden: tuple[Globs, ...]) -> "Index":
        """The schedules that none of these globs match. People with the same hidden globs share one index."""
        if not hidden:
            return self
        if (known := self._without.get(hidden)) is not None:
            return known
        if len(self._without) >= INDEXES:
            self._without.clear()
        found = self._without[hidden] = self._excluding(frozenset[int]().union(*map(self._matched, hidden)))
        return found

    def _excluding(self, hidden: frozenset[int]) -> "Index":
        """The index without these positions. It reuses the order and the folded names: a new index takes ten times as long."""
        visible = [position for position in range(len(self.rows)) if position not in hidden]

        def kept(column: Sequence[T]) -> list[T]:
            return list(map(column.__getitem__, visible))

        rows = Rows(
            array("q", kept(self.rows.ids)),
            kept(self.rows.names),
            kept(self.rows.tasks),
            bytearray(kept(self.rows.enabled)),
        )
        return Index(rows, kept(self._names), {task: self._tasks[task] for task in set(rows.tasks)})

    def _matched(self, globs: Globs) -> frozenset[int]:
        """The positions of the schedules that the globs match."""
        if (known := self._by_globs.get(globs)) is not None:
            return known
        found = set[int]()
        for task in self._tasks if globs.tasks else ():
            if globs.match_task(task):
                found.update(self._of_task(task))
        for glob in map(fold, globs.schedules):
            fits = pattern(glob).fullmatch
            found.update(position for position in self._candidates(glob) if fits(self._names[position]))
        answer = self._by_globs[globs] = frozenset(found)
        return answer

    def _of_task(self, task: str) -> Sequence[int]:
        if not self._by_task:
            positions = dict[str, list[int]]()
            for position, one in enumerate(self.rows.tasks):
                positions.setdefault(one, []).append(position)
            self._by_task.update(positions)
        return self._by_task.get(task, ())

    def _candidates(self, glob: str) -> Iterable[int]:
        """The positions of the names that may match: they begin like the glob, and contain its longest text between
        wildcards.

        Both are quick to check. The second check is left out if there is a `[`: the text in brackets isn't part of the
        names.
        """
        begin, *others = WILD.split(glob)
        candidates: Sequence[int] = self._beginning(begin)
        longest = "" if "[" in glob else max(others, key=len, default="")
        return _containing(longest, self._names, candidates) if longest else candidates

    def search(self, query: str, limit: int) -> Matches:
        """Schedules whose name and task together contain every word of `query`, in any order.

        The order is: the exact name; names that begin with the query; names that contain it; names that contain all its words;
        tasks that contain the query; all others. Ties are sorted by name.
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
        # Long words are rare, so only few schedules are left to be searched for the other words. `set`: a message may repeat
        # a word 10,000 times.
        words = sorted(set(whole.split()), key=len, reverse=True)
        with_words = self._with_words(words)
        is_one_word = whole == words[0]
        with_query = with_words if is_one_word else self._with_words([whole], with_words)
        ranked = chain(  # each rank may contain schedules of the ranks before it
            self._beginning(whole),
            _containing(whole, self._names, with_query),
            () if is_one_word else self._named_with_words(words, with_words),  # for one word, this is the rank before
            with_query,
            with_words,
        )
        return Matches(first=tuple(map(self._brief, islice(_once(ranked), limit))), total=len(with_words))

    def named(self, typed: str) -> tuple[Brief | None, int]:
        """The only schedule that matches, or None; and how many match.

        The schedules with exactly this name match; if there are none, those whose name differs only as `fold` allows,
        such as in case; if there are none, those whose name contains it.
        """
        folded = fold(typed)
        same: Sequence[int] = range(bisect_left(self._names, folded), bisect_right(self._names, folded))
        exact = [position for position in same if self.rows.names[position] == typed]
        found = exact or same or list(_containing(folded, self._names, range(len(self.rows))))
        return (self._brief(found[0]) if len(found) == 1 else None), len(found)

    def _beginning(self, whole: str) -> range:
        """The positions of the names that begin with `whole`. As names are sorted, equal names come first."""

        def start(name: str) -> str:
            return name[: len(whole)]

        return range(bisect_left(self._names, whole, key=start), bisect_right(self._names, whole, key=start))

    def _with_words(self, words: Iterable[str], among: Sequence[int] | None = None) -> Sequence[int]:
        """The positions of the schedules whose name or task contains each word."""
        found = range(len(self.rows)) if among is None else among
        for word in words:
            if not found:
                break
            # Tasks are few, so each is searched once. Often none contains the word; then only names must be looked at.
            in_task = {task: word in folded for task, folded in self._tasks.items()}
            if all(in_task.values()):
                continue
            is_match: Iterable[bool] = map(contains, _items(self._names, found), repeat(word))
            if any(in_task.values()):
                is_match = map(or_, is_match, map(in_task.__getitem__, _items(self.rows.tasks, found)))
            found = list(compress(found, is_match))
        return found

    def _named_with_words(self, words: Sequence[str], found: Sequence[int]) -> Iterator[int]:
        """Those of the positions whose name alone contains every word. It is lazy, as few searches need it."""
        for word in words:
            found = list(_containing(word, self._names, found))
        yield from found

    def _brief(self, position: int) -> Brief:
        pk, name, task, enabled = self.rows[position]
        return Brief(id=ScheduleId(pk), name=name, task=task, enabled=enabled)


def _containing(word: str, texts: Sequence[str], positions: Sequence[int]) -> Iterator[int]:
    """Those of the positions whose text contains the word."""
    return compress(positions, map(contains, _items(texts, positions), repeat(word)))


def _items(column: Sequence[str], positions: Sequence[int]) -> Iterable[str]:
    """The column's items at these positions. The positions are unique and in order, so equal lengths mean the whole column."""
    return column if len(positions) == len(column) else map(column.__getitem__, positions)


def _side_by_side(texts: Iterable[str]) -> list[str]:
    """Copies of the texts, side by side in memory: searching them is three times as fast. No folded text has a newline."""
    listed = list(texts)
    return "\n".join(listed).split("\n") if listed else []


def _once(positions: Iterable[int]) -> Iterator[int]:
    seen: set[int] = set()
    for position in positions:
        if position not in seen:
            seen.add(position)
            yield position
