"""Shared by all listeners."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.core.again import Fill
from bot.core.model import Actor, Preview, RunId, ScheduleId
from bot.runs import again, see
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
    parts: Parts,
    actor: Actor,
    schedule: ScheduleId | None,
    metadata: Metadata,
    *,
    run: RunId | None = None,
    note: str = "",
) -> dict[str, Any]:
    """The form with this schedule picked; empty for None. Filled from `run`, or as stored. Raises NotAllowed or NoSuchRun."""
    blank = metadata.blank()
    if schedule is None:
        return modals.empty(blank)
    preview = see.preview(parts.platform, actor, schedule, blank.channel)
    if preview is None:
        return modals.gone(blank)
    return filled(parts, actor, blank, preview, again.fill(parts.platform, actor, preview, run), note=note)


def filled(
    parts: Parts, actor: Actor, metadata: Metadata, preview: Preview, fill: Fill, *, note: str = ""
) -> dict[str, Any]:
    """The form, which carries from which run it was filled. `actor` acts from Slack."""
    run = fill.again.run.run if fill.again else None
    if actor.slack is not None:
        metadata = metadata.filled_from(parts.keys, actor.slack, run)
    return modals.chosen(metadata, preview, nonce=uuid4().hex[:8], note=note, fill=fill)


def details(exc: Exception) -> str:
    """What Slack found wrong with a view: places and limits, but no contents."""
    if not isinstance(exc, SlackApiError):
        return ""
    return " ".join(map(str, exc.response.get("response_metadata", {}).get("messages", [])))
