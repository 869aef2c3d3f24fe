"""Publishes Home tabs: when they are opened, after a press on them, and when the loop `homes` finds that they have changed."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient

from bot.core.ids import team_of
from bot.core.model import InstallationId, SlackAccount, SlackUserId
from bot.core.ports import NotDelivered
from bot.core.reasons import Code
from bot.runs import clock, homes
from bot.runs.door import Platform, admit
from bot.runs.refusals import NotAllowed
from bot.slack import home
from bot.slack.client import UNREACHABLE
from bot.slack.errors import call
from bot.slack.identity import Identity
from bot.slack.sorry import sorry

log = logging.getLogger(__name__)

TRIES = 3  # tries to publish, if other processes publish the same Home meanwhile
CONFLICT = "hash_conflict"


@dataclass(frozen=True, kw_only=True)
class _Page:
    """A Home tab, with the `user` and the `marks` that `homes.published` saves."""

    view: dict[str, Any]
    user: str | None = None
    marks: dict[str, str] | None = None
    is_silent: bool = False  # Slack didn't tell us who the reader is


@dataclass(frozen=True, kw_only=True)
class Homes:
    platform: Platform
    identity: Identity
    client: WebClient

    def show(self, account: SlackAccount, note: str = "") -> None:
        """Publishes the Home that somebody looks at. If Slack doesn't take it now, the loop `homes` tries again."""
        try:
            installation = self.identity.installation.id()
            if account.team != team_of(installation):
                log.info("no Home is published for %s, who looks at it from %s", account.user, account.team)
                return
            homes.opened(installation, account.user, now=clock.now())
            self._publish(installation, account, note=note, is_asked=True)
        except NotDelivered as exc:
            log.warning("the Home of %s could not be published now: %s", account.user, exc)
        except Exception as exc:
            log.exception("the Home of %s could not be made", account.user)
            with suppress(*UNREACHABLE):
                self.client.views_publish(user_id=account.user, view=home.failed(sorry(exc)))

    def refresh(self, user: SlackUserId) -> None:
        """Publishes a Home for the loop `homes`. Raises NotDelivered or a subclass of it."""
        installation, team = self.identity.installation.id(), self.identity.installation.team()
        if team is not None:
            self._publish(installation, SlackAccount(team=team, user=user), is_asked=False)

    def owe(self, account: SlackAccount) -> None:
        """Call this when something other than a run has changed. If this Home was opened lately, the loop publishes it."""
        homes.owe(self.identity.installation.id(), account.user, now=clock.now())

    def _publish(self, installation: InstallationId, account: SlackAccount, *, is_asked: bool, note: str = "") -> None:
        """Publishes the Home, but never over a newer one: Slack takes it only if it replaces the version that we know.

        If Slack doesn't take it, another process has published. If that process hasn't saved its version by our second try, it
        may have crashed. Then we name no version: our contents are newer than its contents in any case.
        """
        missed = None
        for _ in range(TRIES):
            version = homes.version(installation, account.user)
            page = self._page(account, note, may_link=is_asked)  # read after the version
            if page.is_silent and not is_asked:
                return
            known = None if version in ("", missed) else version
            try:
                answer = call(self.client.views_publish, user_id=account.user, view=page.view, hash=known)
            except NotDelivered as exc:
                if exc.reason.params.get("error") != CONFLICT:
                    raise
                missed = version
                continue
            homes.published(
                installation,
                account.user,
                user=page.user,
                version=answer["view"]["hash"],
                marks=page.marks,
                now=clock.now(),
            )
            return
        log.info("the Home of %s is being published by others", account.user)

    def _page(self, account: SlackAccount, note: str, *, may_link: bool) -> _Page:
        actor = self.identity.actor(account, may_link=may_link)
        try:
            found = homes.contents(admit(self.platform, actor))
        except NotAllowed as exc:
            if exc.denied.code is Code.SLACK_SILENT:
                return _Page(view=home.refused(exc.denied), is_silent=True)
            return _Page(view=home.refused(exc.denied), marks={})
        return _Page(view=home.view(found, note), user=actor.user, marks=found.marks)
