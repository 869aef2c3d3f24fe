"""Makes rounds from latencies, and medians with their range and ratios from rounds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Round:
    """One contestant's turn. Times are in the unit of its series. `per_second` counts finished operations."""

    p50: float
    p99: float
    worst: float
    count: int
    per_second: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median of some rounds, with the lowest and the highest round."""

    median: float
    low: float
    high: float


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of `values` don't exceed. Raises ValueError if there are no values."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def of_turn(values: Sequence[float], seconds: float = 0.0) -> Round:
    """The round of a turn that took `seconds`. `values`: the time of each operation. Raises ValueError if there is none."""
    return Round(
        p50=percentile(values, 50),
        p99=percentile(values, 99),
        worst=max(values),
        count=len(values),
        per_second=len(values) / seconds if seconds else 0.0,
    )


def spread(values: Sequence[float]) -> Spread:
    return Spread(median=median(values), low=min(values), high=max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The ratios within each round. A disturbance of the machine affects both sides of a round.

    Raises ValueError unless both have the same rounds.
    """
    if len(ours) != len(theirs):
        raise ValueError("rounds differ")
    return spread([a / b if b else math.inf for a, b in zip(ours, theirs, strict=True)])
