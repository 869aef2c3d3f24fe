"""The values that a form begins with: a schedule's stored ones, or a run's. A field that nobody changes sends these."""

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core import arguments, kept
from bot.core.model import Actor, Field, Schedule, Shown
from bot.core.reasons import Invalid
from bot.core.secrets import Secrets
from bot.models import Run
from bot.runs import limits, masks
from bot.runs.door import Platform


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The values that a form begins with. `fingerprint` changes when these values or anything else that is sent changes."""

    texts: Mapping[Field, str] = field(repr=False)
    secrets: Secrets  # masks these values. A new run keeps its names of positional arguments, to mask its own values.
    headers: Any = field(repr=False)  # the schedule's, which a new run sends
    fingerprint: str = field(repr=False)
    # In somebody else's run, a mask stands only for a secret that is in these values, too: the stored ones. None: for every one.
    shared: Mapping[Field, Any] | None = field(default=None, repr=False)

    def shown(self) -> dict[Field, Shown]:
        found = {of: arguments.shown(text, of, self.secrets) for of, text in self.texts.items()}
        if self.shared is None or not any(kept.has_mask(one.value) for one in found.values()):
            return found
        sent = self._readable()
        return {
            of: replace(one, foreign=kept.foreign(of, sent.get(of), one.value, self.shared))
            for of, one in found.items()
        }

    def parsed(self, typed: Mapping[Field, str | None]) -> dict[Field, Any]:
        """The typed values. A field that is None gets the value from here, and so does each mask left in a text. Raises Invalid."""
        values, problems = dict[Field, Any](), []
        for of, text in typed.items():
            try:
                if text is None:
                    value = arguments.parse_stored(self.texts[of], of, self.secrets)
                    values[of] = value if self.shared is None else self.secrets.of_field(value, of)
                else:
                    values[of] = arguments.parse(text, of, self.secrets)
            except Invalid as exc:
                problems += exc.problems
        if problems:
            raise Invalid(problems)
        return kept.with_secrets(values, self._readable(), self.secrets, self.headers, self.shared)

    def _readable(self) -> dict[Field, Any]:
        found = {}
        for of, text in self.texts.items():
            with contextlib.suppress(Invalid):
                found[of] = arguments.parse_stored(text, of)
        return found


def of_schedule(platform: Platform, schedule: Schedule) -> Basis:
    return Basis(
        texts={Field.ARGS: schedule.args, Field.KWARGS: schedule.kwargs},
        secrets=masks.of_schedule(schedule, platform.catalog, platform.secret_keys),
        headers=masks.headers(schedule),
        fingerprint=schedule.fingerprint,
    )


def of_run(platform: Platform, schedule: Schedule, run: Run, actor: Actor) -> Basis:
    """The values that this run of the schedule sent. The actor can't send secrets that somebody else typed."""
    is_own = actor.user is not None and str(run.user_id) == str(actor.user)
    return Basis(
        texts={Field.ARGS: run.args, Field.KWARGS: run.kwargs},
        secrets=masks.of_run_today(run, schedule.task, platform.catalog, platform.secret_keys),
        headers=masks.headers(schedule),
        fingerprint=_bound(schedule.fingerprint, run),
        shared=None if is_own else _stored(schedule),
    )


def _stored(schedule: Schedule) -> dict[Field, Any]:
    """The schedule's stored values. Empty if they can't be read."""
    call = limits.stored_call(schedule)
    return {} if call is None else dict(zip((Field.ARGS, Field.KWARGS), call, strict=True))


def _bound(fingerprint: str, run: Run) -> str:
    """The schedule's fingerprint, bound to this run's values, because a run that wasn't sent may be tried again with others."""
    return hashlib.sha256(f"{fingerprint}\0{run.args}\0{run.kwargs}".encode()).hexdigest()[:16]
