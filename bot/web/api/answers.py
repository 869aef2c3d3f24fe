"""Runs and schedules as JSON values. Times are ISO 8601 in UTC, durations are seconds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.change_texts import change_name
from bot.core.model import Brief, Listening, Preview
from bot.core.rights import Need
from bot.core.status import UNENDED, RunState
from bot.models import Run
from bot.option_texts import options, stored_options
from bot.runs import clock, masks
from bot.runs.report import asked, stopped
from bot.texts import problem_text, sentence, stop_text
from bot.web import display


def run(run: Run, *, requester: str | None, secret_keys: tuple[str, ...], links: Mapping[str, str]) -> dict[str, Any]:
    """The run as it is now, with masked secrets. `links` are its addresses by name."""
    finished = run.state == RunState.FINISHED
    reason, unseen = run.not_sent_reason, run.unseen_reason
    return {
        "run": run.pk,
        "task_id": run.task_id,
        "state": run.state,
        "status": run.status or None,
        "done": run.state not in UNENDED,
        "schedule": {"id": run.schedule_id, "name": run.schedule_name},
        "task": run.task,
        "requester": requester,
        "reason": run.reason or None,
        **_values(run, secret_keys),
        "changes": [{"name": change_name(c), "old": c.old, "new": c.new} for c in run.changed_values],
        "target": dict(stored_options(run.target)),
        "created_at": _moment(run.created_at),
        "sent_at": _moment(run.sent_at),
        "started_at": _moment(run.started_at),
        "finished_at": _moment(run.finished_at),
        "duration": run.duration,
        "progress": None if finished else run.result or None,
        "result": run.result if finished else None,
        "result_length": run.result_length,
        "traceback": run.traceback or None,
        "values_deleted_at": _moment(run.values_deleted_at),
        "worker": run.worker or None,
        "not_sent_because": sentence(reason) or None,
        "not_sent_code": reason.code if reason else None,
        "source": run.source,
        "unseen_because": sentence(unseen) or None,
        "unseen_code": unseen.code if unseen else None,
        "later_ends": run.later_ends,
        "approval": _approval(run),
        **_stop(run),
        **links,
    }


def _values(run: Run, secret_keys: tuple[str, ...]) -> dict[str, Any]:
    """The arguments. None: they have been deleted."""
    sent = masks.sent(run, secret_keys)
    return {field.value: value if run.values_deleted_at is None else None for field, value in sent.items()}


def _approval(run: Run) -> dict[str, Any] | None:
    """The approval. None: the run needs none."""
    found = asked(run)
    if found is None:
        return None
    return {
        "needs": list(map(need, found.needs)),
        "until": _moment(found.until) if run.state == RunState.WAITING else None,
        "answers": [{"by": one.name or None, "yes": one.is_yes, "why": one.why or None} for one in found.answers],
    }


def need(need: Need) -> dict[str, Any]:
    return {"rule": need.rule, "needed": need.needed, "approvers": list(need.approvers)}


def _stop(run: Run) -> dict[str, Any]:
    found = stopped(run)
    name = display.stopper(found)
    return {
        "stop": found.standing if found else None,
        "stop_text": stop_text(found, name) or None,
        "stop_asked_at": _moment(run.stop_asked_at),
        "stopped_by": found.name or None if found else None,
    }


LISTENED = {Listening.YES: True, Listening.NO: False}  # null if nobody knows


def brief(schedule: Brief) -> dict[str, Any]:
    return {"id": schedule.id, "name": schedule.name, "task": schedule.task, "enabled": schedule.enabled}


def preview(preview: Preview) -> dict[str, Any]:
    """A schedule with its stored values. Secrets are masked. A value that a request leaves out is sent as it is stored."""
    schedule, last, running = preview.schedule, preview.last, preview.running
    limits = preview.limits
    problems = [
        *preview.problems,
        *limits.problems,
        *(problem for stored in preview.stored.values() for problem in stored.problems),
    ]
    return {
        "id": schedule.id,
        "name": schedule.name,
        "task": schedule.task,
        "enabled": schedule.enabled,
        "when": preview.when,
        "description": schedule.description,
        **{field.value: stored.value for field, stored in preview.stored.items()},
        "problems": [{"field": p.field, "code": p.code, "text": problem_text(p)} for p in problems],
        "target": {name: _text(value) for name, value in options(preview.target)},
        "listened": LISTENED.get(preview.listening),
        "last": None if last is None else {"status": last.status or None, "at": _moment(last.at)},
        "refused": None if limits.denied is None else {"code": limits.denied.code, "text": sentence(limits.denied)},
        "approvals": list(map(need, limits.needs)),
        "needs_reason": bool(limits.reason_for),
        "running": None if running is None else {"run": running.run, "since": _moment(running.since)},
        "fingerprint": preview.fingerprint,
    }


def _text(value: str | datetime) -> str | None:
    return _moment(value) if isinstance(value, datetime) else value


def _moment(value: datetime | None) -> str | None:
    return None if value is None else clock.iso(value)
