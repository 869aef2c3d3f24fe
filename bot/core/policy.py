"""Authorisation: a pure function from a person, an action and its subject to the reason for a refusal, or None."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core import approval, windows
from bot.core.approval import Identifiers
from bot.core.entry import Entry
from bot.core.model import Actor, ChannelId, Profile, SlackAccount
from bot.core.reasons import Code, Reason
from bot.core.rights import Action
from bot.core.rules import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a permission check looks at: the rules of the schedule, and the circumstances.

    `Subject()` stands for no particular schedule: whether the person may act at all.
    """

    rules: tuple[Rule, ...] = ()  # the rules that match the schedule
    # If a run's schedule was deleted, the requester's key; empty: their account was deleted, too.
    owner: str | None = None
    requester: Identifiers | None = None  # the requester of a run that waits for approval
    entry: Entry = Entry.WEB
    channel: ChannelId | None = None  # the channel to which a run from Slack reports; None: not known yet
    kill: bool = False  # whether a Stop would terminate a running task
    paused: str | None = None  # why nothing may be run at all; None: runs aren't paused
    now: datetime | None = None  # aware; Action.RUN needs it


class Denied(Reason):
    """Why an actor may not act."""

    @property
    def is_hidden(self) -> bool:
        """Whether the actor must get the same answer as if the subject didn't exist."""
        return self.code is Code.HIDDEN


def may(actor: Actor, action: Action, subject: Subject) -> Denied | None:
    """Why the actor may not do this. None: they may. An actor who may not see a schedule may do nothing with it.

    Checks the Slack account first: no link helps a guest, a bot, a deleted user or a member of another workspace. Without a
    link, Slack may not have been asked who they are (`profile` is None). Then the refusal is that they have no link.
    """
    return next(_refusals(actor, action, subject), None)


def _refusals(actor: Actor, action: Action, subject: Subject) -> Iterator[Denied]:
    """All refusals, the most important first."""
    yield from _of_person(actor)
    yield from _by_permissions(actor, action)
    yield from _by_sight(actor, subject)
    if action is Action.RUN:
        yield from _by_group(actor, subject, Code.RULE_RUN)
        yield from _by_place(subject)
        yield from _by_time(subject)
    if action is Action.APPROVE:
        yield from _by_approvers(actor, subject)
    if action is Action.STOP:
        yield from _by_group(actor, subject, Code.RULE_STOP)
        if subject.kill:
            yield from (
                Denied(code=Code.RULE_KILL, params={"rule": rule.name}) for rule in subject.rules if not rule.kill
            )


def _by_permissions(actor: Actor, action: Action) -> Iterator[Denied]:
    for needed in dict.fromkeys((Action.SEE, action)):
        if needed not in actor.rights.permitted:
            yield Denied(code=Code.NO_PERMISSION, params={"permission": codename(needed)})


def codename(action: Action) -> str:
    """The codename of Django's permission on beat's schedules."""
    return f"{'view' if action is Action.SEE else action}_periodictask"


def _by_sight(actor: Actor, subject: Subject) -> Iterator[Denied]:
    if subject.owner is not None and not actor.rights.is_superuser and subject.owner != actor.user:
        yield Denied(code=Code.HIDDEN)
    if not all(actor.rights.pass_list(rule.see) for rule in subject.rules):
        yield Denied(code=Code.HIDDEN)


def _by_group(actor: Actor, subject: Subject, code: Code) -> Iterator[Denied]:
    for rule in subject.rules:
        listed = rule.run if code is Code.RULE_RUN else rule.stop
        if not actor.rights.pass_list(listed):
            yield Denied(code=code, params={"rule": rule.name, "groups": ", ".join(listed)})


def _by_place(subject: Subject) -> Iterator[Denied]:
    for rule in subject.rules:
        if rule.entries and subject.entry not in rule.entries:
            yield Denied(code=Code.RULE_ENTRIES, params={"rule": rule.name, "entries": ", ".join(rule.entries)})
        is_elsewhere = subject.channel is not None and subject.channel not in rule.channels
        if rule.channels and subject.entry is Entry.SLACK and is_elsewhere:
            yield Denied(code=Code.RULE_CHANNELS, params={"rule": rule.name, "channels": ", ".join(rule.channels)})


def _by_time(subject: Subject) -> Iterator[Denied]:
    if subject.paused is not None:
        yield Denied(code=Code.PAUSED, params={"reason": subject.paused})
    yield from _closed(subject)


def lacking(subject: Subject, answered: Sequence[Actor]) -> dict[str, int]:
    """How many more people must say yes, by rule. An earlier yes counts only if that person may still approve."""
    valid = [actor for actor in answered if may(actor, Action.APPROVE, subject) is None]
    return approval.lacking(subject.rules, subject.requester or Identifiers(), valid)


def _by_approvers(actor: Actor, subject: Subject) -> Iterator[Denied]:
    if actor.entry is Entry.API:  # a token may act when its owner isn't there
        yield Denied(code=Code.NOT_BY_API)
    if subject.requester is not None and approval.is_same(approval.identifiers(actor), subject.requester):
        yield Denied(code=Code.OWN_RUN)
    asking = [rule for rule in subject.rules if rule.approvals]
    if asking and not any(approval.counts_for(actor, rule, subject.rules) for rule in asking):
        yield Denied(code=Code.RULE_APPROVE, params={"rule": asking[0].name})


def _closed(subject: Subject) -> Iterator[Denied]:
    """The refusals of rules that close the schedule now. Each names the time at which no rule closes it any more."""
    closed = [(rule, window) for rule in subject.rules for window in rule.closed]
    if not closed:
        return
    if subject.now is None:
        raise ValueError("without a moment nobody knows what is closed")
    for rule, window in closed:
        if windows.closed_until([window], subject.now) is not None:
            until = windows.closed_until((one for _, one in closed), subject.now)
            zone = windows.parse(window).zone
            shown = f"{until.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}" if until else ""
            yield Denied(code=Code.CLOSED, params={"rule": rule.name, "until": shown})


def _of_person(actor: Actor) -> Iterator[Denied]:
    if actor.slack is not None and (denied := _from_slack(actor, actor.slack)):
        yield denied
    if actor.user is None:
        yield _no_link(actor)
    if not actor.is_active:
        yield Denied(code=Code.INACTIVE)
    if not actor.is_staff:
        yield Denied(code=Code.NOT_STAFF)


def _from_slack(actor: Actor, account: SlackAccount) -> Denied | None:
    if actor.unknown_because or actor.team is None:
        return Denied(code=Code.SLACK_SILENT)
    if actor.profile is None:
        return _no_link(actor)
    if denied := of_profile(actor.profile):
        return denied
    same_team = actor.profile.home == account.team == actor.team
    return None if same_team else Denied(code=Code.OTHER_TEAM)


def of_profile(profile: Profile) -> Denied | None:
    """The refusal that follows from Slack's facts alone, whatever user the account is linked to."""
    facts = (
        (profile.is_deleted, Code.DELETED),
        (profile.is_bot, Code.BOT),
        (profile.is_stranger, Code.OTHER_TEAM),
        (profile.is_guest, Code.GUEST),
    )
    return next((Denied(code=code) for is_so, code in facts if is_so), None)


def _no_link(actor: Actor) -> Denied:
    """The refusal of an account without a link. It contains the account's id, which an administrator needs to make the link."""
    return Denied(code=Code.NO_LINK, params={"user": actor.slack.user if actor.slack else ""})
