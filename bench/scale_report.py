"""The section on scale, from its kept results."""

import json
from pathlib import Path
from typing import Any

from bench import plots, report
from bench.results import FOLDER

TEXT = Path(__file__).parent / "text" / "scale.md"
COMMANDS = {"slack": "runtask slack", "web": "gunicorn bot.wsgi", "notify": "runtask notify"}
PLOTTED = {
    "scale-queues": ("What waits", "rows", {"due": "messages that are due", "unseen": "results not yet recorded"}),
    "scale-lag": ("Age of the oldest message that is due", "seconds", {"age": "seconds"}),
    "scale-cores": ("Processor time", "cores", {"cores": "all replicas", "database": "PostgreSQL"}),
    "scale-memory": ("Memory of a replica", "MB", {"memory": "MB"}),
}


def section(pictures: Path) -> str:
    """Empty if nothing is kept."""
    path = FOLDER / "scale.json"
    if not path.exists():
        return ""
    found = json.loads(path.read_text())
    parts = [TEXT.read_text().strip(), _replicas(found["replicas"]), _sustained(found)]
    for name, (title, unit, lines) in PLOTTED.items():
        (pictures / f"{name}.svg").write_text(plots.over_time(found["samples"], lines, title=title, unit=unit))
        parts.append(f"![{title}](images/performance/{name}.svg)")
    return "\n\n".join(parts)


def _replicas(found: list[dict[str, Any]]) -> str:
    head = (
        "processes",
        "what",
        "a second",
        "p50",
        "p99",
        "slowest",
        "doubled",
        "cores used",
        "time for each",
        "a core carries",
    )
    rows = [
        (
            f"{one['replicas']} × `{COMMANDS[one['process']]}`",
            "messages" if one["process"] == "notify" else "submissions",
            report.number(one["per_second"]),
            *(f"{report.number(one[stat])} ms" if stat in one else "" for stat in ("p50", "p99", "worst")),
            str(one["doubled"]),
            ", ".join(f"{who} {report.number(value)}" for who, value in one["cores"].items()),
            ", ".join(f"{who} {report.number(value)} ms" for who, value in one["milliseconds"].items()),
            ", ".join(f"{who} {1000 / one['milliseconds'][who]:.0f} a second" for who in ("replicas", "PostgreSQL")),
        )
        for one in found
    ]
    return report.markdown(head, rows)


def _sustained(found: dict[str, Any]) -> str:
    big, closed, samples = found["big"], found["closed"], found["samples"]
    growth = ", ".join(
        f"{name} {report.number(value)} MB" for name, value in found["megabytes per million runs"].items()
    )
    size = [report.number(samples[at]["bytes"] / 1e6) for at in (0, -1)]
    rows = [
        ("schedules, open runs, channels", f"{big['schedules']:,}, {big['open_runs']:,}, {big['channels']:,}"),
        ("submissions", f"{found['submitted']:,} in {big['seconds']:.0f} s, on {big['replicas']} replicas"),
        ("form closed, p50 / p99 / slowest", " / ".join(f"{report.number(closed[s])} ms" for s in ("p50", "p99", "worst"))),
        ("told that it took too long; not answered within 3 s", f"{big['refused']:,}; {big['late']:,}"),
        ("accepted and never sent; sent twice", f"{_lost(found):,}; {found['doubled']:,}"),
        ("messages due, at most", f"{max(one['due'] for one in samples):,.0f}"),
        ("results not yet recorded, at most", f"{max(one['unseen'] for one in samples):,.0f}"),
        ("oldest message due, at most", f"{max(one['age'] for one in samples):.1f} s"),
        ("growth per million runs", growth),
        ("the whole database, in the beginning and at the end", f"{size[0]} MB, {size[1]} MB"),
        *((name, found["machine"][name]) for name in ("taken", "commit", "load at start") if name in found["machine"]),
    ]  # fmt: skip
    return report.markdown(("", ""), rows)


def _lost(found: dict[str, Any]) -> int:
    """Nobody takes what is on the broker."""
    return int(found["submitted"] - found["big"]["refused"] - (found["on the broker"] - found["doubled"]))
