"""The text of docs/performance.md: `text/page.md`, whose `{{…}}` are replaced by the kept figures.

`{{title | load | stat}}` becomes the range of this figure over all set-ups. `{{missed TITLE}}` becomes a summary of the figures
whose titles begin with TITLE and which miss their goal. `{{not explained}}` names missed goals that the text doesn't mention.
The other names are in PARTS.
"""

import re
from collections.abc import Callable
from pathlib import Path

from bench.cases.replicas import COUNTS, KINDS, processes_in_words
from bench.figures import Figure, Kept
from bench.report import markdown, number
from bench.setups import ROOT, SETUPS

TEXT = Path(__file__).parent / "text" / "page.md"
PAGE = ROOT / "docs" / "performance.md"
BLANK = re.compile(r"\{\{(.+?)\}\}")
MISSED = "missed "
# The rows of the table `in short`: the figure's title, what it is compared with, load, stat.
ROWS = (
    ("/runtask → form, Socket Mode", "open", "1 client", "p50"),
    ("/runtask → ack, Socket Mode", "open", "1 client", "p50"),
    ("/runtask → ack, Socket Mode, against Bolt's default", "default", "1 client", "p50"),
    ("selection → form updated, Socket Mode", "update", "1 client", "p50"),
    ("typeahead, any query", "", "100,000 schedules", "p99"),
    ("Run → on the broker", "by hand", "1 client", "p50"),
    ("Run → answered", "by hand", "1 client", "p50"),
    ("Run → form closed, HTTP", "beat's admin action", "1 client", "p50"),
    ("64 people press Run at once, the slowest", "", "64 clients", "worst"),
    ("result visible → final posted", "", "", "p50"),
    ("messages delivered", "bare loop", "Slack takes 50 ms", "per_second"),
    ("a deliverer, idle", "", "0 open", "p50"),
    ("memory", "libraries", "runtask slack", "p50"),
    ("`runtask slack` ready", "imports + connect", "", "p50"),
)
NOT_MEASURED = "(not measured)"


def text(kept: Kept) -> str:
    return filled(TEXT.read_text(), kept)


def filled(template: str, kept: Kept) -> str:
    explained = tuple(name.removeprefix(MISSED) for name in BLANK.findall(template) if name.startswith(MISSED))

    def answer(blank: re.Match[str]) -> str:
        name = blank[1]
        if name in PARTS:
            return PARTS[name](kept)
        if name.startswith(MISSED):
            return _missed(name.removeprefix(MISSED), kept)
        return _not_explained(explained, kept) if name == "not explained" else _range(name, kept)

    return re.sub(r"\n{3,}", "\n\n", BLANK.sub(answer, template))


def _range(name: str, kept: Kept) -> str:
    """The range from the lowest to the highest median of all set-ups. `name` is `title | load | stat`."""
    key = [part.strip() for part in name.split("|")]
    found = [one for one in kept.figures if [one.title, one.load, one.stat] == key]
    if not found:
        return NOT_MEASURED
    values = [one.ours for one in found]
    ends = dict.fromkeys([_rounded(min(values)), _rounded(max(values))])  # only one if both look the same
    unit = found[0].unit
    return " to ".join(ends) + (f" {unit}" if unit in {"ms", "s", "MB"} else "")


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _missed(title: str, kept: Kept) -> str:
    asked = [one for one in kept.figures if one.title.startswith(title) and one.limit is not None]
    missed = [one for one in asked if not one.met]
    if not missed:
        return "met"
    worst = max(missed, key=lambda one: one.used(one.value.median))
    figure = f"{number(worst.value.median)} × `{worst.other}`" if worst.other else f"{number(worst.ours)} {worst.unit}"
    return f"{len(missed)} of {len(asked)} figures, at worst {figure} instead of {worst.limit:g}"


def _not_explained(explained: tuple[str, ...], kept: Kept) -> str:
    titles = dict.fromkeys(one.title for one in kept.figures if not one.met and not one.title.startswith(explained))
    return f"Missed, and not explained yet: {', '.join(titles)}." if titles else ""


def _in_short(kept: Kept) -> str:
    """The table with a column for each set-up that has figures with goals. A row that none of them has measured is left out."""
    setups = [name for name in SETUPS if any(one.limit is not None for one in kept.of(name))]
    known = [{one.key[:-1]: one for one in kept.of(name)} for name in setups]
    rows = []
    for title, other, load, stat in ROWS:
        key = (title, load, stat, other)
        found = [by[key] for by in known if key in by]
        if found:
            cells = [_cell(by[key]) if key in by else "" for by in known]
            what = ", ".join(filter(None, (title, load, "p99" if stat == "p99" else "")))
            goal = found[0].words.replace(other, f"`{other}`") if other else found[0].words
            rows.append((what, goal, *cells))
    asked = ([one for one in kept.of(name) if one.limit is not None] for name in setups)
    within = (f"{sum(one.met for one in figures)} of {len(figures)}" for figures in asked)
    rows.append(("figures within their goals", "", *within))
    return markdown(("", "goal", *(SETUPS[name].title for name in setups)), rows)


def _cell(one: Figure) -> str:
    ratio = "" if one.theirs is None else f", {number(one.value.median)} ×"
    text = f"{number(one.ours)} {one.unit}{ratio}"
    return text if one.met else f"**{text}**"


def _replicas(kept: Kept) -> str:
    loads = [processes_in_words(count) for count in COUNTS]
    rows = []
    for command, (what, _) in KINDS.items():
        title = f"{what} a second, `{command}`"
        by = {one.load: number(one.ours) for one in kept.figures if one.title == title}
        if by:
            rows.append((title, *(by.get(load, "") for load in loads)))
    return markdown(("", *loads), rows) if rows else NOT_MEASURED


def _machines(kept: Kept) -> str:
    return "\n".join(f"- {SETUPS[name].title}: {kept.taken[name]}" for name in SETUPS if name in kept.taken)


PARTS: dict[str, Callable[[Kept], str]] = {"in short": _in_short, "replicas": _replicas, "machines": _machines}
