"""For long-running commands: checks at the start, background loops, and an orderly stop on signals."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error, connections

from bot.broker.app import load_what_checks_load
from bot.checks.sidecar import misfits
from bot.conf import BAD_SETUP, LOG_LINE, NEEDED_FOR, is_sidecar
from bot.core.ports import NotSetUp
from bot.management.options import readable_options
from bot.models import Run, database_of

log = logging.getLogger(__name__)

NOT_MIGRATED = "the database of %s has no tables of runtask: run `runtask migrate` with these settings, or set DJANGO_SETTINGS_MODULE; or see `runtask doctor`"
OUR_LOGGERS = ("bot", "runtask.audit")
STOP = 10.0  # seconds for the loops' last steps, and as many for messages that are being sent


def write_log() -> None:
    """Writes our log to standard error if the project's LOGGING writes it nowhere. A level that LOGGING sets stays."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(LOG_LINE, style="{"))
    for logger in map(logging.getLogger, OUR_LOGGERS):
        if logger.hasHandlers():
            continue
        logger.addHandler(handler)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)


def require(command: str) -> None:
    """Raises CommandError if `command` can't work with this set-up.

    It can't if an option or an installed app is missing, if workers' events should be heard over a broker that has none, or if a
    sidecar doesn't fit its platform. Only `slack` needs a Celery app.
    """
    readable_options(*NEEDED_FOR[command], checks=["W006", "W019", *(["W003"] if command == "slack" else [])])
    if not is_sidecar():
        return
    try:
        lines = [f"{found.msg}\n  {found.hint}" for found in misfits()]
    except Error:  # it may come up later; the loops wait for it
        return
    if lines:
        raise CommandError("\n".join(lines), returncode=BAD_SETUP)


def require_tasks() -> None:
    """Loads the platform's tasks, as its workers do. Raises CommandError if that isn't possible.

    A web process doesn't call this, because a person waits for its first page: at first it loads only what the
    settings name, and the rest together with its pages.
    """
    from bot import wiring  # noqa: PLC0415  # needs the models that `require` asks for

    try:
        wiring.celery_app()
    except NotSetUp as exc:
        raise CommandError(f"Nothing can be run on this site yet: {exc}.", returncode=BAD_SETUP) from exc
    load_what_checks_load()


def look_for_tables() -> None:
    """Logs an error if our tables don't exist yet. Looks in the background, as the database may hang."""
    threading.Thread(target=_look_for_tables, name="tables", daemon=True).start()


def _look_for_tables() -> None:
    connection = connections[database_of(Run)]
    try:
        if Run._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001  # documented
            log.error(NOT_MIGRATED, settings.SETTINGS_MODULE)
    except Error:  # the database may come up later
        pass
    finally:
        connection.close()


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set. For the main thread only."""
    event = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        event.set()

    before = {which: signal.signal(which, stop) for which in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield event
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


@contextmanager
def delivering(*, enabled: bool) -> Iterator[None]:
    """If `enabled`, watches and delivers while the block runs, and then finishes the messages that are being sent."""
    if not enabled:
        yield
        return
    from bot import wiring  # noqa: PLC0415  # needs the models that `require` asks for

    loops, deliverer = wiring.background()
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        # All loops end at the same time and share STOP, as each may be waiting for the database.
        for loop in loops:
            loop.end()
        until = time.monotonic() + STOP
        for loop in loops:
            loop.stop(max(0.0, until - time.monotonic()))
        deliverer.drain(STOP)
