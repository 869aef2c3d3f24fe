"""The tasks of the fault runs. Workers write every message that they get into a journal.

The journal has one line of JSON per event. Each line is written at once, so that it survives a `kill -9` of the worker.
"""

import json
import os
import time
from typing import Any

from celery import Task, shared_task
from celery.signals import task_received

from bot import env

JOURNAL = "FAULTS_JOURNAL"  # the variable that names the file


def note(event: str, **details: Any) -> None:
    """Appends with one `write`, so that lines of several processes don't mix (POSIX, write)."""
    line = json.dumps({"event": event, "at": time.time(), **details}) + "\n"
    file = os.open(env.environ()[JOURNAL], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


@task_received.connect
def _received(request: Any, **_: Any) -> None:
    """The worker's main process calls this for each message from the broker, including redelivered ones."""
    again = bool(request.delivery_info.get("redelivered"))
    note("received", task=request.id, tag=str(request.message.delivery_tag), redelivered=again)


@shared_task(bind=True, name="tests.faults.quick")
def quick(self: Task, mark: str = "") -> str:
    note("began", task=self.request.id, mark=mark)
    return mark


@shared_task(bind=True, name="tests.faults.slow")
def slow(self: Task, mark: str = "", seconds: float = 1.0) -> str:
    note("began", task=self.request.id, mark=mark)
    self.update_state(state="PROGRESS", meta={"mark": mark})
    time.sleep(seconds)  # the fault runs need a task that takes its time
    return mark


@shared_task(bind=True, name="tests.faults.late", acks_late=True, reject_on_worker_lost=True)
def late(self: Task, mark: str = "") -> str:
    """A task that the broker redelivers if its worker dies (acks_late)."""
    note("began", task=self.request.id, mark=mark)
    time.sleep(0.5)
    return mark


@shared_task(bind=True, name="tests.faults.failing")
def failing(self: Task, mark: str = "") -> str:
    note("began", task=self.request.id, mark=mark)
    raise ValueError(mark)
