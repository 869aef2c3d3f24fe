"""The form's picker: suggests schedules while somebody types, and shows the picked one, with its values or those of a run."""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from slack_bolt import Ack

from bot.runs import favourites, see
from bot.runs.budget import Budget, TooSlow
from bot.runs.refusals import CantRepeat, NotAllowed
from bot.slack import modals, payloads
from bot.slack.blocks import Level, Note, refusal
from bot.slack.client import UNREACHABLE, error_code
from bot.slack.ids import OPTIONS
from bot.slack.listeners.common import Parts, complaints, view_of
from bot.slack.parsing import Payload
from bot.slack.sorry import sorry
from bot.texts import sentence

log = logging.getLogger(__name__)

MOST_FORMS = 1000  # forms that this process remembers, at most
STALE = frozenset({"hash_conflict", "not_found"})  # the person has picked again or closed the form meanwhile


@dataclass(eq=False)
class _Form:
    """The selections and versions of an open form, as far as this process knows them."""

    picked: payloads.Selection | None = None  # the newest selection, until it is shown
    picked_at: Decimal = Decimal(0)  # when the newest selection was made
    # Hashes of the view: the one in which the person picked, then those of our updates. An update must name the last one, or Slack
    # refuses it.
    versions: list[str] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)  # held while Slack updates the form


@dataclass(frozen=True)
class Picker:
    """Bolt passes arguments by name: `ack` answers Slack, `body` is the payload."""

    parts: Parts
    _forms: OrderedDict[str, _Form] = field(default_factory=OrderedDict)  # by view id, the most recently used form last
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def suggest(self, ack: Ack, body: Payload) -> None:
        suggestion = payloads.suggestion(body)

        def find() -> dict[str, Any]:
            admitted = self.parts.admit(suggestion.account, may_link=False)
            matches = see.find(admitted, suggestion.query, OPTIONS)
            own = () if suggestion.query.strip() else favourites.listed(admitted)
            return modals.suggestions(matches, own)

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
        form = self._form_of(selection)
        if form is None:
            log.warning("ignored a selection that is older than one in the same form")
            return
        show, wait = partial(self._show, selection, form), partial(self._ask_to_wait, selection, form)
        self.parts.threads.after_answer(show, late=wait)

    def redraw(self, shown: Payload, view: dict[str, Any]) -> None:
        """Replaces the form as the person saw it (`shown`, from a payload).

        Does nothing if the form shows something else by now, or is about to.
        """
        with self._lock:
            form = self._known(shown["id"])
        with form.turn:
            newest = form.versions[-1] if shown["hash"] in form.versions else shown["hash"]
            if form.picked is not None or newest != shown["hash"]:
                return
            try:
                self._replace(form, shown["id"], shown["hash"], view)
            except UNREACHABLE as exc:
                _log_refusal(exc)

    def forget(self, view: str) -> None:
        """Cancels the update for a selection that hasn't been shown yet."""
        with self._lock:
            if view in self._forms:
                self._forms[view].picked = None

    def _form_of(self, selection: payloads.Selection) -> _Form | None:
        """The form of the selection. None if the same selection, or a newer one, has come before."""
        with self._lock:
            form = self._known(selection.view)
            if selection.at <= form.picked_at:
                return None
            form.picked, form.picked_at = selection, selection.at
            return form

    def _known(self, view: str) -> _Form:
        """The form of this view, perhaps a new one. The caller has the lock."""
        form = self._forms.setdefault(view, _Form())
        self._forms.move_to_end(view)
        if len(self._forms) > MOST_FORMS:
            self._forms.popitem(last=False)
        return form

    def _show(self, selection: payloads.Selection, form: _Form) -> None:
        metadata = selection.metadata.blank()
        try:
            admitted = self.parts.admit(selection.account, may_link=False)
            view = view_of(self.parts, admitted, selection.schedule, metadata, run=selection.again)
        except NotAllowed as exc:
            view = modals.empty(metadata, Note(Level.ERROR, refusal(exc.denied)))
        except CantRepeat as exc:
            view = modals.empty(metadata, Note(Level.WARNING, sentence(exc.reason)))
        except Exception as exc:
            log.exception("a schedule could not be shown")
            view = modals.empty(metadata, Note(Level.ERROR, sorry(exc)))
        with form.turn:
            try:
                self._update(selection, form, view)
            except UNREACHABLE as exc:
                _log_refusal(exc)
            finally:
                with self._lock:
                    if form.picked is selection:
                        form.picked = None

    def _ask_to_wait(self, selection: payloads.Selection, form: _Form) -> None:
        """Shows a note, which the arguments replace as soon as they are known."""
        with form.turn:
            if form.picked is not selection:
                return
            log.warning("a schedule could not be shown in time: the database is slow")
            view = modals.empty(selection.metadata.blank(), modals.WAITING)
            try:
                self._update(selection, form, view)
            except UNREACHABLE as exc:
                log.info("views.update: %s %s", error_code(exc), complaints(exc))

    def _update(self, selection: payloads.Selection, form: _Form, view: dict[str, Any]) -> None:
        """Shows this view, unless there is a newer selection. The caller has the form's turn.

        If somebody picks twice quickly, the second selection is made before Slack shows the view for the first. The view for
        the second then replaces the first view, because this process knows the first view's version. Slack refuses to replace a
        view that another process has put there (hash_conflict).
        """
        if form.picked is not selection:
            return
        self._replace(form, selection.view, selection.hash, view)

    def _replace(self, form: _Form, shown: str, version: str, view: dict[str, Any]) -> None:
        """`version`: the version of the view in which the person has acted. The caller has the form's turn."""
        if version not in form.versions:
            form.versions = [version]
        answer = self.parts.client.views_update(view_id=shown, hash=form.versions[-1], view=view)
        form.versions.append(answer["view"]["hash"])


def _log_refusal(exc: Exception) -> None:
    level = logging.INFO if error_code(exc) in STALE else logging.WARNING
    log.log(level, "views.update: %s %s", error_code(exc), complaints(exc))
