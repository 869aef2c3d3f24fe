"""Probes for a supervisor: `/healthz` answers while the process is alive, `/readyz` says whether it can work."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from django.apps import apps
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse

from bot.conf import is_apart
from bot.core.model import InstallationId, Source
from bot.core.ports import NotSetUp
from bot.models import Run
from bot.runs import clock, installations, lateness, sources, throttle
from bot.texts import moment, sentence

log = logging.getLogger(__name__)

NAME = "readyz"  # the name of the Throttle row that counts the writes
WRITES = 60  # per minute, for all processes together: anybody who can reach the site can cause them


class Slack(Protocol):
    """Our installation in Slack. `problem` says why it is unknown."""

    problem: str

    def id(self) -> InstallationId: ...


def alive(_: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def ready(installation: Callable[[], Slack], source: Callable[[], Source]) -> Callable[[HttpRequest], HttpResponse]:
    """The view. It answers with the state of each part, and with status 503 if the state of any part isn't `ok`."""

    def view(_: HttpRequest) -> HttpResponse:
        ours = installation().id()
        parts = {
            "database": _said(_database),
            "slack": _said(partial(_slack, ours)) if ours else installation().problem,
            "delivery": _said(partial(_delivery, ours)),
            "results": _said(partial(_results, source)),
            **({"platform": _platform()} if is_apart() else {}),
        }
        healthy = all(state == "ok" for state in parts.values())
        return JsonResponse(parts, status=200 if healthy else 503)

    return view


def _said(part: Callable[[], str]) -> str:
    """The state that `part` returns, or the name of the error if the database can't be asked."""
    try:
        return part()
    except Error as exc:
        return type(exc).__name__


def _database() -> str:
    Run.objects.exists()
    failure = unwritable(NAME)
    return "ok" if failure is None else f"it can be read, but not written ({kind(failure)})"


def _platform() -> str:
    """Whether a sidecar can read the platform's schedules."""
    schedules: Any = apps.get_model("django_celery_beat", "PeriodicTask")
    try:
        schedules.objects.exists()
    except Error as exc:
        log.warning("the platform's database can't be read: %s: %s", kind(exc), exc)
        return kind(exc)
    return "ok"


def unwritable(name: str) -> Error | None:
    """Tries to write: adds 1 to the count in the row `name`, at most WRITES times per minute. Returns the error, if any.

    The count is committed, because a full disk makes only the commit fail.
    """
    try:
        throttle.seconds_to_wait(name, WRITES)
    except Error as exc:
        log.warning("the database can't be written: %s: %s", kind(exc), exc)
        return exc
    return None


def kind(exc: Error) -> str:
    """The driver's name of the error. Django's name says less: it calls a `ReadOnlySqlTransaction` an `InternalError`."""
    return type(exc.__cause__ or exc).__name__


def _results(source: Callable[[], Source]) -> str:
    """The state of the results, which the watcher records."""
    try:
        problem = sources.problem(source())
        unasked = sources.unasked_since(source(), now=clock.now())
    except NotSetUp as exc:
        return str(exc)
    if problem is not None:
        return sentence(problem)
    if unasked is not None:
        return f"nobody has looked for results since {moment(unasked)}: is a watcher running?"
    return "ok"


def _slack(ours: InstallationId) -> str:
    """The state that deliverers have recorded. They may use another token than this process."""
    problem = installations.problem(ours)
    return "ok" if problem is None else sentence(problem)


def _delivery(ours: InstallationId) -> str:
    """The state of our installation's messages. If the installation is unknown (`ours` is empty), all messages count."""
    now = clock.now()
    failing = lateness.failing(ours)
    late = lateness.late(now, ours)
    parked = lateness.parked(now, ours)
    nameless = lateness.nameless(now)
    if failing is not None:
        return f"messages fail: {sentence(failing.reason)}"
    if late is not None:
        return f"messages have been waiting since {moment(late.due_at)}: is a deliverer running?"
    if nameless is not None:
        return "messages wait that name no installation: RUNTASK_ANNOUNCE must say T…/A…/C…"
    if parked is not None:
        return f"messages were given up within the last hour: {sentence(parked.reason)}"
    return "ok"
