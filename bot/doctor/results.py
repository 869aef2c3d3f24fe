"""Results: where they are kept, what they contain, and how long they are kept."""

from collections.abc import Iterator
from datetime import timedelta

from celery import Celery
from django.apps import apps

from bot.broker.eventqueue import EventQueue
from bot.broker.outcomes import kinds
from bot.broker.outcomes.backend import BackendOutcomes
from bot.broker.outcomes.choice import AUTO, chosen
from bot.compat import HONOURS_HEADER
from bot.conf import Conf
from bot.core.model import Source
from bot.core.ports import SourceSilent
from bot.core.text import duration
from bot.doctor import events
from bot.doctor.findings import Finding, note, ok, problem, some, warning
from bot.doctor.schedules import scheduled
from bot.doctor.subject import Subject, reads_django
from bot.runs import clock, sources
from bot.texts import moment, sentence

TOO_SHORT = timedelta(minutes=5)
SHORT = timedelta(hours=1)
NEWEST = 20  # rows that are examined
WITHIN = 3.0  # seconds
CLEANUP = "celery.backend_cleanup, which beat sends at 4 in the morning,"
SOURCES = {
    Source.ROWS: "rows: in the table of django-celery-results",
    Source.BACKEND: "backend: Celery's result backend, which is asked by task id",
    Source.EVENTS: "events: in the events that workers send while they run tasks",
    Source.NONE: "none: threads can't say how tasks end",
}
CANT_KNOW = "a backend knows tasks by their ids only: runs that beat started aren't shown as a schedule's last run"


def results(subject: Subject) -> Iterator[Finding]:
    app, options = subject.app, subject.conf
    if app is None:
        return
    source = chosen(app, options.outcomes if options is not None else AUTO)
    keeps = "" if source is Source.EVENTS else f" ({kinds.shown(app)}, as this process is configured)"
    yield subject.judged("source", f"{SOURCES[source]}{keeps}", "W004", "W019", "W022")
    if source is Source.EVENTS:
        yield from events.events(app, EventQueue.of(options or Conf()))
    if source is Source.BACKEND and not kinds.is_old_memcached(app):  # it isn't asked
        yield from _backend(app)
    if source is Source.ROWS and apps.is_installed("django_celery_results"):
        yield _extended(subject)
    if source in (Source.ROWS, Source.BACKEND):
        yield from _stored(app)
    if (since := sources.unasked_since(source, now=clock.now())) is not None:
        remedy = "Start `runtask notify`, or `runtask slack` without --no-deliver."
        yield problem("watcher", f"nobody has looked for the results of runs since {moment(since)}", remedy)


def _backend(app: Celery) -> Iterator[Finding]:
    try:
        BackendOutcomes(app).reach(WITHIN)
    except SourceSilent as exc:
        remedy = "Is it up, and is CELERY_RESULT_BACKEND right? Until it answers, threads wait for results."
        yield problem("backend", sentence(exc.reason), remedy)
    else:
        yield ok("backend", "answers")
    yield note("what it can't know", CANT_KNOW)
    if not kinds.is_tested(app):
        yield note("tested", f"runtask isn't tested with {kinds.shown(app)}", "docs/outcomes.md names the tested ones.")


def _stored(app: Celery) -> Iterator[Finding]:
    if app.conf.task_track_started:
        yield ok("track_started", "on: threads say when a task runs, and for how long")
    else:
        remedy = f"Set {track_started(app)}, for the workers too."
        yield note("track_started", "off: threads don't say when a task starts, nor how long it took", remedy)
    yield expiry(app.conf.result_expires, is_automatic=kinds.life(app) is not None)
    yield from _ignored(app)


def track_started(app: Celery) -> str:
    """The setting to change. An app without a namespace takes only the names of Celery 3 from Django's settings."""
    if not reads_django(app):
        return "task_track_started to True in the configuration of this Celery app"
    namespace = getattr(app, "namespace", None)
    return f"{namespace}_TASK_TRACK_STARTED = True" if namespace else "CELERY_TRACK_STARTED = True"


def _extended(subject: Subject) -> Finding:
    """Looks at this process's configuration, and at the newest rows, because workers may be configured differently."""
    rows = apps.get_model("django_celery_results", "TaskResult")._default_manager  # noqa: SLF001  # documented
    newest = list(rows.order_by("-id").values_list("task_name", flat=True)[:NEWEST])
    if newest and not any(newest) and "W005" not in subject.complaints:
        remedy = "Set CELERY_RESULT_EXTENDED = True for the workers, too: failed tasks leave no traceback now."
        return warning("result_extended", "on here, but the newest results have no name of their task", remedy)
    return subject.judged("result_extended", "on: results have a name and a traceback", "W005")


def expiry(value: timedelta | float | None, *, is_automatic: bool) -> Finding:
    """`value` is `result_expires`: seconds, a timedelta, or None for never. `is_automatic`: the backend deletes results itself."""
    if not value:
        return ok("result_expires", "never: results stay")
    life = value if isinstance(value, timedelta) else timedelta(seconds=value)
    found = f"results live {_span(life)}, then {'the backend' if is_automatic else CLEANUP} deletes them"
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
    if names := scheduled(silent):
        if HONOURS_HEADER:
            yield note("ignore_result", f"set by {some(names)}; runs from here ask for their result nevertheless")
        else:
            remedy = "Update Celery to 5.6.3 or newer, set RUNTASK_OUTCOMES to events, or remove ignore_result from these tasks."
            yield note("ignore_result", f"set by {some(names)}: threads can't say how these end", remedy)
