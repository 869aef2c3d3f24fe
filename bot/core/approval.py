"""A second person's yes to exactly one payload: what rules ask for, who counts as another person, and the payload's digest."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.model import Actor, Schedule, SlackAccount
from bot.core.rights import Action, Need
from bot.core.rules import Rule
from bot.core.secrets import Call
from bot.core.text import fold

SALT = 16  # characters of the random text before a digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Identifiers:
    """The values that can show that two accounts are one person's."""

    user: str | None = None  # primary key of the Django user; None: that account was deleted
    email: str = field(default="", repr=False)
    account: SlackAccount | None = None


def identifiers(actor: Actor) -> Identifiers:
    return Identifiers(user=actor.user, email=actor.email, account=actor.slack)


def is_same(one: Identifiers, other: Identifiers) -> bool:
    """Whether these may belong to one person: they have the same user, the same e-mail address or the same Slack account."""
    return (
        (one.user is not None and one.user == other.user)
        or (fold(one.email.strip()) != "" and fold(one.email.strip()) == fold(other.email.strip()))
        or (one.account is not None and one.account == other.account)
    )


def needs(rules: Iterable[Rule]) -> tuple[Need, ...]:
    """The approvals that the rules ask for. Empty: a run is sent at once."""
    return tuple(
        Need(rule=rule.name, needed=rule.approvals, approvers=rule.approvers) for rule in rules if rule.approvals
    )


def counts_for(actor: Actor, rule: Rule, rules: Sequence[Rule]) -> bool:
    """Whether this rule accepts the actor's approval. `rules`: all rules that match the schedule."""
    rights = actor.rights
    if rule.approvers:
        return rights.pass_list(rule.approvers)
    may_run = all(rights.pass_list(one.run) for one in rules)
    return may_run and Action.RUN in rights.permitted


def lacking(rules: Sequence[Rule], requester: Identifiers, approvers: Sequence[Actor]) -> dict[str, int]:
    """How many more people must say yes, by rule. `approvers` have said yes, and may approve."""
    found = {}
    for rule in rules:
        others = _others([identifiers(one) for one in approvers if counts_for(one, rule, rules)], requester)
        if (short := rule.approvals - others) > 0:
            found[rule.name] = short
    return found


def _others(people: Iterable[Identifiers], requester: Identifiers) -> int:
    """How many different people these are, without the requester. A third account may show that two are the same person."""
    groups = [[requester]]
    for one in people:
        same = [group for group in groups if any(is_same(one, other) for other in group)]
        merged = [one, *(other for group in same for other in group)]
        groups = [group for group in groups if group not in same]
        # The requester's group stays first.
        groups.insert(0 if requester in merged else len(groups), merged)
    return len(groups) - 1


def digest(schedule: Schedule, call: Call, options: Mapping[str, Any], *, salt: str) -> str:
    """A digest of everything that would be sent. `salt`: SALT random characters, because values may be guessable secrets."""
    payload = json.dumps([schedule.id, schedule.task, schedule.fingerprint, *call, options], default=str)
    return salt + hashlib.sha256(f"{salt}{payload}".encode()).hexdigest()[: 64 - SALT]


def mark(digest: str) -> str:
    """The part of a digest that a button contains, so that a press approves one payload only."""
    return digest[-16:]
