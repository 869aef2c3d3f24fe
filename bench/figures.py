"""The figures of goals, and the file in the repository that keeps them, one per line."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.results import OURS
from bench.stats import Spread

STATS = {"p50": "p50", "p99": "p99", "per_second": "rate", "worst": "slowest"}
FILE = Path(__file__).parent / "figures.tsv"
COLUMNS = (
    *("figure", "load", "stat", "compared with", "set-up"),
    *("goal", "ours", "unit", "theirs", "ratio", "low", "high", "noise"),
)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of one set-up: the median of its rounds. `theirs` and `other` are empty for a figure that stands alone."""

    title: str
    load: str
    stat: str
    setup: str
    ours: float
    unit: str
    value: Spread  # the value that is compared with the limit: the ratio, or our own figure if it stands alone
    limit: float | None = None  # None: the figure is only shown
    at_least: bool = False
    other: str = ""
    theirs: float | None = None
    noise: float = 1.0  # the factor by which two equal programs may differ in the same run

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """The figure's identity, which is the same in every run and doesn't depend on the limit."""
        return (self.title, self.load, self.stat, self.other, self.setup)

    @property
    def goal(self) -> str:
        return "" if self.limit is None else f"{'at least' if self.at_least else 'at most'} {self.limit:g}"

    @property
    def words(self) -> str:
        """The goal in words, with the figure that it is relative to."""
        return f"{self.goal} × {self.other}" if self.other else f"{self.goal} {self.unit}" if self.goal else ""

    @property
    def label(self) -> str:
        what = ", ".join(filter(None, (self.title.replace("`", ""), self.load)))
        return f"{what}, {STATS[self.stat]}: {self.words}"

    @property
    def met(self) -> bool:
        if self.limit is None:
            return True
        return self.value.median >= self.limit if self.at_least else self.value.median <= self.limit

    @property
    def compared(self) -> float:
        """The number that shows a change between two runs.

        A slower machine slows floors and peers as well, so the ratio to them counts. The ratio to runtask itself doesn't:
        it stays the same if both of its sides become slower.
        """
        return self.value.median if self.other and not self.is_against_itself else self.ours

    @property
    def is_against_itself(self) -> bool:
        return self.other.partition(",")[0] == OURS

    def used(self, value: float) -> float:
        """The share of the limit that `value` takes. Above 1, the goal is missed."""
        part, whole = (self.limit or 0.0, value) if self.at_least else (value, self.limit or 0.0)
        if not whole:
            return math.inf if part else 0.0
        return part / whole

    def line(self) -> str:
        ratio = _cell(self.value.median) if self.other else ""
        cells = (
            *(self.title, self.load, self.stat, self.other, self.setup, self.goal),
            *(_cell(self.ours), self.unit, _cell(self.theirs), ratio, _cell(self.value.low), _cell(self.value.high)),
            _cell(self.noise),
        )
        return "\t".join(cells)

    @classmethod
    def of_line(cls, line: str) -> Self:
        """The figure in a line. Raises ValueError for a line that `line` didn't write."""
        title, load, stat, other, setup, goal, ours, unit, theirs, ratio, low, high, noise = line.split("\t")
        bound, _, limit = goal.rpartition(" ")
        return cls(
            title=title,
            load=load,
            stat=stat,
            setup=setup,
            ours=float(ours),
            unit=unit,
            value=Spread(median=float(ratio or ours), low=float(low), high=float(high)),
            limit=float(limit) if limit else None,
            at_least=bound == "at least",
            other=other,
            theirs=float(theirs) if theirs else None,
            noise=float(noise),
        )


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


@dataclass(frozen=True)
class Kept:
    """Figures of some set-ups. For each set-up, `taken` says when and on which machine they were measured."""

    taken: dict[str, str] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()

    def of(self, setup: str) -> list[Figure]:
        return [one for one in self.figures if one.setup == setup]

    def replaced_by(self, new: "Kept") -> "Kept":
        """These figures, in which the new ones replace all figures of the same set-ups."""
        others = tuple(one for one in self.figures if one.setup not in new.taken)
        return Kept({**self.taken, **new.taken}, (*others, *new.figures))

    def dump(self) -> str:
        """The text of the file. Its lines are sorted, so that two versions can be compared line by line."""
        notes = (f"# {setup}\t{words}" for setup, words in sorted(self.taken.items()))
        return "\n".join([*notes, "\t".join(COLUMNS), *sorted(one.line() for one in self.figures)]) + "\n"

    @classmethod
    def load(cls, lines: Iterable[str]) -> "Kept":
        """The figures in a file's lines. Raises ValueError for lines that `dump` didn't write."""
        taken, found = dict[str, str](), list[Figure]()
        for line in lines:
            if line.startswith("# "):
                setup, _, taken[setup] = line[2:].partition("\t")
            elif line != "\t".join(COLUMNS):
                found.append(Figure.of_line(line))
        return cls(taken, tuple(found))


def kept() -> Kept:
    """The figures that the repository keeps."""
    return Kept.load(FILE.read_text().splitlines()) if FILE.exists() else Kept()
