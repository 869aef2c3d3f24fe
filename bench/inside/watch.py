"""Measures a pass of the watcher, and a naive way to do the same."""

import time
from dataclasses import asdict
from typing import Any

import redis
from celery import Celery
from celery.result import AsyncResult
from django.utils import timezone
from django_celery_results.models import TaskResult

from bench.inside.fill import RESULT, a_run, copies
from bench.results import IN_REDIS, OURS
from bench.setups import REDIS
from bench.stats import of_turn
from bot import wiring
from bot.broker.outcomes.backend import BackendOutcomes
from bot.broker.outcomes.readers import token
from bot.core.model import Source
from bot.core.secrets import WORDS
from bot.models import Run
from bot.runs.loops import Watcher

GOING_ON = 3  # one in three open runs has started: its result has the status STARTED, which the watcher has recorded
app = wiring.celery_app()
watcher, *_ = wiring.watchers()
backend_app = Celery("bench", backend=REDIS, set_as_current=False)
in_redis = Watcher(BackendOutcomes(backend_app), deadline=1e6, wake=lambda: None, secret_keys=WORDS)
META = b'{"status": "STARTED", "result": {"pid": 1, "hostname": "w"}, "traceback": null, "children": [], "date_done": null}'
open_runs = Run.objects.filter(state__in=["sent", "running"], key__startswith="open")


def opened(count: int) -> int:
    """Make exactly `count` open runs."""
    TaskResult.objects.filter(task_id__startswith="open").delete()
    open_runs.delete()
    if count:
        at = timezone.now()
        seen = f"CASE WHEN i % {GOING_ON} = 0 THEN '{at.isoformat()} STARTED' ELSE '' END"
        run = a_run("openprototype", task_id="openprototype", channel="")
        copies(run, 1, count, key="'open' || i", task_id="'open' || i", seen=seen)
        run.delete()
        result = TaskResult.objects.create(task_id="openprototype", status="STARTED", **RESULT)
        TaskResult.objects.filter(pk=result.pk).update(date_done=at)
        copies(result, 1, count // GOING_ON, task_id=f"'open' || (i * {GOING_ON})")
        TaskResult.objects.filter(pk=result.pk).delete()
    return int(open_runs.count())


def naive() -> None:
    for task_id in open_runs.values_list("task_id", flat=True):
        _ = AsyncResult(task_id, app=app).status


CONTESTANTS = {OURS: watcher.step, IN_REDIS: in_redis.step, "AsyncResult each": naive}


def turn(name: str, passes: int) -> dict[str, Any]:
    taken = []
    if name == IN_REDIS:
        moved()
    for _ in range(passes):
        begin = time.perf_counter()
        CONTESTANTS[name]()
        taken.append((time.perf_counter() - begin) * 1000)
    open_runs.update(source=Source.ROWS)
    return asdict(of_turn(taken))


def moved() -> None:
    """Move the open runs to the source `backend`. The backend has the same number of results as the table, and nothing new."""
    started = [f"open{number}" for number in range(GOING_ON, open_runs.count() + 1, GOING_ON)]
    with redis.Redis.from_url(REDIS) as client, client.pipeline() as pipe:
        for task in started:
            pipe.set(f"celery-task-meta-{task}", META)
        pipe.execute()
    open_runs.update(source=Source.BACKEND, seen="")
    open_runs.filter(task_id__in=started).update(seen=token(META))
    in_redis.outcomes = BackendOutcomes(backend_app)


def changed(count: int) -> float:
    """The milliseconds for each of `count` runs that end at the same moment."""
    ids = list(open_runs.filter(seen="").values_list("task_id", flat=True)[:count])
    TaskResult.objects.bulk_create(TaskResult(task_id=task_id, status="SUCCESS", **RESULT) for task_id in ids)
    begin = time.perf_counter()
    while open_runs.filter(task_id__in=ids).exists():
        watcher.step()
    return (time.perf_counter() - begin) * 1000 / len(ids)


QUESTIONS = {"open": opened, "turn": turn, "changed": changed}
