"""Probes for a supervisor: `/healthz` answers while the process is alive, `/readyz` says whether it can work."""

from collections.abc import Callable
from typing import Protocol

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from bot.core.model import Source
from bot.core.ports import NotSetUp
from bot.models import Run
from bot.runs import lateness, sources
from bot.texts import moment, sentence


class Slack(Protocol):
    """Our installation in Slack. `problem` says why its team is unknown."""

    problem: str

    def team(self) -> str | None: ...


def alive(_: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def ready(installation: Callable[[], Slack], source: Callable[[], Source]) -> Callable[[HttpRequest], HttpResponse]:
    """503 if something is wrong, with the state of each part: database, slack, delivery, results."""

    def view(_: HttpRequest) -> HttpResponse:
        slack = "ok" if installation().team() else installation().problem
        parts = {"database": _database(), "slack": slack, "delivery": _delivery(), "results": _results(source)}
        healthy = all(state == "ok" for state in parts.values())
        return JsonResponse(parts, status=200 if healthy else 503)

    return view


def _database() -> str:
    try:
        Run.objects.exists()
    except DatabaseError as exc:
        return type(exc).__name__
    return "ok"


def _results(source: Callable[[], Source]) -> str:
    """As the watcher wrote it down."""
    try:
        problem = sources.problem(source())
        unasked = sources.unasked_since(source(), now=timezone.now())
    except DatabaseError as exc:
        return type(exc).__name__
    except NotSetUp as exc:
        return str(exc)
    if problem is not None:
        return sentence(problem)
    if unasked is not None:
        return f"nobody has looked for results since {moment(unasked)}: is a watcher running?"
    return "ok"


def _delivery() -> str:
    try:
        failing, late = lateness.failing(), lateness.late(timezone.now())
    except DatabaseError as exc:
        return type(exc).__name__
    if failing is not None:
        return f"messages fail: {sentence(failing.reason)}"
    if late is not None:
        return f"messages have been waiting since {moment(late.due_at)}: is a deliverer running?"
    return "ok"
