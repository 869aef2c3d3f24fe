"""The verb *start*: checks a request, saves the run, and sends it."""

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
from bot.runs import again, attempts, basis, earlier, limits, outbox, rows, sending
from bot.runs.attempts import Attempt
from bot.runs.basis import Basis
from bot.runs.budget import Budget
from bot.runs.denials import Wanted
from bot.runs.door import Admitted
from bot.runs.one_at_a_time import one_at_a_time
from bot.runs.refusals import Changed, Gone, NotAllowed, Refused, Taken


def check(admitted: Admitted, request: RunRequest) -> None:
    """Finds what `start` would find wrong before sending. Raises NotAllowed or Refused."""
    _prepared(admitted, request, TaskId(""))


def start(admitted: Admitted, request: RunRequest, budget: Budget) -> Run:
    """The run, sent or waiting for approval. A repeated submission gets the run of the first one. Raises NotAllowed or Refused."""
    where = request.destination.installation if request.destination else ""
    with admitted.recorded(Wanted(action=Action.RUN, schedule=request.schedule, installation=where)):
        return _start(admitted, request, budget)


def _start(admitted: Admitted, request: RunRequest, budget: Budget) -> Run:
    try:
        ready = _prepared(admitted, request, TaskId(str(uuid.uuid4())))
    except (Refused, NotAllowed) as exc:
        return earlier.started(admitted, request, budget, exc)
    try:
        run, attempt = _saved(admitted, request, ready, budget)
    except Taken as exc:
        if exc.run is not None and not admitted.seen(exc.run):
            raise Taken(None) from None
        raise
    except NotAllowed as exc:  # another run of the schedule is open, and a rule allows one at a time
        return earlier.started(admitted, request, budget, exc)
    if attempt is None:
        return run
    if run.state == RunState.WAITING:
        admitted.platform.wake()
        return run
    sending.send(admitted.platform, run, attempt, ready.dispatch, budget)
    return run


@dataclass(frozen=True)
class _Ready:
    """A request that has passed all checks."""

    schedule: Schedule
    rules: tuple[Rule, ...]
    dispatch: Dispatch
    names: Parameters


def _saved(admitted: Admitted, request: RunRequest, ready: _Ready, budget: Budget) -> tuple[Run, Attempt | None]:
    """The row of the run, and the attempt that must be sent now; None if another press of the same form sends it."""
    platform = admitted.platform

    def save(attempt: Attempt, how: Callable[[Attempt], Run | None]) -> Run | None:
        with platform.unsaved.unless_saved(attempt), one_at_a_time(platform, request.key, ready.schedule, ready.rules):
            return _saved_owing_its_root(attempt, how)

    attempt = rows.attempt(admitted, request, ready.schedule, ready.dispatch, ready.rules, names=ready.names)
    # A request is nearly always new. So we insert first: if there is an earlier one, the unique key makes that fail.
    run = save(attempt, attempts.created)
    if run is None:
        first = Run.objects.get(key=request.key)
        if not earlier.can_be_retried(first, request) and not earlier.was_unsaved(
            earlier.awaited(first, request, budget)
        ):
            return earlier.sent(first), None
        attempt = replace(attempt, replaces=first.task_id)
        run = save(attempt, attempts.taken_over)
    if run is None:  # another press was faster
        return earlier.sent(earlier.awaited(Run.objects.get(key=request.key), request, budget)), None
    return run, attempt


def _saved_owing_its_root(attempt: Attempt, save: Callable[[Attempt], Run | None]) -> Run | None:
    """Saves the row.

    A run that waits for approval posts its first message now, because it may never be sent. If an earlier attempt has posted
    that message, it is edited. Other runs post it after sending.
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
        dispatch = admitted.platform.sender.prepare(schedule, task_id, args, kwargs, requester=admitted.actor.name)
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
    rules = admitted.rules_of(schedule)
    admitted.authorise(Action.RUN, rules, channel=channel)
    filled = _basis(admitted, request, schedule)
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


def _basis(admitted: Admitted, request: RunRequest, schedule: Schedule) -> Basis:
    """The values that the form began with. Raises CantRepeat."""
    if request.again is None:
        return basis.of_schedule(admitted.platform, schedule)
    run = again.earlier_of(admitted, schedule, request.again)
    return basis.of_run(admitted.platform, schedule, run, admitted.actor)
