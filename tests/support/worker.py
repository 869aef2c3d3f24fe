"""A real Celery worker in a thread of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.worker import state


@contextmanager
def working(app: Celery) -> Iterator[None]:
    """Takes what is sent; ended with the block, at once."""
    control: Any = app.control
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        yield
        state.should_terminate = 0  # type: ignore[assignment]  # what start_worker does next
        for _ in range(2):  # its loop waits for a message, or two seconds, before it sees that and once more after
            control.heartbeat()
