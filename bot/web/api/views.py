"""The JSON API for scripts (docs/api.md). It uses the same door as Slack and the run page."""

import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, re_path, reverse

from bot.core.model import Actor, Field, RunId, RunRequest, ScheduleId
from bot.core.policy import Action
from bot.core.ports import NotSetUp
from bot.core.reasons import Code, Problem
from bot.models import Run
from bot.runs import links, see, start, stop
from bot.runs.actors import of_user
from bot.runs.door import Platform, authorise
from bot.runs.follow import follow
from bot.runs.refusals import CantStop, Changed, Ended, Gone, MaybeSent, NotAllowed, NothingSent, Refused, Taken
from bot.runs.requests import START_LIMIT, no_browser, outside_transactions
from bot.runs.waiting import Budget
from bot.texts import problem_text, sentence
from bot.web.api import answers
from bot.web.api.asked import Asked, asked, is_kill_asked, key_of
from bot.web.api.caller import caller
from bot.web.api.errors import ApiError, ApiProblem, bad_request, not_found

log = logging.getLogger(__name__)

LISTED = 100  # schedules in one answer
AGAIN = "Make this request again; with the same Idempotency-Key nothing is sent twice."

Handler = Callable[..., JsonResponse]  # (platform, actor, request, **captured)


def urls(platform: Callable[[], Platform]) -> list[URLPattern]:
    return [
        path("api/runs", _view(platform, POST=start_run), name="api-runs"),
        path("api/runs/<int:run>", _view(platform, GET=follow_run), name="api-run"),
        path("api/runs/<int:run>/stop", _view(platform, POST=stop_run), name="api-stop"),
        path("api/schedules", _view(platform, GET=find), name="api-schedules"),
        path("api/schedules/<int:schedule>", _view(platform, GET=preview), name="api-schedule"),
        re_path("^api/", no_browser(nothing_here)),
    ]


def _view(platform: Callable[[], Platform], **handlers: Handler) -> Callable[..., HttpResponse]:
    """A view with a handler for each method. Errors are JSON, too."""
    allowed = {"HEAD": handlers["GET"], **handlers} if "GET" in handlers else handlers

    @outside_transactions
    @no_browser  # `caller` authenticates
    def view(request: HttpRequest, **captured: Any) -> HttpResponse:
        try:
            answer = _answer(platform, allowed, request, captured)
        except NotAllowed as exc:
            more = {"reason": exc.denied.code}
            answer = ApiError(403, "not_allowed", sentence(exc.denied), more=more).answer()
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
    platform: Callable[[], Platform], allowed: Mapping[str, Handler], request: HttpRequest, captured: dict[str, Any]
) -> JsonResponse:
    handler = allowed.get(request.method or "")
    if handler is None:
        methods = ", ".join(sorted(allowed))
        raise ApiError(405, "method_not_allowed", f"This address takes {methods}.", headers={"Allow": methods})
    site, actor = platform(), of_user(caller(request))
    authorise(actor, Action.SEE)
    return handler(site, actor, request, **captured)


def start_run(platform: Platform, actor: Actor, request: HttpRequest) -> JsonResponse:
    """201 for a new run, 200 for a run that the same key has started before."""
    key, is_chosen = key_of(request, str(actor.user))
    what = asked(request)
    try:
        run = start.start(
            platform,
            RunRequest(
                key=key,
                actor=actor,
                schedule=_schedule(platform, actor, what),
                args=what.args,
                kwargs=what.kwargs,
                fingerprint=what.fingerprint,
                digest=what.digest if is_chosen else "",
            ),
            Budget(START_LIMIT),
        )
    except Refused as exc:
        raise _refusal(exc, what, request) from exc
    except DatabaseError as exc:
        log.exception("nothing sent: the database failed")
        raise ApiError(503, "database", f"Nothing was sent by this request: the database failed. {AGAIN}") from exc
    with contextlib.suppress(DatabaseError):  # it was sent, and the answer must say so
        run.refresh_from_db()
    addresses = _links(run, request)
    return JsonResponse(
        answers.run(run, requester=actor.name, secret_keys=platform.secret_keys, links=addresses),
        status=200 if run.is_repeated else 201,
        headers={"Location": addresses["url"]},
    )


