"""Shared by all listeners."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.core.model import Actor, ScheduleId
from bot.runs import see
from bot.runs.door import Platform
from bot.runs.waiting import Threads
from bot.slack import modals
from bot.slack.identity import Identity
from bot.slack.metadata import Metadata


@dataclass(frozen=True, kw_only=True)
class Parts:
    platform: Platform
    identity: Identity
    client: WebClient
    threads: Threads
    command: str
    keys: tuple[str, ...] = field(
        repr=False
    )  # sign the values that the form carries: the first one now, the others until lately


def view_of(
    platform: Platform, actor: Actor, schedule: ScheduleId | None, metadata: Metadata, note: str = ""
) -> dict[str, Any]:
    """The form with this schedule picked; empty for None. Raises NotAllowed."""
    if schedule is None:
        return modals.empty(metadata)
    preview = see.preview(platform, actor, schedule)
    return modals.chosen(metadata, preview, nonce=nonce(), note=note) if preview else modals.gone(metadata)


def nonce() -> str:
    return uuid4().hex[:8]


def details(exc: Exception) -> str:
    """What Slack found wrong with a view: places and limits, but no contents."""
    if not isinstance(exc, SlackApiError):
        return ""
    return " ".join(map(str, exc.response.get("response_metadata", {}).get("messages", [])))
