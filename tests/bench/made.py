"""Invented results and figures for tests."""

from dataclasses import replace
from typing import Any

from bench.figures import Figure
from bench.results import OURS, Results, Series
from bench.stats import Round, Spread


def a_round(value: float, rate: float = 0.0) -> Round:
    return Round(p50=value, p99=value * 3, worst=value * 5, count=100, per_second=rate)


def a_series(contestant: str = OURS, *values: float, load: str = "1 client", rate: float = 0.0) -> Series:
    rounds = tuple(a_round(value, rate) for value in values or (1.0, 1.0, 1.0))
    return Series(experiment="command", what="open", load=load, contestant=contestant, rounds=rounds)


def results(*series: Series) -> Results:
    return Results(setup="embedded", mode="full", taken_at="2026-01-01", machine={"commit": "abc"}, series=series)


def a_figure(ours: float = 2.0, theirs: float | None = None, **changes: Any) -> Figure:
    """A figure in ms whose goal is at most 1.5 × the floor's time `theirs` or, without `theirs`, at most 1.5 ms."""
    ratio = ours if theirs is None else ours / theirs
    figure = Figure(
        title="form",
        load="1 client",
        stat="p50",
        setup="embedded",
        ours=ours,
        unit="ms",
        value=Spread(median=ratio, low=ratio, high=ratio),
        limit=1.5,
        other="" if theirs is None else "floor",
        theirs=theirs,
        noise=1.2,
    )
    return replace(figure, **changes)