def follow_run(platform: Platform, actor: Actor, request: HttpRequest, run: int) -> JsonResponse:
    found = follow(platform, actor, RunId(run))
    if found is None:
        raise not_found(f"run {run}")
    return _run(platform, found, request)


def _run(platform: Platform, found: Run, request: HttpRequest) -> JsonResponse:
    name = found.user.get_username() if found.user else None
    addresses = _links(found, request)
    return JsonResponse(answers.run(found, requester=name, secret_keys=platform.secret_keys, links=addresses))


def stop_run(platform: Platform, actor: Actor, request: HttpRequest, run: int) -> JsonResponse:
    """The run, as it is once that is noted: its end comes later."""
    try:
        found = stop.stop(platform, actor, RunId(run), kill=is_kill_asked(request))
    except Ended as exc:
        raise ApiError(409, "ended", sentence(exc.reason), more=_which(exc.run, request)) from exc
    except CantStop as exc:
        raise ApiError(409, "cant_stop", sentence(exc.reason), more={"reason": exc.reason.code}) from exc
    if found is None:
        raise not_found(f"run {run}")
    return _run(platform, found, request)


def find(platform: Platform, actor: Actor, request: HttpRequest) -> JsonResponse:
    if unknown := sorted(set(request.GET) - {"q"}):
        wrong = "There is no parameter {!r}; there is q."
        raise bad_request(*(ApiProblem(field=n, code="unknown_parameter", text=wrong.format(n)) for n in unknown))
    matches = see.find(platform, actor, request.GET.get("q", ""), LISTED)
    return JsonResponse({"total": matches.total, "schedules": [answers.brief(brief) for brief in matches.first]})


def preview(platform: Platform, actor: Actor, _: HttpRequest, schedule: int) -> JsonResponse:
    found = see.preview(platform, actor, ScheduleId(schedule))
    if found is None:
        raise not_found(f"schedule {schedule}")
    return JsonResponse(answers.preview(found))


def nothing_here(_: HttpRequest) -> JsonResponse:
    return not_found("such address").answer()


def _schedule(platform: Platform, actor: Actor, what: Asked) -> ScheduleId:
    """By id, or by its exact name. Raises ApiError."""
    if isinstance(what.schedule, int):
        return ScheduleId(what.schedule)
    brief, _ = see.named(platform, actor, what.schedule)
    if brief is None or brief.name != what.schedule:
        wrong = "No schedule has exactly this name."
        raise not_found("schedule of this name", what.problem("schedule", Code.GONE, wrong))
    return brief.id


def _refusal(exc: Refused, what: Asked, request: HttpRequest) -> ApiError:
    match exc:
        case Gone():
            wrong = "No schedule has this id."
            return not_found(f"schedule {what.schedule}", what.problem("schedule", Code.GONE, wrong))
        case Changed():
            text = "The schedule has changed since this fingerprint was read. Read the schedule again."
            return ApiError(409, "changed", text, [what.problem("fingerprint", Code.CHANGED, text)])
        case Taken(run=run):
            return ApiError(409, "key_taken", sentence(exc.reason), more=_which(run, request))
        case MaybeSent(run=run):
            return ApiError(409, "maybe_sent", sentence(exc.reason), more=_which(run, request))
        case NothingSent(reason=reason):
            more = {"reason": reason.code}
            text = f"{sentence(reason)} {AGAIN}"
            return ApiError(503, "not_sent", text, headers={"Retry-After": "5"}, more=more)
        case _:
            problems = [_problem(what, problem) for problem in exc.problems]
            return ApiError(400, "refused", problems[0].text, problems)


def _problem(what: Asked, problem: Problem) -> ApiProblem:
    """With the place of the member. The problem's own place is inside the member's text."""
    text = problem_text(problem)
    is_stored = problem.field != Field.SCHEDULE and problem.field not in what.places
    return what.problem(problem.field, problem.code, f"As stored: {text}" if is_stored else text)


def _which(run: Run, request: HttpRequest) -> dict[str, Any]:
    return {"run": run.pk, "state": run.state, **_links(run, request)}


def _links(run: Run, request: HttpRequest) -> dict[str, str]:
    """With the host name that the caller used. `url` is for scripts, `page` is for people."""
    here = request.build_absolute_uri("/")
    url = request.build_absolute_uri(reverse("runtask:api-run", args=[run.pk]))
    return {"url": url, "page": links.page(here, run)}
