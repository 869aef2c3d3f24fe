"""Finds the actor of a Slack account, by the row of its link, Slack's profile of the person, and Django's flags."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from slack_sdk import WebClient

from bot.core.audit import By, Who
from bot.core.entry import Entry
from bot.core.model import Actor, Profile, SlackAccount, SlackUserId, TeamId
from bot.core.policy import of_profile
from bot.models import SlackLink, atomic, database_of
from bot.prepared import Placeholder, Prepared, columns
from bot.runs import accounts, clock, throttle
from bot.runs.actors import is_superuser, of_user
from bot.slack import by_email
from bot.slack.client import UNREACHABLE, error_code
from bot.slack.installation import OurInstallation

log = logging.getLogger(__name__)

Said = Profile | str  # Slack's answer. A string is the error code, if Slack gave no profile
TOO_MANY = "too many questions about accounts without a link"

FACTS = ("home", "is_guest", "is_bot", "is_deleted", "is_stranger")  # fields of a Profile that a SlackLink stores
LIMITED = frozenset(
    {"ratelimited", "HTTP 429"}
)  # Slack gets too many questions; a proxy may have removed its error code
GRACE = 600.0  # seconds for which a stored profile still counts meanwhile
# A link and its user. Prepared, because every click needs them.
LINK = Prepared(
    lambda: SlackLink.objects.filter(team=Placeholder("team"), slack_user=Placeholder("slack_user")).values_list(
        *columns(SlackLink), *columns(get_user_model(), "user__")
    )
)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Finds out who is acting. If Slack can't be asked, the actor is unknown, and the policy refuses them."""

    client: WebClient
    installation: OurInstallation
    link_by_email: bool
    email_domains: tuple[str, ...]  # allowed for links by e-mail; empty: any
    profile_ttl: float  # seconds after which a profile is read again

    def actor(self, account: SlackAccount, *, may_link: bool = True) -> Actor:
        """Asks Slack for the profile (1 s at most) if the stored one is older than `profile_ttl`.

        `may_link=False`: people without a link are unknown at once, without a call. So they are if links aren't made by e-mail:
        then no profile could help them. If it isn't known yet in which workspace we are installed, this makes two more calls.
        """
        team = self.installation.team()
        link = _link(account)
        if link is not None and self._is_fresh(link):
            return _actor(account, team, link, _stored(link))
        if link is None and not (may_link and self.link_by_email):
            return Actor(entry=Entry.SLACK, slack=account, team=team)
        said = self._ask(account, is_linked=link is not None)
        if isinstance(said, Profile):
            return _actor(account, team, self._remember(account, team, link, said), said)
        if said in LIMITED and link is not None and self._is_fresh(link, GRACE):
            return _actor(account, team, link, _stored(link))
        return Actor(entry=Entry.SLACK, slack=account, team=team, unknown_because=said)

    def _ask(self, account: SlackAccount, *, is_linked: bool) -> Said:
        """Slack's answer. Questions about accounts without a link are limited: else guests could use up what Slack answers."""
        if not is_linked and not throttle.may_ask_about(account):
            return TOO_MANY
        try:
            return profile_of(self.client.users_info(user=account.user)["user"])
        except UNREACHABLE as exc:
            log.warning("Slack's users.info on %s: %s", account.user, error_code(exc))
            return error_code(exc)

    def _is_fresh(self, link: SlackLink, grace: float = 0.0) -> bool:
        if link.checked_at is None or (link.by_email and is_superuser(link.user)):
            return False
        return clock.now() - link.checked_at < timedelta(seconds=self.profile_ttl + grace)

    def _remember(
        self, account: SlackAccount, team: TeamId | None, link: SlackLink | None, profile: Profile
    ) -> SlackLink | None:
        """Saves the profile's facts with the link. Returns the person's link, if they have one.

        Removes a link that could no longer be made by e-mail. Makes one by e-mail where that is allowed.
        """
        facts = {"checked_at": clock.now(), **{name: getattr(profile, name) for name in FACTS}}
        if link is not None and not self._holds(link, profile):
            link = None
        if link is not None:
            # The row may belong to another account by now, to which these facts don't apply. So filter by the account, too.
            SlackLink.objects.filter(pk=link.pk, team=account.team, slack_user=account.user).update(**facts)
            return link
        if not self.link_by_email or of_profile(profile) or profile.home != team or account.team != team:
            return None
        user, why = by_email.linkable(profile.email, self.email_domains)
        if user is None:
            log.info("Slack user %s isn't linked by e-mail: %s", account.user, why)
            return None
        everybody: Any = get_user_model()._base_manager.all()  # noqa: SLF001  # documented
        # Another Django may have deleted the user of an old link (bot.models).
        with atomic():
            gone = SlackLink.objects.filter(team=account.team, slack_user=account.user).exclude(user__in=everybody)
            for old in gone:
                accounts.removed(old, by=accounts.NO_USER)
            gone.delete()
            link, made = SlackLink.objects.get_or_create(
                team=account.team, slack_user=account.user, defaults={"user": user, "by_email": True, **facts}
            )
            if made:
                accounts.given(link, by=_by_email(account))
        return link

    def _holds(self, link: SlackLink, profile: Profile) -> bool:
        """Whether the link was made by hand, or could still be made by e-mail. Otherwise removes it."""
        why = by_email.objection(link.user, profile.email, self.email_domains) if link.by_email else ""
        if not why:
            return True
        with atomic():
            # The number of deleted rows is 0 if somebody has just made the link by hand.
            if SlackLink.objects.filter(pk=link.pk, by_email=True).delete()[0]:
                account = SlackAccount(team=TeamId(link.team), user=SlackUserId(link.slack_user))
                accounts.removed(link, by=_by_email(account, why))
        return False


def _by_email(account: SlackAccount, why: str = "") -> By:
    """For the audit log: the link was made or removed because its own person acted in Slack. `why`: the reason for a removal."""
    who = Who(team=account.team, slack_user=account.user)
    return By(words=f"e-mail: {why}" if why else "e-mail", entry=Entry.SLACK, who=who, why="e_mail")


def _link(account: SlackAccount) -> SlackLink | None:
    alias, own, users = database_of(SlackLink), columns(SlackLink), get_user_model()
    row = LINK.first(alias, team=account.team, slack_user=account.user)
    if row is None:
        return None
    link = SlackLink.from_db(alias, own, row[: len(own)])
    link.user = users.from_db(alias, columns(users), row[len(own) :])
    return link


def _stored(link: SlackLink) -> Profile:
    return Profile(**{name: getattr(link, name) for name in FACTS})


def profile_of(user: dict[str, Any]) -> Profile:
    """The profile in an answer of `users.info` (docs.slack.dev: reference/objects/user-object).

    Only a confirmed e-mail address counts. `is_email_confirmed` isn't on that page. It is in Slack's own client libraries
    and in answers to bots.
    """
    is_confirmed = user.get("is_email_confirmed") is True
    return Profile(
        home=TeamId(str(user.get("team_id", ""))),
        email=str(user.get("profile", {}).get("email") or "") if is_confirmed else "",
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_bot=bool(user.get("is_bot") or user.get("is_app_user")),
        is_deleted=bool(user.get("deleted")),
        is_stranger=bool(user.get("is_stranger")),
    )


def _actor(account: SlackAccount, team: TeamId | None, link: SlackLink | None, profile: Profile) -> Actor:
    if link is None:
        return Actor(entry=Entry.SLACK, slack=account, team=team, profile=profile)
    return of_user(link.user, entry=Entry.SLACK, slack=account, team=team, profile=profile)
