"""The figures of a long run: all of them for the person who started it, and some in docs/guarantees.md, between two marks."""

import statistics
from pathlib import Path

from tests.faults.drive import Outcome

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def table(outcomes: list[Outcome]) -> str:
    rows = [
        "| set-up | submissions | faults | lost | published twice | doubled | out of order | sent unexpectedly | minutes |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in outcomes:
        found = one.verdict
        broken = [found.lost, found.published_twice, found.doubled, found.disordered, found.surprises]
        numbers = [one.submissions, len(one.faults), *map(len, broken), f"{one.seconds / 60:.1f}"]
        rows.append(f"| {one.setup} | " + " | ".join(map(str, numbers)) + " |")
    return "\n".join(rows)


def told(outcomes: list[Outcome]) -> str:
    words = sorted({word for one in outcomes for word in one.told})
    rows = [f"| last answer to the person | {' | '.join(words)} |", "|---|" + "--:|" * len(words)]
    rows += [f"| {one.setup} | {' | '.join(str(one.told.get(word, 0)) for word in words)} |" for one in outcomes]
    return "\n".join(rows)


def recovery(outcomes: list[Outcome]) -> str:
    """The recovery times by fault, over all set-ups."""
    found: dict[str, list[float]] = {}
    for one in outcomes:
        for name, seconds in one.recovery.items():
            found.setdefault(name, []).extend(seconds)
    rows = ["| fault | times | median seconds | maximum |", "|---|--:|--:|--:|"]
    for name in sorted(found):
        seconds = found[name]
        rows.append(f"| {name} | {len(seconds)} | {statistics.median(seconds):.1f} | {max(seconds):.1f} |")
    return "\n".join(rows)


def report(outcomes: list[Outcome], seed: int) -> str:
    return f"{summary(outcomes, seed)}\n\n{recovery(outcomes)}"


def summary(outcomes: list[Outcome], seed: int) -> str:
    """What the page shows: all but the times after each kind of fault."""
    total, faults = sum(one.submissions for one in outcomes), sum(len(one.faults) for one in outcomes)
    head = f"{total:,} submissions, {faults} faults, seed {seed}."
    longest = max((second for one in outcomes for seconds in one.recovery.values() for second in seconds), default=0)
    last = f"After a fault, the next submitted run had its end in Slack within {longest:.1f} s at most."
    return "\n\n".join([head, table(outcomes), told(outcomes), last])


def write(page: Path, text: str) -> None:
    """Replace the text between the marks. Raises ValueError if the marks are missing."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
