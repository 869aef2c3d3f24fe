"""Mentions: the author gets a button that opens the form, filled as they wrote. A mention alone runs nothing."""

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from slack_bolt import Ack

from bot.core import mention
from bot.core.model import Matches
from bot.core.overlay import overlaid
from bot.core.reasons import Invalid
from bot.runs import again, drafts, see
from bot.runs.door import Admitted
from bot.runs.drafts import NOTHING, Values, Written
from bot.runs.refusals import NotAllowed
from bot.slack import events, mentions, modals, presses, texts
from bot.slack.blocks import Block, refusal
from bot.slack.client import UNREACHABLE, error_code
from bot.slack.ids import INPUT_TEXT
from bot.slack.listeners.common import Parts, complaints, filled
from bot.slack.listeners.opening import Opening
from bot.slack.metadata import Metadata
from bot.slack.parsing import Payload
from bot.slack.sorry import sorry
from bot.slack.typed import typed

log = logging.getLogger(__name__)

# Words with a meaning after the command, but not in a mention.
WORDS = (texts.HELP_WORD, texts.AGAIN_WORD, texts.STATUS_WORD)


@dataclass(frozen=True)
class Mentions:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def answer(self, ack: Ack, body: Payload) -> None:
        ack()
        found = events.mention(body)
        if found is not None:
            late = partial(log.warning, "a mention is answered late: the database, or Slack's users.info, is slow")
            self.parts.threads.after_answer(partial(self._answer, found), late=late)

    def choose(self, ack: Ack, body: Payload) -> None:
        ack()
        choice = presses.choice(body)
        Opening(
            parts=self.parts,
            asked=choice,
            view=partial(self._view, choice),
            too_late=texts.TOO_LATE_TO_CHOOSE,
        ).begin()

    def _answer(self, found: events.Mention) -> None:
        ours = self.parts.identity.installation.id()
        if ours and found.installation != ours:  # `ours` is empty if Slack can't be asked; then the answer says that
            log.info("ignored a mention of another installation")
            return
        try:
            message = self._message(found)
        except Exception as exc:
            log.exception("a mention could not be answered")
            message = mentions.plain(sorry(exc))
        if message is None:
            log.info("ignored a mention that was answered before, or one of too many")
            return
        place, client = found.place, self.parts.client
        try:
            client.chat_postEphemeral(channel=place.channel, user=found.account.user, thread_ts=place.parent, **message)
        except UNREACHABLE as exc:
            log.warning("chat.postEphemeral: %s %s", error_code(exc), complaints(exc))

    def _message(self, found: events.Mention) -> Block | None:
        """The answer. None if this mention was answered before, or if its author has already read that there were too many."""
        key = drafts.new_key()
        written = Written(
            installation=found.installation, account=found.account, place=found.place, message=found.message
        )
        answered = drafts.lately(written)
        if answered > drafts.MOST:
            return None
        is_enough = answered == drafts.MOST
        message, values = (mentions.too_many(), NOTHING) if is_enough else self._read(found, key)
        return message if drafts.keep(key, written, values) else None

    def _read(self, found: events.Mention, key: str) -> tuple[Block, Values]:
        platform, command = self.parts.platform, self.parts.command
        try:
            admitted = self.parts.admit(found.account)
            read = mention.parse(typed(found.text, self.parts.identity.installation.user()))
        except NotAllowed as exc:
            return mentions.plain(refusal(exc.denied)), NOTHING
        except Invalid as exc:
            return mentions.not_read(exc.problems[0]), NOTHING
        if not read.name or (read.name.lower() in WORDS and not (read.is_quoted or read.has_values)):
            return mentions.usage(command), NOTHING
        matches = _matches(admitted, read.name)
        if not matches.total:
            return mentions.no_match(read.name, command), NOTHING
        values = drafts.without_secrets(platform, read, [brief.task for brief in matches.first])
        return mentions.choices(matches, read.name, values, key), values

    def _view(self, choice: presses.Choice, admitted: Admitted) -> dict[str, Any]:
        place, values = drafts.get(admitted, self.parts.identity.installation.id(), choice.draft)
        metadata = Metadata.sealed(self.parts.platform.form_keys, choice.account, place)
        preview = see.preview(admitted, choice.schedule, place.channel)
        if preview is None:
            return modals.gone(metadata)
        stored, left_out = overlaid(preview.stored, values.args, values.kwargs, limit=INPUT_TEXT)
        shown = replace(preview, stored=stored)
        fill = again.fill(admitted, preview)
        return filled(self.parts, admitted, metadata, shown, fill, notes=mentions.notes(values, left_out))


def _matches(admitted: Admitted, name: str) -> Matches:
    one, _ = see.named(admitted, name)
    return see.find(admitted, name, mentions.BUTTONS) if one is None else Matches(first=(one,), total=1)
