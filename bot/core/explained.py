"""Explains to people who write rules what a person may do with a schedule, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core import approval
from bot.core.entry import BY_PEOPLE, Entry
from bot.core.globs import Globs
from bot.core.model import Actor
from bot.core.policy import Denied, Subject, may
from bot.core.rights import Action
from bot.core.rules import Rule, RuleBook


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether an action is allowed. `entry`: the way in which the person acts, if that may matter."""

    action: Action
    entry: Entry | None = None
    denied: Denied | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """The rules that match the schedule, and the verdicts."""

    rules: tuple[Rule, ...]
    hiding: tuple[Rule, ...]  # the rules that hide the schedule from this person
    verdicts: tuple[Verdict, ...]


def explained(
    actor: Actor, book: RuleBook, *, name: str, task: str, now: datetime, paused: str | None = None
) -> Explained:
    """The verdicts for a schedule of this name and task. `now` must be aware. `paused`: the reason of a pause."""
    rules = book.of(name, task)
    subject = Subject(rules=rules, now=now, paused=paused)

    def verdict(action: Action, entry: Entry | None = None) -> Verdict:
        asked = subject if entry is None else replace(subject, entry=entry)
        return Verdict(action=action, entry=entry, denied=may(actor, action, asked))

    may_run = (verdict(Action.RUN, entry) for entry in BY_PEOPLE)
    hiding = (rule for rule in rules if not actor.rights.pass_list(rule.see))
    may_approve = [verdict(Action.APPROVE)] if approval.needs(rules) else []
    verdicts = (verdict(Action.SEE), *may_run, verdict(Action.STOP), *may_approve)
    return Explained(rules=rules, hiding=tuple(hiding), verdicts=verdicts)


def idle(rules: Iterable[Rule], schedules: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The globs that match none of these schedules (names and tasks), each with its rule's name before it."""
    found = list(schedules)
    for rule in rules:
        for glob, globs in (
            *((glob, Globs(tasks=(glob,))) for glob in rule.tasks),
            *((glob, Globs(schedules=(glob,))) for glob in rule.schedules),
        ):
            if not any(globs.match(name, task) for name, task in found):
                yield rule.name, glob
