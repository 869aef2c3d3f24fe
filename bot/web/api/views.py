"""The JSON API for scripts (docs/api.md). It shares the permission check (bot.runs.door) with Slack and the run page."""

import contextlib
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, re_path, reverse

from bot.core.model import Field, RunId, RunRequest, ScheduleId
from bot.core.policy import Denied
from bot.core.ports import NotSetUp
from bot.core.reasons import Code, Problem
from bot.core.rights import Action
from bot.core.status import RunState
from bot.models import Run
from bot.requests import START_LIMIT, no_browser, outside_transactions
from bot.runs import again, links, refusals, see, start, stop, throttle
from bot.runs.budget import Budget
from bot.runs.denials import Wanted
from bot.runs.door import Admitted, Platform, admit
from bot.runs.follow import follow
from bot.texts import problem_text, sentence
from bot.web import tokens
from bot.web.api import answers
from bot.web.api.asked import Asked, asked, asked_again, is_kill_asked, key_of
from bot.web.api.caller import Caller, caller, site_for
from bot.web.api.errors import UNEXPECTED, ApiError, ApiProblem, bad_request, denied, not_found

log = logging.getLogger(__name__)

LISTED = 100  # schedules in one answer
AGAIN = "Make this request again; with the same Idempotency-Key nothing is sent twice."

Handler = Callable[..., JsonResponse]  # (admitted, request, **captured)


