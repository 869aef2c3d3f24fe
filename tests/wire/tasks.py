"""Tasks that the tests run; registered in this process, so that signatures are known."""

import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from celery import Task, chord, shared_task
from celery.contrib.abortable import AbortableTask
from celery.exceptions import Ignore, Reject


@shared_task(name="tests.wire.report")
def report(days: int = 7, region: str = "EU") -> dict[str, Any]:
    return {"rows": days, "region": region}


@shared_task(name="tests.wire.keyed")
def keyed(days: int = 7, token: str = "") -> dict[str, Any]:
    return {"rows": days, "is_keyed": bool(token)}


@shared_task(name="tests.wire.fail")
def fail() -> None:
    raise ValueError("no <!channel> such *thing*")


@shared_task(name="tests.wire.hostile")
def hostile() -> str:
    return "<!channel> <@U0BEN> ```" + "x" * 200_000


@shared_task(name="tests.wire.progress", bind=True)
def progress(self: Task, steps: int = 3) -> str:
    for step in range(steps):
        self.update_state(state="PROGRESS", meta={"done": step, "total": steps})
        time.sleep(0.3)  # a task that takes its time is what this is about
    return "done"


@shared_task(name="tests.wire.retry", bind=True)
def retry(self: Task) -> str:
    if not self.request.retries:
        raise self.retry(exc=RuntimeError("upstream said 503"), countdown=2)
    return "at the second try"


@shared_task(name="tests.wire.tries_until", bind=True, max_retries=None)
def tries_until(self: Task, folder: str, name: str) -> str:
    """Is tried again until a file exists. So a test can look at it between two tries for as long as it needs."""
    if not Path(folder, name).exists():
        raise self.retry(exc=RuntimeError("upstream said 503"), countdown=1)
    return "at the last try"


@shared_task(name="tests.wire.cancelled", bind=True)
def cancelled(self: Task) -> None:
    self.update_state(state="CANCELLED", meta={"note": "stopped by hand"})
    raise Ignore


def with_database(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator as platforms have it: it gives the task an argument that nobody sends."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function("a database", *args, **kwargs)

    return wrapper


@shared_task(name="tests.wire.injected")
@with_database
def injected(database: str, days: int) -> str:
    return f"{days} days from {database}"


@shared_task(name="tests.wire.quiet", ignore_result=True)
def quiet() -> str:
    return "done quietly"


@shared_task(name="tests.wire.total")
def total(numbers: list[int]) -> str:
    return f"{sum(numbers)} in total"


@shared_task(name="tests.wire.number")
def number(value: int) -> int:
    return value


@shared_task(name="tests.wire.hands_over", bind=True)
def hands_over(self: Task) -> None:
    self.replace(report.s(days=30))


@shared_task(name="tests.wire.begins_a_chord")
def begins_a_chord() -> str:
    chord([number.s(1), number.s(2)])(total.s())
    return "begun"


@shared_task(name="tests.wire.becomes_a_chord", bind=True)
def becomes_a_chord(self: Task) -> None:
    self.replace(chord([number.s(1), number.s(2)], total.s()))


@shared_task(name="tests.wire.silent")
def silent() -> None:
    raise Ignore


@shared_task(name="tests.wire.reject", acks_late=True)
def reject() -> None:
    raise Reject("no", requeue=False)


@shared_task(name="tests.wire.secretive", send_events=False)
def secretive() -> None:
    """A task about which workers send no events."""


@shared_task(name="tests.wire.log_in")
def log_in(user: str = "", password: Any = "", **options: Any) -> dict[str, Any]:
    return {"user": user, "password": password, "echo": f"{password} {options!r}"}


@shared_task(name="tests.wire.waits")
def waits(folder: str, name: str) -> str:
    """Creates a file when it begins, and ends when another file exists."""
    Path(folder, f"{name}.begun").touch()
    while not Path(folder, f"{name}.end").exists():
        time.sleep(0.05)
    return f"{name} has ended"


@shared_task(name="tests.wire.listens", bind=True, base=AbortableTask)
def listens(self: AbortableTask, folder: str, name: str) -> str:
    """Creates a file when it begins, and ends when it is aborted."""
    Path(folder, f"{name}.begun").touch()
    while not self.is_aborted(task_id=str(self.request.id)):
        time.sleep(0.05)
    return f"{name} has given up"
