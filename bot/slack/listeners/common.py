"""What several listeners need: their parts, the form, and stopping a run."""

import logging
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.core.again import Fill
from bot.core.model import ChannelId, Preview, RunId, ScheduleId, SlackAccount
from bot.core.ports import NotDelivered
from bot.core.rights import Action
from bot.models import Run
from bot.runs import again, favourites, see, stop
from bot.runs.budget import Threads
from bot.runs.denials import Wanted
from bot.runs.door import Admitted, Platform, admit
from bot.runs.refusals import CantStop, Ended, NotAllowed
from bot.slack import external_texts, modals, texts
from bot.slack.audience import Audiences
from bot.slack.blocks import Level, Note, entities, refusal
from bot.slack.homes import Homes
from bot.slack.identity import Identity
from bot.slack.metadata import Metadata
from bot.slack.sorry import sorry
from bot.texts import sentence

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Parts:
    platform: Platform
    identity: Identity
    client: WebClient
    audiences: Audiences
    homes: Homes
    threads: Threads
    command: str

    def admit(self, account: SlackAccount, wanted: Wanted | None = None, *, may_link: bool = True) -> Admitted:
        """Call this once for each payload. Raises NotAllowed. For `may_link` see Identity, for `wanted` `bot.runs.door.admit`."""
        return admit(self.platform, self.identity.actor(account, may_link=may_link), wanted)


def unpicked(admitted: Admitted, metadata: Metadata) -> dict[str, Any]:
    """The form without a picked schedule."""
    return modals.empty(metadata) if see.has_schedules(admitted) else modals.no_schedules(metadata)


def view_of(
    parts: Parts,
    admitted: Admitted,
    schedule: ScheduleId | None,
    metadata: Metadata,
    *,
    run: RunId | None = None,
    notes: tuple[Note, ...] = (),
) -> dict[str, Any]:
    """The form with this schedule picked, or with none. It has the values of `run`, or the stored ones. Raises CantRepeat."""
    blank = metadata.blank()
    if schedule is None:
        return modals.empty(blank)
    preview = see.preview(admitted, schedule, blank.channel)
    if preview is None:
        return modals.gone(blank)
    return filled(parts, admitted, blank, preview, again.fill(admitted, preview, run), notes=notes)


def filled(
    parts: Parts, admitted: Admitted, metadata: Metadata, preview: Preview, fill: Fill, *, notes: tuple[Note, ...] = ()
) -> dict[str, Any]:
    """The form with this schedule. Its metadata names the run whose values it has. Only for actors who act in Slack."""
    run = fill.again.run.run if fill.again else None
    if (account := admitted.actor.slack) is not None:
        metadata = metadata.filled_from(parts.platform.form_keys, account, run)
    is_favourite = favourites.holds(admitted, preview.schedule.id)
    notes = (*_notes_on_readers(parts.audiences, metadata.channel), *notes)
    return modals.chosen(metadata, preview, nonce=uuid4().hex[:8], notes=notes, fill=fill, is_favourite=is_favourite)


def _notes_on_readers(audiences: Audiences, channel: ChannelId | None) -> tuple[Note, ...]:
    """A note if another company reads the run's messages, or may read them. Makes at most one short call to Slack."""
    if channel is None:  # the form asks for the channel, and has a hint about its readers
        return ()
    words = external_texts.READERS_OF_ALL if audiences.is_full else external_texts.READERS
    try:
        found = words.get(audiences.of(channel))
    except NotDelivered as exc:
        log.warning("Slack doesn't say who reads %s: %s", channel, exc)
        found = None if audiences.is_full else external_texts.READERS_NOT_TOLD
    return () if found is None else (Note(Level.INFO, found),)


def stop_or_say_why(parts: Parts, account: SlackAccount, run: RunId, *, kill: bool = False) -> tuple[Run | None, str]:
    """Stops the run and returns it, or else why it can't be stopped: mrkdwn for the person who has pressed Stop or Terminate."""
    try:
        found = stop.stop(parts.admit(account, Wanted(action=Action.STOP, run=run)), run, kill=kill)
    except NotAllowed as exc:
        return None, refusal(exc.denied)
    except (Ended, CantStop) as exc:
        return None, entities(sentence(exc.reason))
    except Exception as exc:
        log.exception("run %s could not be stopped", run)
        return None, sorry(exc)
    if found is None:
        return None, texts.NO_SUCH_RUN
    return found, ""


def complaints(exc: Exception) -> str:
    """Slack's complaints about a view: places and limits, but no contents."""
    if not isinstance(exc, SlackApiError):
        return ""
    return " ".join(map(str, exc.response.get("response_metadata", {}).get("messages", [])))
