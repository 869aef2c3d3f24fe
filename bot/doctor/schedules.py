"""The schedules: whether beat runs them, and which rows can't be sent."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from celery import Celery
from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler
from kombu.utils.imports import symbol_by_name

from bot.broker import clocks
from bot.core import arguments
from bot.core.model import Field
from bot.core.reasons import Invalid
from bot.doctor.findings import Finding, note, ok, some, warning
from bot.doctor.subject import Subject, reads_django
from bot.env import STANDALONE

SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
SILENT = timedelta(hours=25)  # beat sends its own celery.backend_cleanup every day
ZONES = (
    "A beat that doesn't know it, too, reads no schedule at all, and the admin can't show the crontab. Install Python's package tzdata,"
    " or correct the column timezone of django_celery_beat_crontabschedule by SQL."
)
ADMIN = "Correct them in the admin, Periodic tasks: they can't be sent."
IMPORTS = "Name the modules that define them in RUNTASK_IMPORTS."
DISCOVERY = "If the project has them, its Celery app must load their modules, by autodiscover_tasks() or by imports."
READ = ("name", "task", "args", "kwargs", "headers", "enabled", "expires")


def schedules(subject: Subject) -> Iterator[Finding]:
    if subject.app is None:
        return
    yield _scheduler(subject.app)
    yield _beat(timezone.now())
    yield from rows(subject.app, timezone.now())


def _scheduler(app: Celery) -> Finding:
    name = str(app.conf.beat_scheduler)
    if name == "django" or _is_beats(name):
        return ok("scheduler", "django-celery-beat's, or a class made from it")
    if not reads_django(app):
        return note("scheduler", "not known: this app doesn't read Django's settings, so beat may have another one")
    remedy = f'Set CELERY_BEAT_SCHEDULER = "{SCHEDULER}", unless beat is started with --scheduler.'
    return note("scheduler", f"beat would use {name}, which doesn't know these schedules", remedy)


def _is_beats(name: str) -> bool:
    """Whether `name` is django-celery-beat's scheduler or a subclass."""
    try:
        found = symbol_by_name(name)
    except (ImportError, AttributeError, ValueError):
        return False
    return isinstance(found, type) and issubclass(found, DatabaseScheduler)


def _beat(now: datetime) -> Finding:
    last = PeriodicTask.objects.filter(enabled=True).aggregate(last=Max("last_run_at"))["last"]
    if last is None:
        return note("beat", "has sent none of the enabled schedules yet")
    when = f"last sent something {last:%Y-%m-%d %H:%M:%S %Z}".rstrip()
    if now - last > SILENT:
        return warning("beat", when, "Is beat running? Runs from Slack work without it.")
    return ok("beat", when)


@dataclass
class _Seen:
    """The result of a pass over the schedules: how many there are, and the names of those that doctor reports."""

    total: int = 0
    enabled: int = 0
    # By column: the names of schedules whose value can't be sent.
    bad: dict[str, list[str]] = field(default_factory=lambda: {"args": [], "kwargs": [], "headers": []})
    nameless: list[str] = field(default_factory=list)  # schedules without a task
    expired: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)  # tasks of enabled schedules that the app doesn't have


def rows(app: Celery, now: datetime) -> Iterator[Finding]:
    seen = _see(app, now)
    yield ok("schedules", f"{seen.total:,}, of which {seen.enabled:,} enabled")
    for column, names in seen.bad.items():
        if names:
            yield warning("bad JSON", f"the {column} of {len(names):,}: {some(names)}", ADMIN)
    if nameless := seen.nameless:
        found = "1 schedule has no task" if len(nameless) == 1 else f"{len(nameless):,} schedules have no task"
        yield warning("no task", f"{found}: {some(nameless)}", ADMIN)
    if expired := seen.expired:
        found = f"{len(expired):,}: {some(expired)}; beat no longer sends them, and runs are sent without that date"
        yield note("past expiry", found)
    if unknown := sorted(seen.unknown):
        found = f"of enabled schedules, {len(unknown):,}: {some(unknown)}; sent by name, so that their arguments can't be checked"
        yield note("unknown tasks", found, IMPORTS if settings.SETTINGS_MODULE == STANDALONE else DISCOVERY)
    yield from _zones()


def _zones() -> Iterator[Finding]:
    if zones := clocks.unknown_zones():
        named = PeriodicTask.objects.filter(crontab__in=list(zones)).order_by("name").values_list("name", flat=True)
        found = f"{some(sorted(set(zones.values())))}, not known here; of {some(list(named)) or 'no schedule'}"
        yield warning("time zone", found, ZONES)


def _see(app: Celery, now: datetime) -> _Seen:
    seen = _Seen()
    for name, task, args, kwargs, headers, is_enabled, expires in PeriodicTask.objects.values_list(*READ).iterator():
        seen.total += 1
        seen.enabled += is_enabled
        for column, text in (("args", args), ("kwargs", kwargs), ("headers", headers)):
            if not _can_be_sent(column, text or ""):
                seen.bad[column].append(name)
        if expires is not None and expires <= now:
            seen.expired.append(name)
        if not task.strip():
            seen.nameless.append(name)
        elif is_enabled and task not in app.tasks:
            seen.unknown.add(task)
    return seen


def _can_be_sent(column: str, text: str) -> bool:
    try:
        if column == "headers":
            return not text.strip() or isinstance(json.loads(text), dict)
        arguments.parse_stored(text, Field(column))
    except (Invalid, ValueError, RecursionError):
        return False
    return True


def scheduled(tasks: Collection[str]) -> list[str]:
    """Those of the tasks that have a schedule."""
    used = PeriodicTask.objects.filter(task__in=tasks).values_list("task", flat=True).distinct().order_by("task")
    return list(used) if tasks else []