def urls(platform: Callable[[], Platform]) -> list[URLPattern]:
    return [
        path("api/runs", _view(platform, POST=start_run), name="api-runs"),
        path("api/runs/<int:run>", _view(platform, GET=follow_run), name="api-run"),
        path("api/runs/<int:run>/again", _view(platform, POST=run_again), name="api-again"),
        path("api/runs/<int:run>/stop", _view(platform, POST=stop_run), name="api-stop"),
        path("api/runs/<int:run>/approve", _view(platform, POST=refuse_answer), name="api-approve"),
        path("api/runs/<int:run>/decline", _view(platform, POST=refuse_answer), name="api-decline"),
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
        return _in_json(lambda: _answer(platform, allowed, request, captured))

    return view


def _answer(
    platform: Callable[[], Platform], allowed: Mapping[str, Handler], request: HttpRequest, captured: dict[str, Any]
) -> JsonResponse:
    handler = allowed.get(request.method or "")
    if handler is None:
        methods = ", ".join(sorted(allowed))
        raise ApiError(405, "method_not_allowed", f"This address takes {methods}.", headers={"Allow": methods})
    who = caller(request)
    site = site_for(who, platform)
    answer = _in_json(lambda: _handled(handler, site, who, request, captured))
    if who.token is not None:
        # Django calls this after it has sent the answer (it closes files then). So a busy database delays nobody.
        answer._resource_closers.append(partial(tokens.used, who.token))  # type: ignore[attr-defined]  # noqa: SLF001
    return answer


def _handled(
    handler: Handler, site: Platform, who: Caller, request: HttpRequest, captured: dict[str, Any]
) -> JsonResponse:
    action, run = ACTIONS.get(handler), captured.get("run")
    wanted = None if action is None else Wanted(action=action, run=None if run is None else RunId(run))
    return handler(admit(site, who.actor, wanted), request, **captured)


def _in_json(make: Callable[[], JsonResponse]) -> JsonResponse:
    """The answer that `make` returns, or its error as JSON. Caches must not store it."""
    try:
        answer = make()
    except refusals.NotAllowed as exc:
        answer = denied(exc.denied).answer()
    except ApiError as exc:
        answer = exc.answer()
    except NotSetUp as exc:
        log.exception("not set up")
        answer = ApiError(503, "not_set_up", f"Nothing can be run on this site yet: {exc}.").answer()
    except Error:
        log.exception("the database failed")
        answer = ApiError(503, "database", "The database failed. Make this request again.").answer()
    except (SuspiciousOperation, BadRequest):
        log.warning("a request that can't be read", exc_info=True)
        answer = UNEXPECTED[400].answer()
    except Exception:
        log.exception("an error that nobody expected")
        answer = UNEXPECTED[500].answer()
    answer.headers["Cache-Control"] = "no-store"
    return answer


def start_run(admitted: Admitted, request: HttpRequest) -> JsonResponse:
    """201 for a new run, 200 for a run that the same key has started before, 202 for one that waits for approval."""
    key, is_chosen = key_of(request, str(admitted.actor.user))
    what = asked(request)
    asked_for = RunRequest(
        key=key,
        schedule=_schedule(admitted, what),
        args=what.args,
        kwargs=what.kwargs,
        fingerprint=what.fingerprint,
        reason=what.reason,
        digest=what.digest if is_chosen else "",
    )
    return _start(admitted, asked_for, what, request)


def run_again(admitted: Admitted, request: HttpRequest, run: int) -> JsonResponse:
    """Like `start_run`. Values that the body lacks come from this run."""
    try:
        with admitted.recorded(Wanted(action=Action.RUN, run=RunId(run))):
            earlier = again.earlier(admitted, RunId(run)).run
    except refusals.NoSuchRun:
        raise not_found(f"run {run}") from None
    except refusals.ValuesDeleted as exc:
        raise ApiError(409, "values_deleted", sentence(exc.reason)) from exc
    key, is_chosen = key_of(request, str(admitted.actor.user))
    what = asked_again(request, earlier)
    asked_for = RunRequest(
        key=key,
        schedule=ScheduleId(earlier.schedule_id),
        args=what.args,
        kwargs=what.kwargs,
        fingerprint=what.fingerprint,
        reason=what.reason,
        digest=what.digest if is_chosen else "",
        again=RunId(earlier.pk),
    )
    return _start(admitted, asked_for, what, request)


def _start(admitted: Admitted, asked_for: RunRequest, what: Asked, request: HttpRequest) -> JsonResponse:
    """Starts the run `asked_for`. `what` knows where its values are in the body."""
    actor = admitted.actor
    try:
        throttle.count_run(actor)
        run = start.start(admitted, asked_for, Budget(START_LIMIT))
    except refusals.TooMany as exc:
        headers = {"Retry-After": str(exc.seconds)}
        raise ApiError(429, "too_many_runs", sentence(exc.reason), headers=headers) from exc
    except refusals.Refused as exc:
        raise _refusal(exc, what, request) from exc
    except Error as exc:
        log.exception("nothing sent: the database failed")
        raise ApiError(503, "database", f"Nothing was sent by this request: the database failed. {AGAIN}") from exc
    with contextlib.suppress(Error):  # it was sent, and the answer must say so
        run.refresh_from_db()
    addresses = _links(run, request)
    return JsonResponse(
        answers.run(run, requester=actor.name, secret_keys=admitted.platform.secret_keys, links=addresses),
        status=202 if run.state == RunState.WAITING else 200 if run.is_repeated else 201,
        headers={"Location": addresses["url"]},
    )


def follow_run(admitted: Admitted, request: HttpRequest, run: int) -> JsonResponse:
    seen = follow(admitted, RunId(run))
    if seen is None:
        raise not_found(f"run {run}")
    return _run(admitted, seen.run, request)


def _run(admitted: Admitted, found: Run, request: HttpRequest) -> JsonResponse:
    name = found.user.get_username() if found.user else None
    addresses = _links(found, request)
    keys = admitted.platform.secret_keys
    return JsonResponse(answers.run(found, requester=name, secret_keys=keys, links=addresses))


def stop_run(admitted: Admitted, request: HttpRequest, run: int) -> JsonResponse:
    """The run after the stop has been saved. It ends later."""
    try:
        found = stop.stop(admitted, RunId(run), kill=is_kill_asked(request))
    except refusals.Ended as exc:
        raise ApiError(409, "ended", sentence(exc.reason), more=_members_of(exc.run, request)) from exc
    except refusals.CantStop as exc:
        raise ApiError(409, "cant_stop", sentence(exc.reason), more={"reason": exc.reason.code}) from exc
    if found is None:
        raise not_found(f"run {run}")
    return _run(admitted, found, request)


def refuse_answer(admitted: Admitted, _: HttpRequest, run: int) -> JsonResponse:
    """Refuses to approve and to decline: only people do that, in Slack and on the pages."""
    if admitted.run(RunId(run)) is None:
        raise not_found(f"run {run}")
    raise denied(Denied(code=Code.NOT_BY_API))


def find(admitted: Admitted, request: HttpRequest) -> JsonResponse:
    if unknown := sorted(set(request.GET) - {"q"}):
        wrong = "There is no parameter {!r}; there is q."
        raise bad_request(*(ApiProblem(field=n, code="unknown_parameter", text=wrong.format(n)) for n in unknown))
    matches = see.find(admitted, request.GET.get("q", ""), LISTED)
    return JsonResponse({"total": matches.total, "schedules": [answers.brief(brief) for brief in matches.first]})


def preview(admitted: Admitted, _: HttpRequest, schedule: int) -> JsonResponse:
    found = see.preview(admitted, ScheduleId(schedule))
    if found is None:
        raise not_found(f"schedule {schedule}")
    return JsonResponse(answers.preview(found))


def nothing_here(_: HttpRequest) -> JsonResponse:
    return _in_json(not_found("such address").answer)


def _schedule(admitted: Admitted, what: Asked) -> ScheduleId:
    """The id of the schedule that the request names by id or by exact name. Raises ApiError."""
    if isinstance(what.schedule, int):
        return ScheduleId(what.schedule)
    try:
        with admitted.recorded(Wanted(action=Action.RUN)):
            return _named(admitted, what.schedule)
    except refusals.Gone:
        wrong = "No schedule has exactly this name."
        raise not_found("schedule of this name", what.problem("schedule", Code.GONE, wrong)) from None


def _named(admitted: Admitted, name: str) -> ScheduleId:
    """Raises refusals.Gone."""
    brief, _ = see.named(admitted, name)
    if brief is None or brief.name != name:
        raise refusals.Gone
    return brief.id


def _refusal(exc: refusals.Refused, what: Asked, request: HttpRequest) -> ApiError:
    match exc:
        case refusals.Gone():
            wrong = "No schedule has this id."
            return not_found(f"schedule {what.schedule}", what.problem("schedule", Code.GONE, wrong))
        case refusals.Changed():
            text = "The schedule has changed since this fingerprint was read. Read the schedule again."
            return ApiError(409, "changed", text, [what.problem("fingerprint", Code.CHANGED, text)])
        case refusals.Taken(run=run):
            return ApiError(409, "key_taken", sentence(exc.reason), more=_members_of(run, request) if run else {})
        case refusals.MaybeSent(run=run):
            return ApiError(409, "maybe_sent", sentence(exc.reason), more=_members_of(run, request))
        case refusals.NothingSent(reason=reason):
            more = {"reason": reason.code}
            text = f"{sentence(reason)} {AGAIN}"
            return ApiError(503, "not_sent", text, headers={"Retry-After": "5"}, more=more)
        case _:
            problems = [_problem(what, problem) for problem in exc.problems]
            return ApiError(400, "refused", problems[0].text, problems)


def _problem(what: Asked, problem: Problem) -> ApiProblem:
    """The problem, at the place of its member in the body. The place in `problem` is a place in the member's own text."""
    text = problem_text(problem)
    is_stored = problem.field in (Field.ARGS, Field.KWARGS) and problem.field not in what.places
    return what.problem(problem.field, problem.code, f"{what.left_out}: {text}" if is_stored else text)


ACTIONS: Mapping[Handler, Action] = {start_run: Action.RUN, run_again: Action.RUN, stop_run: Action.STOP}


def _members_of(run: Run, request: HttpRequest) -> dict[str, Any]:
    """The members of an error answer that say which run it is about."""
    return {"run": run.pk, "state": run.state, **_links(run, request)}


def _links(run: Run, request: HttpRequest) -> dict[str, str]:
    """The run's addresses, with the host name that the caller used. `url` is for scripts, `page` is for people."""
    here = request.build_absolute_uri("/")
    url = request.build_absolute_uri(reverse("runtask:api-run", args=[run.pk]))
    return {"url": url, "page": links.page(here, run)}
