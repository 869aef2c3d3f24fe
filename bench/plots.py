"""Results -> SVG, with matplotlib; the same results give the same file."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.goals import AGAIN, Judged
from bench.report import STATS, label, number
from bench.results import OURS, Results, Series

mpl.rcParams |= {
    "svg.fonttype": "none",
    "svg.hashsalt": "runtask",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
INK, GOOD, BAD = "#1f4e79", "#2e7d32", "#c62828"
OTHERS = ("#9e9e9e", "#bf8f00", "#6a4c93", "#00838f", "#8d6e63", "#78909c")


def svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    return text.getvalue()


def goals(judged: Sequence[Judged]) -> str:
    """How far each ratio is from its limit: left of the line is better, whichever way the goal is put."""
    ratios = [one for one in judged if one.theirs is not None]
    figure = Figure(figsize=(8, 0.5 + 0.19 * len(ratios)))
    axes = figure.subplots()
    for row, one in enumerate(ratios):
        use = [_use(one, value) for value in (one.value.low, one.value.median, one.value.high)]
        colour = GOOD if one.met else BAD
        axes.plot([use[0], use[2]], [row, row], color=colour, linewidth=2, alpha=0.4)
        axes.plot(use[1], row, "o", color=colour, markersize=4)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.set_yticks(range(len(ratios)), [label(one) for one in ratios], fontsize=7)
    axes.set_ylim(len(ratios) - 0.5, -0.5)
    axes.set_xlabel("share of the limit that is used up (1 = the goal); bars: lowest to highest of the rounds")
    return svg(figure)


def _use(one: Judged, value: float) -> float:
    limit = one.goal.limit
    return limit / value if one.goal.at_least and value else value / limit


def by_load(results: Results, experiment: str, what: str, *, title: str, stat: str) -> str:
    """A line for each contestant: `stat` with the range of its rounds; beside p50 also p99, as a dash above."""
    series = [one for one in results.series if (one.experiment, one.what) == (experiment, what)]
    names = [name for name in dict.fromkeys(one.contestant for one in series) if not name.startswith(AGAIN)]
    loads = list(dict.fromkeys(one.load for one in series))
    figure = Figure(figsize=(7, 3.2))
    axes = figure.subplots()
    for at, name in enumerate(sorted(names, key=lambda name: not name.startswith(OURS))):
        of_one = [one for one in series if one.contestant == name]
        _line(axes, of_one, loads, stat, INK if name == OURS else OTHERS[at % len(OTHERS)])
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.set_xticks(range(len(loads)), loads)
    axes.set_ylabel(f"{series[0].unit if stat == 'p50' else 'a second'} (log)")
    axes.set_xlabel(f"dot: {STATS[stat]}, bar: lowest to highest round" + (", dash: p99" if stat == "p50" else ""))
    axes.set_title(title, loc="left")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return svg(figure)


def _line(axes: Axes, series: Sequence[Series], loads: Sequence[str], stat: str, colour: str) -> None:
    places = [loads.index(one.load) for one in series]
    medians = [one.of(stat) for one in series]
    axes.plot(places, [one.median for one in medians], "o-", color=colour, label=series[0].contestant, markersize=4)
    axes.vlines(
        places, [one.low for one in medians], [one.high for one in medians], color=colour, alpha=0.4, linewidth=3
    )
    if stat == "p50":
        axes.plot(places, [one.of("p99").median for one in series], "_", color=colour, markersize=10)


def over_time(samples: Sequence[dict[str, float]], lines: dict[str, str], *, title: str, unit: str) -> str:
    """`samples`: one for each look, with its second `at`; `lines`: from their keys to words."""
    figure = Figure(figsize=(7, 2.6))
    axes = figure.subplots()
    for colour, (key, words) in zip((INK, *OTHERS), lines.items(), strict=False):
        axes.plot([one["at"] for one in samples], [one[key] for one in samples], color=colour, label=words)
    axes.set_xlabel("seconds")
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    axes.set_title(title, loc="left")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return svg(figure)
