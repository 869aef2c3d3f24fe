"""Simulates a big installation at work: runs end some time after their submission."""

from datetime import timedelta

from django.db import connection
from django.db.models import Exists, Min, OuterRef, Q
from django.utils import timezone
from django_celery_results.models import TaskResult

from bench.inside.fill import RESULT, a_run, copies
from bot.core.model import NoticeKind
from bot.core.status import OPEN
from bot.models import Notice, NoticeState, Run

BATCH = 1_000


def standing(count: int, channels: int, lifetime: float) -> None:
    """Make `count` open runs whose messages have been sent. They will end in the next `lifetime` seconds."""
    now = timezone.now()
    run = a_run("standing")
    sent = f"timestamptz '{now.isoformat()}' - ({lifetime} * i / {count}) * interval '1 second'"
    name = "'standing' || i"
    copies(run, 1, count, key=name, task_id=name, thread=name, channel=f"'C' || (i % {channels})", sent_at=sent)
    told = {"run": run, "state": NoticeState.SENT, "due_at": now, "sent_at": now, "ts": "1.1", "channel": "C0"}
    for rank, kind in enumerate((NoticeKind.ROOT, NoticeKind.ID)):
        notice = Notice.objects.create(kind=kind, rank=rank, **told)
        copies(notice, run.pk + 1, run.pk + count, run_id="i", channel=f"'C' || ((i - {run.pk}) % {channels})")
    run.delete()


def settle(lifetime: float) -> int:
    """End runs that were sent more than `lifetime` seconds ago, one batch at most. Returns how many are open for runtask."""
    done = TaskResult.objects.filter(task_id=OuterRef("task_id"))
    old = Run.objects.filter(state__in=OPEN, sent_at__lt=timezone.now() - timedelta(seconds=lifetime))
    ids = list(old.filter(~Exists(done)).values_list("task_id", flat=True)[:BATCH])
    TaskResult.objects.bulk_create(TaskResult(task_id=task_id, status="SUCCESS", **RESULT) for task_id in ids)
    return Run.objects.filter(state__in=OPEN).count()


def oldest() -> float:
    """The number of seconds for which the oldest message has been due."""
    now = timezone.now()
    due = Notice.objects.filter(Q(state=NoticeState.OWED, due_at__lte=now) | Q(state=NoticeState.CLAIMED))
    at = due.exclude(kind=NoticeKind.PROGRESS).aggregate(oldest=Min("due_at"))["oldest"]
    return (now - at).total_seconds() if at else 0.0


def tables() -> dict[str, int]:
    """The sizes of runtask's tables with their indexes, in bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('runtask_run'), pg_total_relation_size('runtask_notice')")
        run, notice = cursor.fetchone()
    return {"runtask_run": run, "runtask_notice": notice}


QUESTIONS = {"standing": standing, "settle": settle, "oldest": oldest, "tables": tables}
