"""docs/performance.md, wholly from kept results and the texts beside this module."""

from collections.abc import Sequence
from pathlib import Path

from bench import plots, report, results, scale_report, summary
from bench.cases.promises import GOALS
from bench.goals import judge
from bench.results import Results
from bench.setups import ROOT, SETUPS

TEXTS = Path(__file__).parent / "text"
PAGE = ROOT / "docs" / "performance.md"
SUMMARY = """Medians, and the ratio that the goal is about (floors and peers are explained below); **bold**: misses its goal, see
[what is missed, and why](#what-is-missed-and-why)."""
PROFILED = """Where the time goes: processor time of the process that bears the operation, under 16 clients, from /proc, divided among
the parts of the program as they hold the interpreter's lock, which py-spy looks at from outside 250 times a second. The floor is
that of the goal; for Run it is the page, for a message the bare loop."""
BY_STEP = """Where the memory of `runtask slack` goes: a process that becomes it step by step, with as many threads as it has after the work
of 16 people at once (proportional set size):"""
STARTED = """Where the start goes: `runtask slack`, and a process that only imports Django, Celery and Bolt and connects, step by step until
Slack sees the connection (medians):"""
WAITED = """Where the time of the slowest acknowledgements goes, one person acting (means; the process notes when it begins with each, and
when it has sent it):"""
BY_FUNCTION = "The same by function of ours, each with all that it calls of Django, Bolt and Celery:"
PLOTTED = {
    "command-socket": ("command/socket", "open", "p50", "/runtask → form opened, Socket Mode"),
    "command-http": ("command/http", "open", "p50", "/runtask → form opened, HTTP"),
    "ack-socket": ("command/socket", "ack", "p50", "/runtask → acknowledged, Socket Mode"),
    "selection-socket": ("selection/socket", "update", "p50", "selection → form updated, Socket Mode"),
    "submission": ("submission", "closed", "p50", "Run → form closed"),
    "start": ("start", "on the broker", "p50", "Run → message on the broker, in one process"),
    "watch": ("watch", "pass", "p50", "one pass of the watcher, by open runs"),
    "deliver": (
        "deliver",
        "messages",
        "per_second",
        "messages delivered",
    ),  # in bursts: no p50 of what lies between two
}


def kept() -> list[Results]:
    found = [results.path(name) for name in SETUPS]
    return [results.load(path.read_text()) for path in found if path.exists()]


def write(page: Path, found: Sequence[Results]) -> None:
    """The page, and its pictures beside it in `images/performance/`."""
    pictures = page.parent / "images" / "performance"
    pictures.mkdir(parents=True, exist_ok=True)
    parts = [(TEXTS / "intro.md").read_text(), _summary(found), (TEXTS / "method.md").read_text(), _machine(found)]
    parts += [*(_setup(one, pictures) for one in found), (TEXTS / "limits.md").read_text()]
    parts.append(scale_report.section(pictures))
    page.write_text("\n\n".join(part.strip() for part in parts if part) + "\n")


def _summary(found: Sequence[Results]) -> str:
    judged = {SETUPS[one.setup].title: judge(GOALS, one) for one in found}
    return "## In short\n\n" + report.markdown(("", "goal", *judged), summary.rows(judged)) + "\n\n" + SUMMARY


def _machine(found: Sequence[Results]) -> str:
    own = ("load at start", "commit")  # of each run
    facts = {name: value for one in found for name, value in one.machine.items() if name not in own}
    facts |= {
        f"{one.setup}, {one.mode} run": f"taken {one.taken_at}, "
        + ", ".join(f"{name} {one.machine[name]}" for name in own)
        for one in found
    }
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
    for name, (experiment, what, stat, title) in PLOTTED.items():
        if any((one.experiment, one.what) == (experiment, what) for one in found.series):
            drawn = plots.by_load(found, experiment, what, title=title, stat=stat)
            parts.append(_picture(pictures, f"{found.setup}-{name}", title, drawn))
    if profiled := report.profile_rows(found.series):
        parts += [PROFILED, report.markdown(report.PROFILE_HEAD, profiled)]
        parts += [BY_FUNCTION, report.markdown(report.FUNCTIONS_HEAD, report.function_rows(found.series))]
    if slowest := report.slowest_rows(found.series):
        parts += [WAITED, report.markdown(report.SLOWEST_HEAD, slowest)]
    if started := report.start_rows(found.series):
        parts += [STARTED, report.markdown(report.START_HEAD, started)]
    if by_step := report.memory_rows(found.series):
        parts += [BY_STEP, report.markdown(report.MEMORY_HEAD, by_step)]
    every = report.markdown(report.SERIES_HEAD, report.series_rows(found.series))
    parts.append(f"<details><summary>All figures</summary>\n\n{every}\n\n</details>")
    return "\n\n".join(parts)


def _picture(pictures: Path, name: str, title: str, drawn: str) -> str:
    (pictures / f"{name}.svg").write_text(drawn)
    return f"![{title}](images/performance/{name}.svg)"
