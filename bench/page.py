"""docs/performance.md, wholly from kept results and the texts beside this module."""

from collections.abc import Sequence
from pathlib import Path

from bench import plots, report, results, scale_report
from bench.cases.promises import GOALS
from bench.goals import judge
from bench.results import Results
from bench.setups import ROOT, SETUPS

TEXTS = Path(__file__).parent / "text"
PAGE = ROOT / "docs" / "performance.md"
PROFILED = "Where the time goes, by looking at all threads' stacks every millisecond (in one process, Slack's stub in another):"
PLOTTED = {
    "command-socket": ("command/socket", "open", "/runtask → form opened, Socket Mode"),
    "command-http": ("command/http", "open", "/runtask → form opened, HTTP"),
    "ack-socket": ("command/socket", "ack", "/runtask → acknowledged, Socket Mode"),
    "selection-socket": ("selection/socket", "update", "selection → form updated, Socket Mode"),
    "submission": ("submission", "closed", "Run → form closed"),
    "start": ("start", "on the broker", "Run → message on the broker, in one process"),
    "watch": ("watch", "pass", "one pass of the watcher, by open runs"),
    "deliver": ("deliver", "messages", "time between two messages"),
}


def kept() -> list[Results]:
    found = [results.path(name) for name in SETUPS]
    return [results.load(path.read_text()) for path in found if path.exists()]


def write(page: Path, found: Sequence[Results]) -> None:
    """The page, and its pictures beside it in `images/performance/`."""
    pictures = page.parent / "images" / "performance"
    pictures.mkdir(parents=True, exist_ok=True)
    parts = [(TEXTS / "method.md").read_text(), _machine(found), *(_setup(one, pictures) for one in found)]
    parts += [(TEXTS / "limits.md").read_text(), scale_report.section(pictures)]
    page.write_text("\n\n".join(part.strip() for part in parts if part) + "\n")


def _machine(found: Sequence[Results]) -> str:
    facts = {name: value for one in found for name, value in one.machine.items()}
    facts["taken"] = ", ".join(f"{one.taken_at} ({one.setup}, {one.mode})" for one in found)
    noise = ", ".join(f"{one.setup} {report.noise_of(one):.2f} ×" for one in found)
    facts["two equals differ by up to"] = noise
    return "## The machine\n\n" + report.markdown(("", ""), facts.items())


def _setup(found: Results, pictures: Path) -> str:
    judged = judge(GOALS, found)
    met = sum(one.met for one in judged)
    parts = [
        f"## {SETUPS[found.setup].title}",
        f"{met} of {len(judged)} figures are within their goals.",
        report.markdown(report.HEAD, report.goal_rows(judged)),
        _picture(pictures, f"{found.setup}-goals", "Goals", plots.goals(judged)),
    ]
    for name, (experiment, what, title) in PLOTTED.items():
        if any((one.experiment, one.what) == (experiment, what) for one in found.series):
            drawn = plots.by_load(found, experiment, what, title=title)
            parts.append(_picture(pictures, f"{found.setup}-{name}", title, drawn))
    if profiled := report.profile_rows(found.series):
        parts += [PROFILED, report.markdown(report.PROFILE_HEAD, profiled)]
    every = report.markdown(report.SERIES_HEAD, report.series_rows(found.series))
    parts.append(f"<details><summary>All figures</summary>\n\n{every}\n\n</details>")
    return "\n\n".join(parts)


def _picture(pictures: Path, name: str, title: str, drawn: str) -> str:
    (pictures / f"{name}.svg").write_text(drawn)
    return f"![{title}](images/performance/{name}.svg)"
