"""What long-running commands share: loops that start and stop with the process, and signals that end it in order."""

import gc
import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connections

from bot import wiring
from bot.broker.columns import Gap, gaps
from bot.conf import BAD_SETUP, NEEDED_FOR
from bot.core.ports import NotSetUp
from bot.management.options import readable_options
from bot.models import Run, database_of
from bot.sidecar import is_sidecar

log = logging.getLogger(__name__)

NOT_MIGRATED = "the database of %s has no tables of runtask: run `runtask migrate` with these settings, or set DJANGO_SETTINGS_MODULE"
STOP = 10.0  # seconds for the loops' last passes, and as many for messages on their way


def require(command: str) -> None:
    """Raises CommandError if an option of this command is missing or can't be read.

    A sidecar also needs the platform's tables as it reads them: better said now than at the first click.
    """
    readable_options(*NEEDED_FOR[command])
    if is_sidecar() and (unfit := _unfit()):
        lines = [f"{gap.text}\n  {gap.hint}" for gap in unfit]
        raise CommandError("\n".join(["This sidecar doesn't fit the platform:", *lines]), returncode=BAD_SETUP)


def require_app() -> None:
    """Raises CommandError if there is no Celery app to send with; who only watches and delivers needs none."""
    try:
        wiring.celery_app()
    except NotSetUp as exc:
        raise CommandError(f"Nothing can be run on this site yet: {exc}.", returncode=BAD_SETUP) from exc


def _unfit() -> list[Gap]:
    try:
        return gaps()
    except DatabaseError:  # it may come up later; the loops survive that
        return []


def look_for_tables() -> None:
    """Ours may be on their way, and every loop waits for them: so it is only said, once. A silent database holds up no start."""
    threading.Thread(target=_look_for_tables, name="tables", daemon=True).start()


def _look_for_tables() -> None:
    connection = connections[database_of(Run)]
    try:
        if Run._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001  # documented
            log.error(NOT_MIGRATED, settings.SETTINGS_MODULE)
    except DatabaseError:  # as in `_unfit`
        pass
    finally:
        connection.close()


def loaded() -> None:
    """Said when all modules and parts are there: they stay, and are never again looked through for garbage.

    That would stop every thread for some 50 ms, time and again, in the middle of somebody's click.
    """
    gc.freeze()
    gc.enable()


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set. Only for the main thread."""
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
    """Watch and deliver while the block runs; then finish what was begun."""
    if not enabled:
        yield
        return
    loops, deliverer = wiring.background()
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        # All are told before one is waited for, and have STOP together: each of them may be waiting for the database.
        for loop in loops:
            loop.end()
        until = time.monotonic() + STOP
        for loop in loops:
            loop.stop(max(0.0, until - time.monotonic()))
        deliverer.drain(STOP)
