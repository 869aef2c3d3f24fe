"""The verb *start*: check a request, save the run, send it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.core import signature
from bot.core.model import ChannelId, Dispatch, Field, NoticeKind, RunRequest, Schedule, TaskId
from bot.core.reasons import Invalid, Problem
from bot.core.rights import Action
from bot.core.rules import Rule
from bot.core.secrets import Parameters
from bot.core.status import RunState
from bot.models import Run, atomic
from bot.runs import again, attempts, basis, denials, limits, outbox, rows, sending
from bot.runs.attempts import Attempt
from bot.runs.basis import Basis
from bot.runs.door import Admitted, Platform, admit
from bot.runs.refusals import Changed, Gone, NotAllowed, Refused, Taken
from bot.runs.turns import turn
from bot.runs.waiting import Budget


def check(platform: Platform, request: RunRequest) -> None:
    """Finds what `start` would find wrong before sending. Raises NotAllowed or Refused."""
    _prepared(admit(platform, request.actor), request, TaskId(""))


def start(platform: Platform, request: RunRequest, budget: Budget) -> Run:
    """The run, sent or waiting for approval. A repeated submission gets the run of the first one. Raises NotAllowed or Refused."""
    where = request.destination.installation if request.destination else ""
    with denials.recorded(platform, request.actor, Action.RUN, schedule=request.schedule, installation=where):
        return _start(platform, request, budget)


def _start(platform: Platform, request: RunRequest, budget: Budget) -> Run:
    admitted = admit(platform, request.actor)
    try:
        ready = _prepared(admitted, request, TaskId(str(uuid.uuid4())))
    except (Refused, NotAllowed) as exc:
        return _sent_before(admitted, request, budget, exc)
    try:
        run, attempt = _saved(platform, request, ready, budget)
    except Taken as exc:
        raise exc if exc.run is None or admitted.sees(exc.run) else Taken(None) from None
    except NotAllowed as exc:  # another run of the schedule is open, and a rule allows one at a time
        return _sent_before(admitted, request, budget, exc)
    if attempt is None:
        return run
    if run.state == RunState.WAITING:
        platform.wake()
        return run
    sending.send(platform, run, attempt, ready.dispatch, budget)
    return run


def _sent_before(admitted: Admitted, request: RunRequest, budget: Budget, why: Refused | NotAllowed) -> Run:
    """The run of an earlier press of the same form. Raises `why` if there is none, if it may be retried, or if it is hidden."""
    earlier = Run.objects.filter(key=request.key).first()
    if earlier is None or rows.can_be_retried(earlier, request) or not admitted.sees(earlier):
        raise why
    return rows.earlier_run(rows.awaited(earlier, request, budget))


@dataclass(frozen=True)
class _Ready:
    """A request that has passed all checks."""

    schedule: Schedule
    rules: tuple[Rule, ...]
    dispatch: Dispatch
    names: Parameters


def _saved(platform: Platform, request: RunRequest, ready: _Ready, budget: Budget) -> tuple[Run, Attempt | None]:
    """The row of the run, and the attempt that must be sent now; None if another press of the same form sends it."""
    attempt = rows.attempt(platform, request, ready.schedule, ready.dispatch, ready.rules, names=ready.names)
    # A request is nearly always new. So we insert first: if there is an earlier one, the unique key makes that fail.
    with platform.unsaved.unless_saved(attempt), turn(platform, request.key, ready.schedule, ready.rules):
        run = _saved_owing_its_root(attempt, attempts.created)
    if run is None:
        earlier = Run.objects.get(key=request.key)
        if not rows.can_be_retried(earlier, request) and not rows.was_unsaved(rows.awaited(earlier, request, budget)):
            return rows.earlier_run(earlier), None
        attempt = replace(attempt, replaces=earlier.task_id)
        with platform.unsaved.unless_saved(attempt), turn(platform, request.key, ready.schedule, ready.rules):
            run = _saved_owing_its_root(attempt, attempts.taken_over)
    if run is None:  # another press was faster
        return rows.earlier_run(rows.awaited(Run.objects.get(key=request.key), request, budget)), None
    return run, attempt


def _saved_owing_its_root(attempt: Attempt, save: Callable[[Attempt], Run | None]) -> Run | None:
    """Saves the row. A run that waits for approval owes its root from then on, as it may never be sent.

    If an earlier attempt has posted the root, that is edited.
    """
    if attempt.values["state"] != RunState.WAITING:
        return save(attempt)
    with atomic():
        run = save(attempt)
        if run is not None:
            if attempt.replaces and outbox.has_notices(run):
                outbox.owe_edit(run, now=run.created_at, at_once=True)
            else:
                outbox.owe(run, NoticeKind.ROOT, now=run.created_at)
        return run


def _prepared(admitted: Admitted, request: RunRequest, task_id: TaskId) -> _Ready:
    schedule, rules, names, args, kwargs = _checked(admitted, request)
    try:
        dispatch = admitted.platform.sender.prepare(schedule, task_id, args, kwargs, requester=request.actor.name)
    except Invalid as exc:
        raise Refused(exc.problems) from exc
    return _Ready(schedule, rules, dispatch, names)


def _checked(
    admitted: Admitted, request: RunRequest
) -> tuple[Schedule, tuple[Rule, ...], Parameters, list[Any], dict[str, Any]]:
    platform, schedule = admitted.platform, admitted.schedule(request.schedule)
    if schedule is None:
        raise Gone
    channel = ChannelId("") if request.destination is None else request.destination.place.channel
    rules = admitted.authorise(Action.RUN, schedule, channel=channel)
    filled = _basis(platform, request, schedule)
    # The API runs a run again with the fingerprint of the schedule alone.
    ours = filled.fingerprint, schedule.fingerprint
    if (mark := request.fingerprint) is not None and not any(platform.is_seal_of(mark, one) for one in ours):
        raise Changed
    problems: list[Problem] = platform.sender.problems(schedule)
    try:
        values = filled.parsed({Field.ARGS: request.args, Field.KWARGS: request.kwargs})
    except Invalid as exc:
        raise Refused([*problems, *exc.problems]) from exc
    if not problems and (known := platform.catalog.signature(schedule.task)) is not None:
        problems += signature.problems(known, values[Field.ARGS], values[Field.KWARGS])
    call = values[Field.ARGS], values[Field.KWARGS]
    problems += [*limits.of_reason(rules, request), *limits.of_values(admitted, schedule, rules, call)]
    if problems:
        raise Refused(problems)
    return schedule, rules, filled.secrets.names, *call


def _basis(platform: Platform, request: RunRequest, schedule: Schedule) -> Basis:
    """The values that the form began with. Raises NotAllowed or CantRepeat."""
    if request.again is None:
        return basis.of_schedule(platform, schedule)
    return basis.of_run(platform, schedule, again.row(platform, request.actor, request.again, schedule.id))
