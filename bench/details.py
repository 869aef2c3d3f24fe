"""Writes every table and plot of a benchmark run: `details.md` and its pictures, in the folder of the results."""

from collections.abc import Sequence
from pathlib import Path

from bench import plots, report
from bench.cases.promises import GOALS
from bench.figures import Figure
from bench.goals import judge
from bench.results import Results
from bench.setups import SETUPS

TEXT = Path(__file__).parent / "text" / "details.md"
FILE = "details.md"
PROFILED = """Processor time of one operation, in milliseconds, by part of the program, while 16 clients keep the process busy.
The floor is that of the goal. For Run, it is the simple page. For a message, it is the bare loop."""


def write(folder: Path, found: Sequence[Results]) -> None:
    parts = [TEXT.read_text(), *(_setup(one, folder) for one in found)]
    (folder / FILE).write_text("\n\n".join(part.strip() for part in parts) + "\n")


def _setup(found: Results, folder: Path) -> str:
    figures = judge(GOALS, found)
    parts = [
        f"## {SETUPS[found.setup].title}",
        f"A {found.mode} run, {found.taken}.",
        report.markdown(report.FIGURES_HEAD, report.figure_rows(figures)),
    ]
    drawn = {"loads": plots.by_load(figures, titles)} if (titles := _with_loads(figures)) else {}
    if any(one.theirs is not None for one in figures):
        drawn["goals"] = plots.goals(figures)
    for name, picture in drawn.items():
        (folder / f"{found.setup}-{name}.svg").write_text(picture)
        parts.append(f"![{name}]({found.setup}-{name}.svg)")
    if profiled := report.profile_rows(found.series):
        parts += [PROFILED, report.markdown(report.PROFILE_HEAD, profiled)]
    parts.append(report.markdown(report.SERIES_HEAD, report.series_rows(found.series)))
    return "\n\n".join(parts)


def _with_loads(figures: Sequence[Figure]) -> list[str]:
    """Titles of figures that compare runtask with others under several loads."""
    loads: dict[str, set[str]] = {}
    for one in figures:
        if one.other and not one.is_against_itself:
            loads.setdefault(one.title, set()).add(one.load)
    return [title for title, its_loads in loads.items() if len(its_loads) > 1]
