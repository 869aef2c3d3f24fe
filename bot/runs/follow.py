"""The verb *follow*: brings a run up to date, whether or not a watcher is running."""

import logging
from collections.abc import Iterable

from django.db.models import Q

from bot.core.model import RunId, Source, TaskId
from bot.core.ports import SourceSilent
from bot.core.status import ENDED, OPEN, RunState
from bot.models import Run
from bot.runs import clock, finish, sources
from bot.runs.door import Admitted, Platform, SeenRun
from bot.runs.sources import Sources

log = logging.getLogger(__name__)


def follow(admitted: Admitted, run: RunId) -> SeenRun | None:
    """The run, with its newest outcome. None: it doesn't exist, or the actor may not see it."""
    seen = admitted.run(run)
    if seen is not None and catch_up(admitted.platform, seen.run):
        seen.run.refresh_from_db()
    return seen


def catch_up(platform: Platform, run: Run) -> bool:
    """If the run may still change, asks its source once. True if the run has changed."""
    now = clock.now()
    is_watched = run.state in OPEN or run.state == RunState.UNSEEN or (run.state in ENDED and run.deadline_at > now)
    if not is_watched:
        return False
    changed = 0
    outcomes = platform.sources.of(run)
    if outcomes is not None:
        try:
            news = outcomes.of(TaskId(run.task_id))
            changed = finish.record(news, now=now, deadline=platform.deadline, secret_keys=platform.secret_keys)
            changed = changed or sources.end_expired(outcomes, now=now, only=run.pk)
        except SourceSilent as exc:
            log.info("run %s can't be followed now: %s", run.pk, exc)
            return False
    if not changed and run.deadline_at <= now:
        this = Q(pk=run.pk)
        changed = finish.give_up(now=now, of=this) or finish.mark_overdue(now=now, of=this)
    if changed:
        platform.wake()
    return bool(changed)


def catch_up_all(known: Sources, runs: Iterable[Run], *, deadline: float, secret_keys: tuple[str, ...]) -> int:
    """Asks the sources of these runs. A source that doesn't answer isn't asked again. Returns how many runs have changed."""
    changed = 0
    silent = set[Source]()
    for run in runs:
        outcomes = known.of(run)
        if outcomes is None or outcomes.source in silent:
            continue
        try:
            news = outcomes.of(TaskId(run.task_id))
        except SourceSilent as exc:
            log.info("run %s can't be followed now: %s", run.pk, exc)
            silent.add(outcomes.source)
        else:
            changed += finish.record(news, now=clock.now(), deadline=deadline, secret_keys=secret_keys)
    return changed
