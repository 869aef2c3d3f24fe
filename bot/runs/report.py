"""Makes a `Report` from the rows of a notice and its run. Messages are built from reports."""

from datetime import datetime

from django.contrib.auth import get_user_model

from bot.core.model import (
    ChannelId,
    MessageTs,
    NoticeKind,
    Outcome,
    Report,
    RunId,
    SlackUserId,
    Source,
    Stopped,
    TaskId,
)
from bot.models import Notice, Run
from bot.runs import links


def report(notice: Notice, *, base_url: str, channel: str = "", can_stop: bool = False) -> Report:
    """`channel` overrides the run's channel: an edit goes to its root's. Reads the user if the run has no Slack account."""
    run, kind = notice.run, NoticeKind(notice.kind)
    return Report(
        kind=kind,
        run=RunId(run.pk),
        task_id=TaskId(run.task_id),
        schedule=run.schedule_name,
        task=run.task,
        requester=SlackUserId(run.slack_user),
        name="" if run.slack_user or run.user_id is None else _username(run.user_id),
        channel=ChannelId(channel or run.channel),
        thread=MessageTs(run.thread) if run.thread and kind is not NoticeKind.ROOT else None,
        state=run.state,
        status=run.status,
        created_at=run.created_at,
        sent_at=run.sent_at,
        changes=run.changed_values,
        outcome=_outcome(run),
        has_results=run.source != Source.NONE,
        by_events=run.source == Source.EVENTS,
        unseen_because=run.unseen_reason,
        later_end=_later_end(run),
        can_stop=can_stop,
        stopped=stopped(run),
        duration=run.duration,
        redirected_from=ChannelId(run.redirected_from) if run.redirected_from else None,
        redirected_because=run.redirected_because,
        result_link=links.result(base_url, run),
        run_link=links.page(base_url, run),
    )


def _outcome(run: Run) -> Outcome | None:
    if run.seen_at is None:
        return None
    return Outcome(
        task_id=TaskId(run.task_id),
        status=run.status,
        token=run.seen,
        at=run.seen_at,
        started_at=run.started_at,
        result=run.result,
        result_length=run.result_length,
        traceback=run.traceback,
        worker=run.worker,
    )


def stopped(run: Run) -> Stopped | None:
    """Reads the user."""
    standing, at = run.stop_standing, run.stop_asked_at
    if standing is None or at is None:
        return None
    name = "" if run.stopped_by_id is None else _username(run.stopped_by_id)
    return Stopped(slack=SlackUserId(run.stopped_by_slack), name=name, at=at, standing=standing)


def _username(key: object) -> str:
    """Empty: another Django has deleted that user (bot.models)."""
    users = get_user_model()
    found = users._base_manager.filter(pk=str(key))  # noqa: SLF001  # documented: all of them
    return found.values_list(users.USERNAME_FIELD, flat=True).first() or ""


def _later_end(run: Run) -> Outcome | None:
    if not run.later_ends:
        return None
    end = run.later_ends[-1]
    return Outcome(
        task_id=TaskId(run.task_id),
        status=end["status"],
        token=run.seen,
        at=datetime.fromisoformat(end["at"]),
        result=end["result"],
        result_length=len(end["result"]),
    )
