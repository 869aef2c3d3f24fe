"""The section on scale, from its kept results."""

import json
from pathlib import Path
from typing import Any

from bench import plots, report
from bench.results import FOLDER

TEXT = Path(__file__).parent / "text" / "scale.md"
PLOTTED = {
    "scale-queues": ("What waits", "rows", {"due": "messages that are due", "unseen": "results not yet recorded"}),
    "scale-lag": ("Age of the oldest message that is due", "seconds", {"age": "seconds"}),
    "scale-cores": ("Processor time of all replicas", "cores", {"cores": "cores"}),
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
    head = ("replicas of `runtask slack`", "submissions a second", "p50", "p99", "slowest", "doubled")
    rows = [
        (
            str(one["replicas"]),
            report.number(one["per_second"]),
            *(f"{report.number(one[stat])} ms" for stat in ("p50", "p99", "worst")),
            str(one["doubled"]),
        )
        for one in found
    ]
    return report.markdown(head, rows)


def _sustained(found: dict[str, Any]) -> str:
    big, closed, samples = found["big"], found["closed"], found["samples"]
    growth = ", ".join(
        f"{name} {report.number(value)} MB" for name, value in found["megabytes per million runs"].items()
    )
    rows = [
        ("schedules, open runs, channels", f"{big['schedules']:,}, {big['open_runs']:,}, {big['channels']:,}"),
        ("submissions", f"{found['submitted']:,} in {big['seconds']:.0f} s, on {big['replicas']} replicas"),
        ("form closed, p50 / p99 / slowest", " / ".join(f"{report.number(closed[s])} ms" for s in ("p50", "p99", "worst"))),
        ("told that it took too long; not answered within 3 s", f"{big['refused']:,}; {big['late']:,}"),
        ("sent twice", str(found["doubled"])),
        ("messages due, at most", f"{max(one['due'] for one in samples):,.0f}"),
        ("oldest message due, at most", f"{max(one['age'] for one in samples):.1f} s"),
        ("growth per million runs", growth),
    ]  # fmt: skip
    return report.markdown(("", ""), rows)
