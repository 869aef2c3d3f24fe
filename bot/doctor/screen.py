"""Findings as text for people, and as JSON for programs."""

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from bot.core.text import one_line
from bot.doctor.findings import Finding, Level, Section

UNICODE = {Level.OK: "✓", Level.NOTE: "·", Level.WARNING: "▲", Level.PROBLEM: "✗"}
ASCII = {Level.OK: "ok", Level.NOTE: "--", Level.WARNING: "! ", Level.PROBLEM: "XX"}
COLOUR = {Level.OK: "32", Level.NOTE: "2", Level.WARNING: "33", Level.PROBLEM: "1;31"}  # SGR codes (ECMA-48)
NAMES = ((Level.PROBLEM, "problem"), (Level.WARNING, "warning"), (Level.NOTE, "note"))


def screen(sections: Sequence[Section], *, width: int = 100, is_plain: bool = True, is_coloured: bool = False) -> str:
    """The findings as text, grouped and aligned, at most `width` columns wide. `is_plain`: with ASCII marks."""
    what_width = max((len(finding.what) for section in sections for finding in section.findings), default=0)
    lines = []
    for section in sections:
        if section.findings:
            lines.append(_painted(section.area, "1", is_coloured))
        for finding in section.findings:
            lines += _lines(finding, what_width, width, ASCII if is_plain else UNICODE, is_coloured=is_coloured)
    return "\n".join([*lines, "", verdict(sections), ""])


def as_json(sections: Sequence[Section]) -> str:
    """An object with `ok`, and `findings`, each with area, what, found, level, remedy."""
    findings = [{"area": s.area, **asdict(finding)} for s in sections for finding in s.findings]
    return json.dumps({"ok": not has_problems(sections), "findings": findings}, indent=2)


def hidden(sections: Sequence[Section], hide: Callable[[str], str]) -> list[Section]:
    """The sections with each text on one line, and passed through `hide`."""

    def safe(finding: Finding) -> Finding:
        texts = {name: one_line(hide(getattr(finding, name))) for name in ("what", "found", "remedy")}
        return Finding(level=finding.level, **texts)

    return [Section(area=section.area, findings=tuple(map(safe, section.findings))) for section in sections]


def has_problems(sections: Sequence[Section]) -> bool:
    return Level.PROBLEM in _levels(sections)


def verdict(sections: Sequence[Section]) -> str:
    """A summary, such as `2 problems, 1 note.`"""
    counted = _levels(sections)
    parts = [f"{counted[level]} {name}{'s' * (counted[level] != 1)}" for level, name in NAMES if counted[level]]
    return f"{', '.join(parts)}." if parts else "All is well."


def _levels(sections: Sequence[Section]) -> Counter[Level]:
    return Counter(finding.level for section in sections for finding in section.findings)


def _lines(finding: Finding, what_width: int, width: int, marks: dict[Level, str], *, is_coloured: bool) -> list[str]:
    mark = marks[finding.level]
    indent = " " * (2 + len(mark) + 1 + what_width + 2)
    options: dict[str, Any] = {"width": width, "break_on_hyphens": False}
    first = f"  {mark} {finding.what.ljust(what_width)}  "
    found = textwrap.wrap(finding.found, initial_indent=first, subsequent_indent=indent, **options) or [first.rstrip()]
    found[0] = found[0].replace(mark, _painted(mark, COLOUR[finding.level], is_coloured), 1)
    arrow = "-> " if marks is ASCII else "→ "
    remedy = textwrap.wrap(
        finding.remedy, initial_indent=indent + arrow, subsequent_indent=indent + " " * len(arrow), **options
    )
    return [*found, *remedy]


def _painted(text: str, code: str, is_coloured: bool) -> str:  # noqa: FBT001  # one private helper
    return f"\x1b[{code}m{text}\x1b[0m" if is_coloured else text
