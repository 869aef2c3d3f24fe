"""Makes rows on which other processes act: runs that end, and messages that are due."""

import time
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from celery import Celery
from django.utils import timezone
from django_celery_results.models import TaskResult
from kombu.exceptions import ChannelError

from bench.inside.fill import RESULT, a_run, copies
from bench.setups import INSTALLATION, REDIS
from bot import wiring
from bot.core.model import NoticeKind, Source
from bot.models import Notice, NoticeState, Run

in_redis = Celery("bench", backend=REDIS, set_as_current=False)


def runs(prefix: str, count: int, source: str) -> None:
    """Make open runs. Each has its own thread and channel, and the message about its id has been sent."""
    for number in range(count):
        name = f"{prefix}{number}"
        run = a_run(name, task_id=_task(name, source), thread=name, channel=f"C{name}", source=source)
        sent = {
            "run": run,
            "installation": INSTALLATION,
            "state": NoticeState.SENT,
            "due_at": run.sent_at,
            "sent_at": run.sent_at,
        }
        Notice.objects.create(kind=NoticeKind.ROOT, rank=0, ts=run.thread, channel=run.channel, **sent)
        Notice.objects.create(kind=NoticeKind.ID, rank=1, ts="1.2", channel=run.channel, **sent)


def finish(name: str, source: str) -> float:
    """Write a run's result. Returns the time at which the result could be read."""
    if source == Source.BACKEND:
        in_redis.backend.store_result(name, "30 rows", "SUCCESS")
    elif source == Source.EVENTS:
        said = {"uuid": _task(name, source), "result": "'30 rows'", "runtime": 1.0}
        with wiring.celery_app().events.default_dispatcher() as dispatcher:
            dispatcher.send("task-succeeded", **said)
    else:
        TaskResult.objects.create(task_id=name, status="SUCCESS", **RESULT)
    return time.monotonic()


def _task(name: str, source: str) -> str:
    """The task's id. Events need an id in the form of our own ids; runtask drops all others unread."""
    return str(uuid5(NAMESPACE_URL, name)) if source == Source.EVENTS else name


def owed(prefix: str, count: int) -> None:
    """Make messages that are due, each in its own channel."""
    prototype = a_run(f"{prefix}prototype", state="finished", thread="")
    name = f"'{prefix}' || i"
    copies(prototype, 1, count, key=name, task_id=name, channel=f"'C' || {name}")
    prototype.delete()
    root = {"installation": INSTALLATION, "kind": NoticeKind.ROOT, "rank": 0, "due_at": timezone.now()}
    Notice.objects.bulk_create(Notice(run=run, **root) for run in Run.objects.filter(key__startswith=prefix))


def forget(prefix: str) -> None:
    """Delete runs by the beginning of their keys. Raises LookupError if there is none: the next experiment would find them."""
    deleted, _ = Run.objects.filter(key__startswith=prefix).delete()
    if not deleted:
        raise LookupError(f"no run's key begins with {prefix}")


def waiting() -> int:
    """The number of messages on the broker. It has those of all contestants, and no worker takes them."""
    app = wiring.celery_app()
    queue = app.amqp.queues[app.conf.task_default_queue]
    with app.connection_for_write() as connection, connection.channel() as opened:
        channel: Any = opened
        queue(channel).declare()  # otherwise the first sender would have to declare it
        try:
            return int(channel.queue_declare(queue.name, passive=True).message_count)
        except ChannelError:  # Redis has no empty queues
            return 0


QUESTIONS = {"runs": runs, "finish": finish, "owed": owed, "forget": forget, "waiting": waiting}
