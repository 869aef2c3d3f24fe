"""Ends runs that wait for approval without sending them. Messages in the thread and to the approvers say so."""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Act, Who
from bot.core.model import Actor, NoticeKind
from bot.core.reasons import Reason
from bot.core.status import RunState
from bot.models import Run, atomic, still
from bot.runs import audit, finish, outbox

log = logging.getLogger(__name__)

ACTS = {
    RunState.DECLINED: Act.RUN_DECLINED,
    RunState.LAPSED: Act.RUN_LAPSED,
    RunState.WITHDRAWN: Act.RUN_WITHDRAWN,
}


@atomic()
def end(
    pk: int,
    state: RunState,
    *,
    now: datetime,
    why: Reason | None = None,
    by: Actor | None = None,
    said: str = "",
    **more: Any,
) -> Run | None:
    """Ends the run. None: it doesn't wait any more.

    `by`: the person who ends it; None: nobody. `said`: the reason that they typed. `more`: further columns of the run.
    """
    reason = {} if why is None else {"not_sent_because": why.dump()}
    values = {"state": state, "deadline_at": now, **reason, **more}
    if not Run.objects.filter(still(RunState.WAITING), pk=pk).update(**values):
        return None
    run = Run.objects.get(pk=pk)
    told = [NoticeKind.CLOSED] if run.tells_of("") else []
    outbox.owe_edit(run, NoticeKind.ROOT, *told, now=now, at_once=True)
    outbox.owe_answered(run, now=now)
    details = {} if why is None else {"code": why.code, **why.params}
    record = finish.of_run(ACTS[state], run, **details, **({"why": said} if said else {}))
    record = replace(record, about=audit.requester(pk))
    audit.append(record if by is None else replace(record, entry=by.entry, who=Who.of(by)))
    log.info("run %s %s without having been sent%s", pk, state, "" if why is None else f" ({why.code})")
    return run


def lapse(run: Run, *, now: datetime) -> Run | None:
    """Ends a run that didn't get all approvals in time. None: it doesn't wait any more."""
    return end(run.pk, RunState.LAPSED, now=now, deadline_at=run.deadline_at)
