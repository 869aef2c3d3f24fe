"""Tickets that work for a while or a few times only: trigger ids and response_urls."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any, Literal

from localslack.ids import Bot, trigger_id
from localslack.limits import LIMITS

_URL = LIMITS["interaction"]["response_url"]
HookState = Literal["ok", "used_url", "expired_url"]
_MAX_TICKETS = 10_000  # a long load test must not fill the memory with used tickets


@dataclass(kw_only=True)
class Trigger:
    """Lets the app open a modal once, for the person who did something."""

    bot: Bot  # only this app, in this workspace, may use it
    user: str
    view_id: str | None  # the modal or Home tab in which the person acted
    channel: str | None  # the conversation in which the person acted
    born: float
    used: bool = False


class TriggerError(Exception):
    """The error code of views.open and views.push."""


class Triggers:
    """Trigger ids work once, for three seconds (docs.slack.dev: handling-user-interaction)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known: dict[str, Trigger] = {}

    def issue(self, bot: Bot, user: str, *, view_id: str | None = None, channel: str | None = None) -> str:
        """A new trigger id. Its time runs from now."""
        made = trigger_id()
        self._known[made] = Trigger(bot=bot, user=user, view_id=view_id, channel=channel, born=self._now())
        _forget_oldest(self._known)
        return made

    def take(self, bot: Bot, given: object, ttl: float) -> Trigger:
        """Use a trigger id. Raises TriggerError."""
        trigger = self._known.get(given) if isinstance(given, str) else None
        if trigger is None or trigger.bot != bot:
            raise TriggerError("invalid_trigger_id")
        if trigger.used:
            raise TriggerError("exchanged_trigger_id")
        trigger.used = True
        if self._now() - trigger.born > ttl:
            raise TriggerError("expired_trigger_id")
        return trigger


@dataclass(kw_only=True)
class Hook:
    """Where a response_url leads: a conversation, a person, and the message in which the person acted."""

    bot: Bot
    channel: str
    user: str
    message_ts: str | None
    thread_ts: str | None
    born: float
    uses: int = 0


class Hooks:
    """A response_url takes five messages within thirty minutes."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known: dict[str, Hook] = {}

    def issue(
        self, bot: Bot, *, channel: str, user: str, message_ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        """The path of a new response_url."""
        path = f"{user}/{token_urlsafe(18)}"
        self._known[path] = Hook(
            bot=bot, channel=channel, user=user, message_ts=message_ts, thread_ts=thread_ts, born=self._now()
        )
        _forget_oldest(self._known)
        return path

    def find(self, path: str) -> tuple[Hook | None, HookState]:
        """The hook if it still works, and the state of its URL. An unknown path counts as expired."""
        hook = self._known.get(path)
        if hook is None or self._now() - hook.born > _URL["ttl_minutes"] * 60:
            return None, "expired_url"
        return (None, "used_url") if hook.uses >= _URL["max_uses"] else (hook, "ok")


def _forget_oldest(tickets: dict[str, Any]) -> None:
    while len(tickets) > _MAX_TICKETS:
        del tickets[next(iter(tickets))]
