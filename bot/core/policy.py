"""Who may act: a pure function from what is known of a person to the reason for refusing them, or None."""

from enum import StrEnum

from bot.core.model import Actor, Profile, SlackAccount


class Denied(StrEnum):
    """Why somebody may not act, in words for them."""

    UNKNOWN = "I can't check with Slack who you are at the moment, so I can't let you run anything. Please try again in a minute."
    BOT = "Bots can't run schedules."
    DELETED = "This Slack account is deactivated."
    GUEST = "Guests of this workspace can't run schedules."
    OTHER_TEAM = "Only members of the workspace this app is installed in can run schedules."
    NO_LINK = (
        "Your Slack account isn't linked to a staff account of the site. "
        "Ask an administrator of the site to link it: `runtask staff add {user} YOUR-USER-NAME`."
    )
    INACTIVE = "Your account on the site is deactivated. Ask an administrator of the site."
    NOT_STAFF = "Your account on the site isn't a staff account. Ask an administrator of the site to make it one."


def check(actor: Actor) -> Denied | None:
    """Guests, bots, deleted users and other workspaces first: no link helps them. What isn't known is refused."""
    if actor.slack is not None and (denied := _from_slack(actor, actor.slack)):
        return denied
    if actor.user is None:
        return Denied.NO_LINK
    if not actor.is_active:
        return Denied.INACTIVE
    return None if actor.is_staff else Denied.NOT_STAFF


def _from_slack(actor: Actor, account: SlackAccount) -> Denied | None:
    if actor.unknown_because or actor.team is None:
        return Denied.UNKNOWN
    if actor.profile is None:
        return Denied.NO_LINK
    if denied := of_profile(actor.profile):
        return denied
    same_team = actor.profile.home == account.team == actor.team
    return None if same_team else Denied.OTHER_TEAM


def of_profile(profile: Profile) -> Denied | None:
    """What Slack's own facts rule out, whoever they are to the site."""
    if profile.is_deleted:
        return Denied.DELETED
    if profile.is_bot:
        return Denied.BOT
    if profile.is_stranger:
        return Denied.OTHER_TEAM
    return Denied.GUEST if profile.is_guest else None


def explain(denied: Denied, actor: Actor) -> str:
    """The reason, completed with what the person needs to pass on."""
    return denied.format(user=actor.slack.user if actor.slack else "")
