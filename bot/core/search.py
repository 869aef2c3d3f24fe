"""Finding schedules by what somebody types, best matches first."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.model import Brief, Matches

NO_MATCH = 9


@dataclass(frozen=True, slots=True)
class Entry:
    """A schedule with its texts folded for comparing."""

    brief: Brief
    name: str
    task: str


def entry(brief: Brief) -> Entry:
    return Entry(brief, fold(brief.name), fold(brief.task))


def fold(text: str) -> str:
    """Without regard to case, to the number of spaces, and to how a character is composed (a Mac's é may be two)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def search(entries: Sequence[Entry], query: str, limit: int) -> Matches:
    """Schedules whose name or dotted task holds every word of `query`, in any order.

    `entries` must be sorted by name: equally good matches keep that order.
    """
    whole = fold(query)
    if not whole:
        return Matches(first=tuple(e.brief for e in entries[:limit]), total=len(entries))
    words = whole.split()
    ranked = [(rank, i) for i, e in enumerate(entries) if (rank := _rank(e, words, whole)) < NO_MATCH]
    ranked.sort()
    return Matches(first=tuple(entries[i].brief for _, i in ranked[:limit]), total=len(ranked))


def _rank(e: Entry, words: Iterable[str], whole: str) -> int:
    """0 is best: the very name, then names that begin so, hold it, hold the words; then the task's name."""
    for word in words:
        if word not in e.name and word not in e.task:
            return NO_MATCH
    if e.name == whole:
        return 0
    if e.name.startswith(whole):
        return 1
    if whole in e.name:
        return 2
    if all(word in e.name for word in words):
        return 3
    return 4 if whole in e.task else 5


def preselected(entries: Sequence[Entry], typed: str) -> tuple[Brief | None, int]:
    """The schedule of that name (exact, else the only one whose name contains it, ignoring case), and how many matched."""
    exact = [e.brief for e in entries if e.brief.name == typed]
    folded = fold(typed)
    found = exact or [e.brief for e in entries if e.name == folded] or [e.brief for e in entries if folded in e.name]
    return (found[0] if len(found) == 1 else None), len(found)
