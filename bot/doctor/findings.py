"""The result of one examination."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.text import exact

CLOCKS = 3.0  # seconds by which two clocks may differ: HTTP's dates are whole seconds


class Level(StrEnum):
    """How bad a finding is. Doctor fails only for a problem."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was examined, what was found, and what to do about it (empty: nothing)."""

    what: str
    found: str
    level: Level
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """All findings of one area."""

    area: str
    findings: tuple[Finding, ...]


def ok(what: str, found: str) -> Finding:
    return Finding(what=what, found=found, level=Level.OK)


def note(what: str, found: str, remedy: str = "") -> Finding:
    return Finding(what=what, found=found, level=Level.NOTE, remedy=remedy)


def warning(what: str, found: str, remedy: str) -> Finding:
    return Finding(what=what, found=found, level=Level.WARNING, remedy=remedy)


def problem(what: str, found: str, remedy: str) -> Finding:
    return Finding(what=what, found=found, level=Level.PROBLEM, remedy=remedy)


def clock(whose: str, ahead: float) -> Finding:
    """`ahead`: seconds by which this machine's clock is ahead of the other one, whose owner is `whose`."""
    if abs(ahead) <= CLOCKS:
        return ok("clock", f"agrees with {whose}")
    found = f"this machine is {abs(ahead):,.0f} s {'ahead of' if ahead > 0 else 'behind'} {whose}"
    return warning("clock", found, "Correct it with NTP (chrony, systemd-timesyncd) on whichever of the two is wrong.")


def some(names: list[str], limit: int = 3) -> str:
    """`a, b, c and 4 more`."""
    shown = ", ".join(map(exact, names[:limit]))
    return f"{shown} and {len(names) - limit:,} more" if len(names) > limit else shown
