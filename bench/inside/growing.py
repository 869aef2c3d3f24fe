"""A big installation at work: runs that have been open for a while end, and what an operator would look at."""

from datetime import timedelta

from django.db import connection
from django.db.models import Exists, F, Min, OuterRef, Q
from django.utils import timezone
from django_celery_results.models import TaskResult

from bench.inside.fill import RESULT, a_run, copies
from bot.core.model import NoticeKind
from bot.core.status import OPEN
from bot.models import Notice, NoticeState, Run

BATCH = 1_000


def standing(count: int, channels: int, lifetime: float) -> None:
    """As many open runs, told in their channels, whose ends are spread over the next `lifetime` seconds."""
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
    """Runs that were sent so many seconds ago have ended, up to a batch. Returns how many are open as far as runtask knows."""
    done = TaskResult.objects.filter(task_id=OuterRef("task_id"))
    old = Run.objects.filter(state__in=OPEN, sent_at__lt=timezone.now() - timedelta(seconds=lifetime))
    ids = list(old.filter(~Exists(done)).values_list("task_id", flat=True)[:BATCH])
    TaskResult.objects.bulk_create(TaskResult(task_id=task_id, status="SUCCESS", **RESULT) for task_id in ids)
    return Run.objects.filter(state__in=OPEN).count()


def sample() -> dict[str, float]:
    """Queues and their age in seconds; bytes of the database."""
    now = timezone.now()
    due = Notice.objects.filter(Q(state=NoticeState.OWED, due_at__lte=now) | Q(state=NoticeState.CLAIMED))
    oldest = due.exclude(kind=NoticeKind.PROGRESS).aggregate(oldest=Min("due_at"))["oldest"]
    done = TaskResult.objects.filter(task_id=OuterRef("task_id"), date_done__gt=F("date_created"))
    unseen = Run.objects.filter(state__in=OPEN).filter(Exists(done))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0]
    return {
        "open": Run.objects.filter(state__in=OPEN).count(),
        "due": due.count(),
        "age": (now - oldest).total_seconds() if oldest else 0.0,
        "unseen": unseen.count(),
        "bytes": size,
    }


def tables() -> dict[str, int]:
    """Bytes of our tables with their indexes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('runtask_run'), pg_total_relation_size('runtask_notice')")
        run, notice = cursor.fetchone()
    return {"runtask_run": run, "runtask_notice": notice}


def started(prefix: str) -> int:
    return int(Run.objects.filter(key__startswith=prefix).count())


QUESTIONS = {"standing": standing, "settle": settle, "sample": sample, "tables": tables, "started": started}
