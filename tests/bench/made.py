"""Results that nobody measured."""

from bench.results import OURS, Results, Series
from bench.stats import Round


def a_round(value: float, rate: float = 0.0) -> Round:
    return Round(p50=value, p99=value * 3, worst=value * 5, count=100, per_second=rate)


def a_series(contestant: str = OURS, *values: float, load: str = "1 client", rate: float = 0.0) -> Series:
    rounds = tuple(a_round(value, rate) for value in values or (1.0, 1.0, 1.0))
    return Series(experiment="command", what="open", load=load, contestant=contestant, rounds=rounds)


def results(*series: Series) -> Results:
    return Results(setup="embedded", mode="full", taken_at="2026-01-01", machine={"commit": "abc"}, series=series)
