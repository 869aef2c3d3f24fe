"""Helpers for the parsers of Slack's payloads. A parser raises Malformed for a payload that Slack doesn't send."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from bot.core.model import ChannelId, MessageTs, Place, ScheduleId, SlackAccount, SlackUserId, TeamId

Payload = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


class Malformed(Exception):
    """Slack sends no such payload for our ids."""


def parser(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def parse(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as exc:
            raise Malformed(f"{function.__name__}: {type(exc).__name__} {exc}") from exc

    return parse


def account_of(body: Payload) -> SlackAccount:
    """The account in the person's own team. In shared channels, Bolt's context has the installing team instead.

    In Enterprise Grid, the person's team may be the organisation's id. Then the team of the payload counts
    (docs.slack.dev: reference/interaction-payloads/block_suggestion-payload).
    """
    user, team = body["user"], body.get("team") or {}
    own = user.get("team_id")
    if not own or own == team.get("enterprise_id"):
        own = team["id"]
    return SlackAccount(team=TeamId(text_of(own)), user=SlackUserId(text_of(user["id"])))


def place_of(body: Payload) -> Place:
    """The place of the message, for further messages next to it. In a thread, `parent` is the thread's first message."""
    ts, thread = body["container"]["message_ts"], body["container"].get("thread_ts")
    return Place(
        channel=ChannelId(text_of(body["channel"]["id"])),
        # A message with replies names itself as its thread.
        parent=None if thread in (None, ts) else MessageTs(text_of(thread)),
    )


def schedule_of(option: Payload) -> ScheduleId:
    return ScheduleId(int(text_of(option["value"])))


def text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
