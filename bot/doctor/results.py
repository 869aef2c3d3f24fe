"""Results: where they are stored, what they contain, and how long they are kept."""

from collections.abc import Iterator
from datetime import timedelta

from celery import Celery
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult

from bot.broker import trigger
from bot.checks.platform import shown_backend
from bot.core.text import duration
from bot.doctor.findings import Finding, note, ok, problem, some, warning
from bot.doctor.subject import Subject

TOO_SHORT = timedelta(minutes=5)
SHORT = timedelta(hours=1)
NEWEST = 20  # rows
CLEANUP = "celery.backend_cleanup, which beat sends at 4 in the morning"


def results(subject: Subject) -> Iterator[Finding]:
    app = subject.app
    if app is None:
        return
    yield subject.judged("backend", f"{shown_backend(app)}, as this process is configured", "W004")
    if "W004" in subject.complaints:
        return
    yield _extended(subject)
    if app.conf.task_track_started:
        yield ok("track_started", "on: threads say when a task runs, and for how long")
    else:
        remedy = "Set CELERY_TASK_TRACK_STARTED = True, for the workers too."
        yield note("track_started", "off: threads don't say when a task starts, nor how long it took", remedy)
    yield expiry(app.conf.result_expires)
    yield from _ignored(app)
    yield from notification()


def _extended(subject: Subject) -> Finding:
    """Looks at the configuration here, and at the newest rows, as workers may be configured differently."""
    newest = list(TaskResult.objects.order_by("-id").values_list("task_name", flat=True)[:NEWEST])
    if newest and not any(newest) and "W005" not in subject.complaints:
        remedy = "Set CELERY_RESULT_EXTENDED = True for the workers, too: failed tasks leave no traceback now."
        return warning("result_extended", "on here, but the newest results have no name of their task", remedy)
    return subject.judged("result_extended", "on: results have a name and a traceback", "W005")


def expiry(value: timedelta | float | None) -> Finding:
    """`value` is `result_expires`: seconds, a timedelta, or None for never."""
    if not value:
        return ok("result_expires", "never: results stay")
    life = value if isinstance(value, timedelta) else timedelta(seconds=value)
    found = f"results live {_span(life)}, then {CLEANUP}, deletes them"
    remedy = "Set CELERY_RESULT_EXPIRES to a day or more: while no watcher runs, an outcome could be deleted unread."
    if life < TOO_SHORT:
        return problem("result_expires", found, remedy)
    if life < SHORT:
        return warning("result_expires", found, remedy)
    return ok("result_expires", found)


def _span(life: timedelta) -> str:
    days, rest = divmod(life, timedelta(days=1))
    return f"{days} day{'s' * (days != 1)}" if days and not rest else duration(life.total_seconds())


def _ignored(app: Celery) -> Iterator[Finding]:
    silent = {name for name, task in app.tasks.items() if task.ignore_result}
    used = PeriodicTask.objects.filter(task__in=silent).values_list("task", flat=True).distinct().order_by("task")
    if silent and (names := list(used)):
        yield note("ignore_result", f"set by {some(names)}; runs from here ask for their result nevertheless")


def notification() -> Iterator[Finding]:
    if trigger.is_there():
        yield ok("trigger", "installed: PostgreSQL notifies runtask as soon as a result is written")
    elif trigger.is_possible():
        yield ok("trigger", "not installed: runtask looks for results by itself")
