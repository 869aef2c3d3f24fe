"""Draws figures as SVG, with matplotlib. The same figures give the same file."""

import io
from collections.abc import Callable, Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import LogLocator, NullFormatter

from bench.figures import Figure, Kept
from bench.report import number
from bench.results import OURS
from bench.setups import SETUPS

mpl.rcParams |= {
    "svg.fonttype": "none",
    "svg.hashsalt": "runtask",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
INK, GOOD, BAD = "#1f4e79", "#2e7d32", "#c62828"
COLOURS = (INK, "#bf8f00", "#6a4c93", "#9e9e9e", "#00838f", "#8d6e63")
NOTICED, GIVES_UP = 100, 3000  # milliseconds after which people notice a wait, and after which Slack gives up


# The rows of `waits`: title, load, stat.
WAITS = {
    "/runtask → the form opens": ("/runtask → form, Socket Mode", "1 client", "p50"),
    "the same, 64 people at once": ("/runtask → form, Socket Mode", "64 clients", "p50"),
    "select a schedule → its arguments": ("selection → form updated, Socket Mode", "1 client", "p50"),
    "type → the menu changes (p99)": ("typeahead, any query", "100,000 schedules", "p99"),
    "Run → the form closes": ("Run → form closed, Socket Mode", "1 client", "p50"),
    # Ends with a blank, because keys must differ.
    "the same, 64 people at once ": ("Run → form closed, Socket Mode", "64 clients", "p50"),
    "the task has ended → message": ("result visible → final posted", "", "p50"),
}
CROWD = ("/runtask → form, Socket Mode", "Run → form closed, Socket Mode")


def of_page(kept: Kept) -> dict[str, str]:
    """The plots of the page, by name."""
    setups = [name for name in SETUPS if name in kept.taken and not SETUPS[name].is_big]
    crowd = "redis" if "redis" in setups else setups[0]
    return {"waits": waits(kept, setups), "people": by_load(kept.of(crowd), CROWD)}


def waits(kept: Kept, setups: Sequence[str]) -> str:
    """A dot for each wait and set-up, and a bar for its goal."""
    known = {(one.title, one.load, one.stat, one.setup): one for one in reversed(kept.figures)}
    rows = {words: key for words, key in WAITS.items() if any((*key, setup) in known for setup in setups)}
    drawing = Drawing(figsize=(8, 0.9 + 0.45 * len(rows)))
    axes = drawing.subplots()
    for colour, (at, setup) in zip(COLOURS, enumerate(setups), strict=False):
        offset = (at - (len(setups) - 1) / 2) * 0.22
        found = {row + offset: known[*key, setup] for row, key in enumerate(rows.values()) if (*key, setup) in known}
        limits = [(_limit(one, one.limit), row) for row, one in found.items() if one.limit is not None]
        axes.plot([limit for limit, _ in limits], [row for _, row in limits], "|", color=colour, ms=9, mew=2)
        axes.plot([one.ours for one in found.values()], list(found), "o", color=colour, label=SETUPS[setup].title)
    for moment, words in ((NOTICED, "people notice a delay"), (GIVES_UP, "Slack gives up")):
        axes.axvline(moment, color="black", linewidth=0.8, linestyle=":")
        axes.text(moment, -0.6, words, ha="center", va="bottom", fontsize=8)
    _log(axes.xaxis, axes.set_xscale)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("milliseconds; dot: median; bar of the same colour: its goal, if it has one")
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=len(setups))
    return _svg(drawing)


def _limit(one: Figure, limit: float) -> float:
    """The limit in the unit of the figure itself."""
    if one.theirs is None:
        return limit
    return one.theirs / limit if one.at_least else one.theirs * limit


def by_load(figures: Sequence[Figure], titles: Sequence[str]) -> str:
    """A panel for each title. It shows the medians of all contestants by load. The area up to p99 is shaded."""
    rows = (len(titles) + 1) // 2
    drawing = Drawing(figsize=(8, 3 * rows), layout="constrained")
    panels = drawing.subplots(rows, 2, squeeze=False).flatten()
    for axes, title in zip(panels, titles, strict=False):
        _panel(axes, [one for one in figures if one.title == title])
        axes.set_title(title.replace("`", ""), loc="left", fontsize=9)
    drawing.suptitle(SETUPS[figures[0].setup].title)
    for axes in panels[len(titles) :]:
        axes.remove()
    return _svg(drawing)


def _panel(axes: Axes, figures: Sequence[Figure]) -> None:
    loads = list(dict.fromkeys(one.load for one in figures))
    values: dict[str, dict[tuple[str, str], float]] = {OURS: {}}
    for one in figures:
        values[OURS][one.load, one.stat] = one.ours
        if one.theirs is not None:
            values.setdefault(one.other, {})[one.load, one.stat] = one.theirs
    for colour, (name, by) in zip(COLOURS, values.items(), strict=False):
        middle = next(stat for stat in ("p50", "per_second", "p99", "worst") if stat in {stat for _, stat in by})
        at = [place for place, load in enumerate(loads) if (load, middle) in by]
        medians = [by[loads[place], middle] for place in at]
        axes.plot(at, medians, "o-", color=colour, label=name, markersize=4)
        tails = [by.get((loads[place], "p99"), median) for place, median in zip(at, medians, strict=True)]
        if middle == "p50":
            axes.fill_between(at, medians, tails, color=colour, alpha=0.2, linewidth=0)
    axes.set_xticks(range(len(loads)), loads, fontsize=7)
    axes.set_ylabel(figures[0].unit)
    _log(axes.yaxis, axes.set_yscale)
    axes.legend(frameon=False, fontsize=8)


def goals(figures: Sequence[Figure]) -> str:
    """The share of the limit that each ratio takes, with the range of its rounds."""
    ratios = [one for one in figures if one.theirs is not None and one.limit is not None]
    drawing = Drawing(figsize=(8, 0.5 + 0.19 * len(ratios)))
    axes = drawing.subplots()
    for row, one in enumerate(ratios):
        low, middle, high = (one.used(value) for value in (one.value.low, one.value.median, one.value.high))
        colour = GOOD if one.met else BAD
        axes.plot([low, high], [row, row], color=colour, linewidth=2, alpha=0.4)
        axes.plot(middle, row, "o", color=colour, markersize=4)
    axes.axvline(1, color="black", linewidth=0.8)
    _log(axes.xaxis, axes.set_xscale)
    axes.set_yticks(range(len(ratios)), [one.label for one in ratios], fontsize=7)
    axes.set_ylim(len(ratios) - 0.5, -0.5)
    axes.set_xlabel("share of the limit (below 1, the goal is met); bars: lowest to highest round")
    return _svg(drawing)


def _log(axis: Axis, set_scale: Callable[[str], None]) -> None:
    if axis.get_data_interval()[0] > 0:
        set_scale("log")
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(lambda value, _: number(value))


def _svg(drawing: Drawing) -> str:
    text = io.StringIO()
    drawing.savefig(text, format="svg", bbox_inches="tight", metadata={"Date": None})
    return text.getvalue()
