"""The figures that somebody asks for first, beside their goals, a column for each set-up. Pure."""

from collections.abc import Mapping, Sequence

from bench.goals import Judged
from bench.report import number

# Keys of judged figures: the goal's title and its other, the load, the figure.
FIRST = (
    ("/runtask → form, Socket Mode", "open", "1 client", "p50"),
    ("/runtask → ack, Socket Mode", "ack", "1 client", "p50"),
    ("/runtask → ack, Socket Mode, against Bolt's default", "default", "1 client", "p50"),
    ("selection → form updated, Socket Mode", "update", "1 client", "p50"),
    ("typeahead, any query", "", "100,000 schedules", "p99"),
    ("Run → form closed, Socket Mode", "page", "1 client", "p50"),
    ("Run → form closed, HTTP", "page", "1 client", "p50"),
    ("Run → form closed, HTTP", "beat's admin action", "1 client", "p50"),
    ("64 people press Run at once, the slowest", "", "64 clients", "worst"),
    ("result visible → final posted", "", "", "p50"),
    ("result visible → final posted, with the trigger", "", "", "p50"),
    ("messages delivered", "bare loop", "Slack takes 50 ms", "per_second"),
    ("a deliverer, idle", "", "0 open", "p50"),
    ("memory", "libraries", "runtask slack", "p50"),
    ("`runtask slack` ready", "imports + connect", "", "p50"),
)


def rows(setups: Mapping[str, Sequence[Judged]]) -> list[tuple[str, ...]]:
    """What no set-up has measured is left out."""
    known = [{one.key: one for one in judged} for judged in setups.values()]
    found = []
    for key in FIRST:
        if those := [one[key] for one in known if key in one]:
            figures = (_figure(one[key]) if key in one else "" for one in known)
            found.append((_what(those[0]), those[0].words, *figures))
    within = (f"{sum(one.met for one in judged)} of {len(judged)}" for judged in setups.values())
    return [*found, ("figures within their goals", "", *within)]


def _what(one: Judged) -> str:
    return ", ".join(filter(None, (one.goal.title, one.load, "p99" if one.stat == "p99" else "")))


def _figure(one: Judged) -> str:
    ratio = f", {number(one.value.median)} ×" if one.theirs else ""
    text = f"{number(one.ours.median)} {one.unit}{ratio}"
    return text if one.met else f"**{text}**"
