"""Counts how often a task is published in this process, over any producer.

So `send` notices if a task's own `apply_async` uses another producer than the one that it was given.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from celery.signals import after_task_publish, before_task_publish

from bot.core.model import TaskId


@dataclass
class Published:
    """How often any thread of this process has begun to publish a task, and whether it was sent."""

    attempts: int = 0
    sent: bool = False


_watched: dict[str, Published] = {}


@contextlib.contextmanager
def watch(task: TaskId) -> Iterator[Published]:
    seen = _watched[task] = Published()
    try:
        yield seen
    finally:
        _watched.pop(task, None)


def _before(properties: dict[str, Any] | None = None, **_: Any) -> None:
    if (seen := _watched.get((properties or {}).get("correlation_id", ""))) is not None:
        seen.attempts += 1


def _after(headers: dict[str, Any] | None = None, body: Any = None, **_: Any) -> None:
    # Celery's first message protocol has the id in the body.
    task = (headers or {}).get("id") or (body.get("id") if isinstance(body, dict) else None)
    if (seen := _watched.get(str(task))) is not None:
        seen.sent = True


before_task_publish.connect(_before, weak=False, dispatch_uid="runtask")
after_task_publish.connect(_after, weak=False, dispatch_uid="runtask")
