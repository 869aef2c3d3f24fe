"""Authorisation: a pure function from a person and an action to the reason for a refusal, or None."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.model import Actor, Profile, RunId, ScheduleId, SlackAccount
from bot.core.reasons import Code, Reason


class Action(StrEnum):
    """What an actor wants to do."""

    SEE = "see"
    RUN = "run"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What an action is about: a schedule, a run, or if both are None, all schedules."""

    schedule: ScheduleId | None = None
    run: RunId | None = None


class Denied(Reason):
    """Why an actor may not act."""


def may(actor: Actor, action: Action, subject: Subject) -> Denied | None:  # noqa: ARG001  # staff may do everything
    """None if they may, otherwise why not.

    Checks the Slack account first: no link helps a guest, a bot, a deleted user or a member of another workspace.
    """
    if actor.slack is not None and (denied := _from_slack(actor, actor.slack)):
        return denied
    if actor.user is None:
        return _no_link(actor)
    if not actor.is_active:
        return Denied(code=Code.INACTIVE)
    return None if actor.is_staff else Denied(code=Code.NOT_STAFF)


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
    """The refusal that follows from Slack's facts alone, whichever user the account is linked to."""
    facts = (
        (profile.is_deleted, Code.DELETED),
        (profile.is_bot, Code.BOT),
        (profile.is_stranger, Code.OTHER_TEAM),
        (profile.is_guest, Code.GUEST),
    )
    return next((Denied(code=code) for is_so, code in facts if is_so), None)


def _no_link(actor: Actor) -> Denied:
    """Contains the account's id, which an administrator needs for making the link."""
    return Denied(code=Code.NO_LINK, params={"user": actor.slack.user if actor.slack else ""})
