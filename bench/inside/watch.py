"""A pass of the watcher, and of the naive way to do the same."""

import time
from dataclasses import asdict
from typing import Any

from celery.result import AsyncResult
from django.db import connection
from django.utils import timezone
from django_celery_results.models import TaskResult

from bench.inside.fill import RESULT, a_run, copies
from bench.stats import of_turn
from bot import wiring
from bot.models import Run

GOING_ON = 3  # one in three open runs has started: it has a result with STARTED, and the watcher has recorded that
app = wiring.celery_app()
watcher, *_ = wiring.watchers()
open_runs = Run.objects.filter(state__in=["sent", "running"], key__startswith="open")


def opened(count: int) -> int:
    """Make exactly `count` open runs."""
    TaskResult.objects.filter(task_id__startswith="open").delete()
    open_runs.delete()
    if count:
        at = timezone.now()
        moment = {"sqlite": f"'{at:%Y-%m-%d %H:%M:%S.%f}'", "postgresql": f"timestamptz '{at.isoformat()}'"}
        seen = f"CASE WHEN i % {GOING_ON} = 0 THEN {moment[connection.vendor]} END"
        run = a_run("openprototype", task_id="openprototype", channel="")
        copies(run, 1, count, key="'open' || i", task_id="'open' || i", seen_at=seen)
        run.delete()
        result = TaskResult.objects.create(task_id="openprototype", status="STARTED", **RESULT)
        TaskResult.objects.filter(pk=result.pk).update(date_done=at)
        copies(result, 1, count // GOING_ON, task_id=f"'open' || (i * {GOING_ON})")
        TaskResult.objects.filter(pk=result.pk).delete()
    return int(open_runs.count())


def naive() -> None:
    for task_id in open_runs.values_list("task_id", flat=True):
        _ = AsyncResult(task_id, app=app).status


CONTESTANTS = {"runtask": watcher.step, "AsyncResult each": naive}


def turn(name: str, passes: int) -> dict[str, Any]:
    taken = []
    for _ in range(passes):
        begin = time.perf_counter()
        CONTESTANTS[name]()
        taken.append((time.perf_counter() - begin) * 1000)
    return asdict(of_turn(taken))


def changed(count: int) -> float:
    """Milliseconds for each of `count` runs that end at the same moment."""
    ids = list(open_runs.filter(seen_at=None).values_list("task_id", flat=True)[:count])
    TaskResult.objects.bulk_create(TaskResult(task_id=task_id, status="SUCCESS", **RESULT) for task_id in ids)
    begin = time.perf_counter()
    while open_runs.filter(task_id__in=ids).exists():
        watcher.step()
    return (time.perf_counter() - begin) * 1000 / len(ids)


QUESTIONS = {"open": opened, "turn": turn, "changed": changed}
