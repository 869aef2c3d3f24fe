"""Finds known secrets in texts: the short ones all at once, however alike they begin, and each long one by itself."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from bot.core.scrub import Span, apart
from bot.core.written import SHORTEST, forms

LONG = 1000  # characters; comparing longer texts at each place takes too long, and there can't be many of them


@dataclass(frozen=True)
class _Alike:
    """Spellings of secrets that have the same first SHORTEST characters."""

    spellings: list[str] = field(repr=False)  # in order, to be searched by bisection
    # For each spelling, the spellings that it begins with, from the shortest to itself.
    beginnings: list[tuple[str, ...]] = field(repr=False)
    longest: int

    @classmethod
    def of(cls, spellings: list[str]) -> Self:
        spellings = sorted(spellings)
        return cls(spellings, list(_beginnings(spellings)), max(map(len, spellings)))

    def length(self, text: str, at: int) -> int:
        """The length of the longest spelling that begins at `at`. 0: none does.

        If one does, the last spelling in order up to the text there begins with it.
        """
        place = bisect_right(self.spellings, text[at : at + self.longest])
        shorter = self.beginnings[place - 1] if place else ()
        matching = bisect_left(shorter, True, key=lambda one: not text.startswith(one, at))  # noqa: FBT003
        return len(shorter[matching - 1]) if matching else 0


@dataclass(frozen=True)
class Known:
    """The spellings of known secrets."""

    _alike: Mapping[str, _Alike] = field(default_factory=dict, repr=False)  # by their first SHORTEST characters
    _long: Collection[str] = field(default=(), repr=False)

    @classmethod
    def of(cls, secrets: Iterable[str]) -> Self:
        spellings = {form for one in secrets for form in forms(one)}
        long = {one for one in spellings if len(one) > LONG}
        alike: dict[str, list[str]] = {}
        for spelling in spellings - long:
            alike.setdefault(spelling[:SHORTEST], []).append(spelling)
        return cls({beginning: _Alike.of(group) for beginning, group in alike.items()}, long)

    def spans(self, text: str) -> list[Span]:
        """The spans of known secrets, in order and without overlaps."""
        return apart([*self._short_ones(text), *self._long_ones(text)])

    def _short_ones(self, text: str) -> Iterator[Span]:
        if not self._alike:
            return
        at, end = 0, len(text) - SHORTEST
        while at <= end:
            alike = self._alike.get(text[at : at + SHORTEST])
            length = alike.length(text, at) if alike else 0
            if length:
                yield at, at + length
            at += length or 1

    def _long_ones(self, text: str) -> Iterator[Span]:
        for one in self._long:
            end = 0
            while (at := text.find(one, end)) >= 0:
                end = at + len(one)
                yield at, end


def _beginnings(spellings: Iterable[str]) -> Iterator[tuple[str, ...]]:
    found = list[str]()
    for one in spellings:
        while found and not one.startswith(found[-1]):
            found.pop()
        found.append(one)
        yield tuple(found)
