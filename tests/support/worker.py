"""A real Celery worker in a thread of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.worker import state


@contextmanager
def working(app: Celery) -> Iterator[None]:
    """A worker that takes messages during the block, and ends quickly after it."""
    control: Any = app.control
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        yield
        state.should_terminate = 0  # type: ignore[assignment]  # what start_worker does next
        for _ in range(2):  # its loop notices that after a message or 2 s, and then waits once more
            control.heartbeat()
