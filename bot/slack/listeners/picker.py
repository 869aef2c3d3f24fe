"""The form's picker: suggests schedules while somebody types, and shows the picked schedule, filled as was chosen."""

import logging
from dataclasses import dataclass, field
from typing import Any

from slack_bolt import Ack
from slack_sdk.errors import SlackApiError

from bot.runs import see
from bot.runs.refusals import NoSuchRun, NotAllowed
from bot.runs.waiting import Budget, TooSlow
from bot.slack import modals, payloads, texts
from bot.slack.client import UNREACHABLE, error_code
from bot.slack.ids import OPTIONS
from bot.slack.listeners.common import Parts, details, view_of
from bot.slack.payloads import Payload
from bot.texts import sentence

log = logging.getLogger(__name__)

STALE = frozenset({"hash_conflict", "not_found"})  # the person has picked again or closed the form meanwhile


@dataclass(eq=False)
class _Picked:
    """A selection that is being shown, and the version of the form that it replaces."""

    selection: payloads.Selection
    hash: str


@dataclass(frozen=True)
class Picker:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts
    _newest: dict[str, _Picked] = field(default_factory=dict)  # selections that are being shown, by form

    def suggest(self, ack: Ack, body: Payload) -> None:
        suggestion = payloads.suggestion(body)

        def find() -> dict[str, Any]:
            actor = self.parts.identity.actor(suggestion.account, may_link=False)
            return modals.suggestions(see.find(self.parts.platform, actor, suggestion.query, OPTIONS))

        try:
            ack(self.parts.threads.within(Budget(), find))
        except (NotAllowed, TooSlow):
            ack(modals.NO_SUGGESTIONS)

    def pick(self, ack: Ack, body: Payload) -> None:
        ack()
        self._begin(payloads.selection(body))

    def fill(self, ack: Ack, body: Payload) -> None:
        """Something else was chosen under "Fill in from"."""
        ack()
        self._begin(payloads.filling(body))

    def _begin(self, selection: payloads.Selection) -> None:
        self._newest[selection.view] = picked = _Picked(selection, selection.hash)
        self.parts.threads.after_answer(lambda: self._show(picked), late=lambda: self._ask_to_wait(picked))

    def forget(self, form: str) -> None:
        """After this, a selection that is still being shown can't replace what somebody types in this form."""
        self._newest.pop(form, None)

    def _show(self, picked: _Picked) -> None:
        selection = picked.selection
        metadata = selection.metadata.blank()
        try:
            actor = self.parts.identity.actor(selection.account, may_link=False)
            view = view_of(self.parts, actor, selection.schedule, metadata, run=selection.again)
        except NotAllowed as exc:
            view = modals.empty(metadata, texts.REFUSED.format(text=sentence(exc.denied)))
        except NoSuchRun as exc:
            view = modals.empty(metadata, texts.WARNING.format(text=sentence(exc.reason)))
        except Exception:
            log.exception("a schedule could not be shown")
            view = modals.empty(metadata, texts.WARNING.format(text=texts.SORRY))
        try:
            self._update(picked, view)
        except UNREACHABLE as exc:
            level = logging.INFO if error_code(exc) in STALE else logging.WARNING
            log.log(level, "views.update: %s %s", error_code(exc), details(exc))
        finally:
            if self._newest.get(selection.view) is picked:
                self._newest.pop(selection.view, None)

    def _ask_to_wait(self, picked: _Picked) -> None:
        """The arguments replace this note when they come."""
        selection = picked.selection
        if self._newest.get(selection.view) is not picked:
            return
        log.warning("a schedule could not be shown in time: the database is slow")
        view = modals.empty(selection.metadata.blank(), texts.WAITING)
        try:
            answer = self.parts.client.views_update(view_id=selection.view, hash=selection.hash, view=view)
            picked.hash = answer["view"]["hash"]
        except UNREACHABLE as exc:
            log.info("views.update: %s %s", error_code(exc), details(exc))

    def _update(self, picked: _Picked, view: dict[str, Any]) -> None:
        """The hash keeps an older selection from replacing the view of a newer selection.

        Two quick selections may have the same hash. If the older was shown first, Slack refuses the newer, so we repeat it
        without a hash. But after the note of `_ask_to_wait`, a refusal means that another process has shown a newer selection.
        """
        form, replaced = picked.selection.view, picked.hash
        try:
            self.parts.client.views_update(view_id=form, hash=replaced, view=view)
        except SlackApiError as exc:
            has_waited = replaced != picked.selection.hash
            if error_code(exc) != "hash_conflict" or has_waited or self._newest.get(form) is not picked:
                raise
            self.parts.client.views_update(view_id=form, view=view)
