"""The slash command: it opens the form, or says what is running."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack

from bot.core.model import ChannelId, Place
from bot.runs import again, see
from bot.runs.door import Admitted
from bot.slack import modals, payloads, texts
from bot.slack.listeners.common import Parts, filled, unpicked
from bot.slack.listeners.opening import Opening
from bot.slack.listeners.status import Status
from bot.slack.metadata import Metadata
from bot.slack.parsing import Payload

QUOTED = re.compile(r"[\"“”„«](.+)[\"“”«»]")  # phones type typographic quotes


@dataclass(frozen=True)
class Commands:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts

    def open(self, ack: Ack, body: Payload) -> None:
        if str(body.get("text", "")).strip().lower() == texts.HELP_WORD:
            ack(texts.HELP.format(command=self.parts.command))
            return
        ack()
        command = payloads.command(body)
        if command.text.lower() == texts.STATUS_WORD:
            Status(self.parts).show(command)
            return
        Opening(
            parts=self.parts,
            asked=command,
            view=partial(self._view, command),
            too_late=texts.TOO_LATE,
        ).begin()

    def _view(self, command: payloads.Command, admitted: Admitted) -> dict[str, Any]:
        metadata = Metadata.sealed(
            self.parts.platform.form_keys, command.account, Place(channel=ChannelId(command.channel))
        )
        if not command.text:
            return unpicked(admitted, metadata)
        if command.text.lower() == texts.AGAIN_WORD:
            return self._last_run(metadata, admitted)
        quoted = QUOTED.fullmatch(command.text)
        name = quoted[1] if quoted else command.text
        brief, matching = see.named(admitted, name)
        if not matching and quoted is None:  # as the picker finds them
            found = see.find(admitted, name, 1)
            brief, matching = (found.first[0] if found.total == 1 else None), found.total
        preview = None if brief is None else see.preview(admitted, brief.id, metadata.channel)
        if preview is None:
            return modals.empty(metadata, modals.ambiguous(name, matching))
        return filled(self.parts, admitted, metadata, preview, again.fill(admitted, preview))

    def _last_run(self, metadata: Metadata, admitted: Admitted) -> dict[str, Any]:
        run = again.own_last(admitted)
        return filled(self.parts, admitted, metadata, *again.preview(admitted, run, metadata.channel))
