"""The endpoint for scripts: the same door as Slack and the run page, with JSON on both sides (docs/api.md)."""

import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, re_path, reverse

from bot.core.budget import Budget
from bot.core.model import Actor, Field, RunId, RunRequest, ScheduleId
from bot.core.ports import NotSetUp
from bot.models import Run
from bot.runs import links
from bot.runs.actors import of_user
from bot.runs.refusals import Changed, Gone, MaybeSent, NotAllowed, NothingSent, Refused, Taken
from bot.runs.requests import PATIENCE, no_browser, outside_transactions
from bot.runs.service import RunService
from bot.web.api import shown
from bot.web.api.asked import Asked, asked, key_of
from bot.web.api.caller import caller
from bot.web.api.errors import ApiError, Fault, bad_request, not_found

log = logging.getLogger(__name__)

LISTED = 100  # schedules in one answer
NOTHING_SENT = (
    "Nothing was sent by this request: {}. Make it again; with the same Idempotency-Key nothing is sent twice."
)

Handler = Callable[..., JsonResponse]  # (runs, actor, request, **of the path)


def urls(runs: Callable[[], RunService]) -> list[URLPattern]:
    return [
        path("api/runs", _view(runs, POST=start), name="api-runs"),
        path("api/runs/<int:run>", _view(runs, GET=follow), name="api-run"),
        path("api/schedules", _view(runs, GET=find), name="api-schedules"),
        path("api/schedules/<int:schedule>", _view(runs, GET=look), name="api-schedule"),
        re_path("^api/", no_browser(nothing_here)),
    ]


def _view(runs: Callable[[], RunService], **handlers: Handler) -> Callable[..., HttpResponse]:
    """By method. Everything that goes wrong is JSON, too."""
    allowed = {"HEAD": handlers["GET"], **handlers} if "GET" in handlers else handlers

    @outside_transactions
    @no_browser  # `caller` asks for a token, or makes the check for sessions
    def view(request: HttpRequest, **of_the_path: Any) -> HttpResponse:
        try:
            answer = _answer(runs, allowed, request, of_the_path)
        except NotAllowed as exc:
            answer = ApiError(403, "not_allowed", str(exc)).answer()
        except ApiError as exc:
            answer = exc.answer()
        except NotSetUp as exc:
            log.exception("not set up")
            answer = ApiError(503, "not_set_up", f"Nothing can be run on this site yet: {exc}.").answer()
        except DatabaseError:
            log.exception("the database failed")
            answer = ApiError(503, "database", "The database failed. Make this request again.").answer()
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return view


def _answer(
    runs: Callable[[], RunService], allowed: Mapping[str, Handler], request: HttpRequest, of_the_path: dict[str, Any]
) -> JsonResponse:
    handler = allowed.get(request.method or "")
    if handler is None:
        methods = ", ".join(sorted(allowed))
        raise ApiError(405, "method_not_allowed", f"This address takes {methods}.", headers={"Allow": methods})
    service, actor = runs(), of_user(caller(request))
    service.authorise(actor)
    return handler(service, actor, request, **of_the_path)


def start(runs: RunService, actor: Actor, request: HttpRequest) -> JsonResponse:
    """201 for a new run, 200 for one that the same key started before."""
    key, is_chosen = key_of(request, str(actor.user))
    what = asked(request)
    try:
        run = runs.start(
            RunRequest(
                key=key,
                actor=actor,
                schedule=_schedule(runs, actor, what),
                args=what.args,
                kwargs=what.kwargs,
                fingerprint=what.fingerprint,
                digest=what.digest if is_chosen else "",
            ),
            Budget(PATIENCE),
        )
    except Refused as exc:
        raise _refusal(exc, what, request) from exc
    except DatabaseError as exc:
        log.exception("nothing sent: the database failed")
        raise ApiError(503, "database", NOTHING_SENT.format("the database failed")) from exc
    with contextlib.suppress(DatabaseError):  # it was sent, whatever can be told of it now
        run.refresh_from_db()
    address = _links(run, request)
    return JsonResponse(
        shown.run(run, requester=actor.name, secret_keys=runs.secret_keys, links=address),
        status=200 if run.is_repeated else 201,
        headers={"Location": address["url"]},
    )


def follow(runs: RunService, actor: Actor, request: HttpRequest, run: int) -> JsonResponse:
    found = runs.follow(actor, RunId(run))
    if found is None:
        raise not_found(f"run {run}")
    name = found.user.get_username() if found.user else None
    shown_run = shown.run(found, requester=name, secret_keys=runs.secret_keys, links=_links(found, request))
    return JsonResponse(shown_run)


def find(runs: RunService, actor: Actor, request: HttpRequest) -> JsonResponse:
    if unknown := sorted(set(request.GET) - {"q"}):
        raise bad_request(*(Fault(field=name, text=f"There is no parameter {name!r}; there is q.") for name in unknown))
    matches = runs.find(actor, request.GET.get("q", ""), LISTED)
    return JsonResponse({"total": matches.total, "schedules": [shown.brief(brief) for brief in matches.first]})


def look(runs: RunService, actor: Actor, _: HttpRequest, schedule: int) -> JsonResponse:
    found = runs.look(actor, ScheduleId(schedule))
    if found is None:
        raise not_found(f"schedule {schedule}")
    return JsonResponse(shown.look(found))


def nothing_here(_: HttpRequest) -> JsonResponse:
    return not_found("such address").answer()


def _schedule(runs: RunService, actor: Actor, what: Asked) -> ScheduleId:
    """By id as it stands, by name only the very name. Raises ApiError."""
    if isinstance(what.schedule, int):
        return ScheduleId(what.schedule)
    brief, _ = runs.named(actor, what.schedule)
    if brief is None or brief.name != what.schedule:
        raise not_found("schedule of this name", what.fault("schedule", "No schedule has exactly this name."))
    return brief.id


def _refusal(exc: Refused, what: Asked, request: HttpRequest) -> ApiError:
    match exc:
        case Gone():
            return not_found(f"schedule {what.schedule}", what.fault("schedule", "No schedule has this id."))
        case Changed():
            text = "The schedule is not what this fingerprint stands for any more: look at it again."
            return ApiError(409, "schedule_changed", text, [what.fault("fingerprint", text)])
        case Taken(run=run):
            return ApiError(409, "key_taken", str(exc), more=_which(run, request))
        case MaybeSent(run=run):
            return ApiError(409, "maybe_sent", str(exc), more=_which(run, request))
        case NothingSent(because=because):
            return ApiError(503, "not_sent", NOTHING_SENT.format(because), headers={"Retry-After": "5"})
        case _:
            faults = [_fault(what, problem.field, problem.text) for problem in exc.problems]
            return ApiError(400, "refused", faults[0].text, faults)


def _fault(what: Asked, field: Field, text: str) -> Fault:
    is_stored = field is not Field.SCHEDULE and field not in what.places
    return what.fault(field, f"As stored: {text}" if is_stored else text)


def _which(run: Run, request: HttpRequest) -> dict[str, Any]:
    return {"run": run.pk, "state": run.state, **_links(run, request)}


def _links(run: Run, request: HttpRequest) -> dict[str, str]:
    """Under the name by which the caller reached us: `url` for scripts, `page` for people."""
    here = request.build_absolute_uri("/")
    url = request.build_absolute_uri(reverse("runtask:api-run", args=[run.pk]))
    return {"url": url, "page": links.page(here, run)}
