"""The schedules: whether beat works on them, and rows that it or we can't send."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from celery import Celery
from django.db.models import Max
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bot.core import arguments
from bot.core.arguments import Invalid
from bot.core.model import Field
from bot.doctor.findings import Finding, note, ok, some, warning
from bot.doctor.subject import Subject

SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
SILENT = timedelta(hours=25)  # beat sends its own celery.backend_cleanup every day
ADMIN = "Correct them in the admin, Periodic tasks: they can't be sent."
PLAIN = frozenset({("args", ""), ("args", "[]"), ("kwargs", ""), ("kwargs", "{}")})
SHORT = 190  # characters, too few for what is nested too deep or has too many digits (bot.core.arguments)
READ = ("name", "task", "args", "kwargs", "headers", "enabled", "expires")


def schedules(subject: Subject) -> Iterator[Finding]:
    if subject.app is None:
        return
    yield _scheduler(subject.app)
    yield _beat(timezone.now())
    yield from rows(subject.app, timezone.now())


def _scheduler(app: Celery) -> Finding:
    name = str(app.conf.beat_scheduler)
    if name in {SCHEDULER, "django"} or name.startswith("django_celery_beat."):
        return ok("scheduler", "django-celery-beat's")
    remedy = f'Set CELERY_BEAT_SCHEDULER = "{SCHEDULER}", unless beat is started with --scheduler.'
    return note("scheduler", f"beat would use {name}, which doesn't know these schedules", remedy)


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
    """What a pass over the rows found: names of schedules, and of tasks."""

    total: int = 0
    enabled: int = 0
    bad: dict[str, list[str]] = field(default_factory=lambda: {"args": [], "kwargs": [], "headers": []})
    expired: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)


def rows(app: Celery, now: datetime) -> Iterator[Finding]:
    """Rows that beat or we can't send, or not as they stand."""
    seen = _see(app, now)
    yield ok("schedules", f"{seen.total:,}, of which {seen.enabled:,} enabled")
    for column, names in seen.bad.items():
        if names:
            yield warning("bad JSON", f"the {column} of {len(names):,}: {some(names)}", ADMIN)
    if expired := seen.expired:
        found = f"{len(expired):,}: {some(expired)}; beat sends them no more, a run leaves the date out"
        yield note("past expiry", found)
    if unknown := sorted(seen.unknown):
        found = f"{len(unknown):,}: {some(unknown)}; sent by name, their arguments can't be checked beforehand"
        yield note("unknown tasks", found, "Load the modules that define them (stand-alone: RUNTASK_IMPORTS).")


def _see(app: Celery, now: datetime) -> _Seen:
    """One pass; texts that stand in many rows are read once."""
    seen = _Seen()
    for name, task, args, kwargs, headers, is_enabled, expires in PeriodicTask.objects.values_list(*READ).iterator():
        seen.total += 1
        seen.enabled += is_enabled
        for column, text in (("args", args), ("kwargs", kwargs), ("headers", headers)):
            if not _can_be_sent(column, text or ""):
                seen.bad[column].append(name)
        if expires is not None and expires <= now:
            seen.expired.append(name)
        if task not in app.tasks:
            seen.unknown.add(task)
    return seen


def _can_be_sent(column: str, text: str) -> bool:
    if column == "headers":
        return not text.strip() or isinstance(_json(text), dict)
    return (column, text) in PLAIN or _is_plain(text, column) or _is_accepted(text, column)


def _is_plain(text: str, column: str) -> bool:
    """Surely accepted, seen in C: 100,000 rows must take seconds. False leaves it to `_is_accepted`."""
    if len(text) > SHORT or "\\u" in text:
        return False
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refused)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict if column == "kwargs" else list)


def _is_accepted(text: str, column: str) -> bool:
    """As the form reads it."""
    of = Field(column)
    try:
        arguments.parse(arguments.stored(text, of), of)
    except Invalid:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a doubled key")
    return found


def _refused(word: str) -> None:
    raise ValueError(word)


def _finite(text: str) -> float:
    if math.isinf(value := float(text)):
        raise ValueError("too large")
    return value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
