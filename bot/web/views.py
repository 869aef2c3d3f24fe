"""The run page, and the page of a run."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path

from bot.change_texts import rows
from bot.compat import model_admin
from bot.core.again import AS_STORED, Fill
from bot.core.model import Field, Preview, RunId, RunRequest
from bot.core.reasons import Code, Problem, Reason
from bot.core.rights import Action
from bot.core.status import RunState
from bot.core.stops import Way
from bot.core.text import clean, exact, one_line
from bot.models import Run
from bot.option_texts import stored_options
from bot.requests import START_LIMIT
from bot.rule_texts import need_text
from bot.runs import again, clock, links, see, start, stop
from bot.runs.budget import Budget
from bot.runs.denials import Wanted
from bot.runs.door import Platform, SeenRun
from bot.runs.follow import follow
from bot.runs.refusals import CantRepeat, CantStop, Ended, MaybeSent, NotAllowed, NothingSent, Orphaned, Refused
from bot.texts import press_again, sentence
from bot.web import approvals, display, forms, texts, throttle
from bot.web.frame import admin_site
from bot.web.page import Visit, page

PICKS = 100  # schedules shown at once
GONE = sentence(Reason(code=Code.GONE))


def urls(platform: Callable[[], Platform]) -> list[URLPattern]:
    return [
        path("", page(run, platform, "GET", "HEAD", "POST", wants=forms.to_run), name="run"),
        path("check", page(check, platform, "POST"), name="check"),
        path("runs/<int:run>/", page(status, platform, "GET", "HEAD"), name="status"),
        path("runs/<int:run>/state", page(state, platform, "GET"), name="state"),
        path("runs/<int:run>/stop", page(stop_run, platform, "GET", "HEAD", "POST", wants=_to_stop), name="stop"),
        *approvals.urls(platform),
    ]


def _to_stop(request: HttpRequest, run: int) -> Wanted | None:
    return Wanted(action=Action.STOP, run=RunId(run)) if request.method == "POST" else None


def run(visit: Visit) -> HttpResponse:
    """GET: `?q=` lists schedules, `?schedule=` shows a schedule's form, `?run=` a form with a run's values. POST: starts a run."""
    if visit.request.method == "POST":
        return _start(visit)
    given = visit.request.GET
    if "run" in given:
        return _again(visit, forms.run_id(given["run"]))
    if "schedule" not in given:
        return _picker(visit, given.get("q", ""))
    schedule = forms.schedule_id(given["schedule"])
    preview = None if schedule is None else see.preview(visit.admitted, schedule)
    return _picker(visit, "", GONE) if preview is None else _fresh(visit, preview)


def check(visit: Visit) -> HttpResponse:
    """Checks the form while somebody types. Sends nothing. A missing reason isn't reported yet: they may type it later."""
    if seconds := throttle.count_check(visit.admitted.actor):
        return HttpResponse(status=429, headers={"Retry-After": str(seconds)})
    problems = _problems(visit, forms.run_request(visit.request.POST, visit.admitted.actor))
    shown = (display.problem(one) for one in problems if one.code != Code.REASON_MISSING)
    return JsonResponse({"problems": list(map(asdict, shown))})


def status(visit: Visit, run: int) -> HttpResponse:
    seen = _followed(visit, run)
    found = seen.run
    context = {
        "run": found,
        "name": one_line(found.schedule_name),
        "requester": display.requester(found),
        "task": exact(found.task),
        "target": [(name, exact(value)) for name, value in stored_options(found.target)],
        "changes": list(rows(found.changed_values)),
        "sent": display.sent_values(found, visit.platform.secret_keys),
        "record": links.record_path(found) if _may_see(visit.request, Run) else "",
        "approval": approvals.of_run(visit, seen),
        **_with_state(visit, seen),
    }
    return visit.render("runtask/status.html", context)


def state(visit: Visit, run: int) -> HttpResponse:
    """The part of a run's page that changes while the run goes on."""
    context = _with_state(visit, _followed(visit, run))
    shown = context["state"]
    html = render_to_string("runtask/_state.html", context)
    answer = {name: context[name] for name in ("title", "answers")}
    return JsonResponse({**answer, "html": html, "words": shown.words, "is_final": shown.is_final})


def stop_run(visit: Visit, run: int) -> HttpResponse:
    """Asks for confirmation before it stops the run. With `?kill=1`, it asks whether to terminate the task."""
    if visit.request.method == "POST":
        return _stop(visit, run)
    seen = _followed(visit, run)
    found = seen.run
    if stop.hindrance(visit.platform, found, now=clock.now()) is not None:
        return redirect("runtask:status", run=found.pk)
    kill = "kill" in visit.request.GET
    question = texts.TERMINATE_RUN if kill else texts.STOP_RUN
    context = {
        "title": question.format(schedule=one_line(found.schedule_name)),
        "name": one_line(found.schedule_name),
        "run": found,
        "kill": kill,
        "state": display.state_shown(found),
        "may_kill": _may_kill(visit, seen),
    }
    return visit.render("runtask/stop.html", context)


def _stop(visit: Visit, run: int) -> HttpResponse:
    try:
        found = stop.stop(visit.admitted, RunId(run), kill="kill" in visit.request.POST)
    except (Ended, CantStop) as exc:
        messages.warning(visit.request, sentence(exc.reason), fail_silently=True)
    else:
        if found is None:
            raise Http404(texts.NO_SUCH_RUN)
    return redirect("runtask:status", run=run)


def _start(visit: Visit) -> HttpResponse:
    asked = forms.run_request(visit.request.POST, visit.admitted.actor)
    try:
        throttle.count_run(visit.admitted.actor)
        found = start.start(visit.admitted, asked, Budget(START_LIMIT))
    except MaybeSent as exc:  # the run's page says so, and shows the result
        found = exc.run
    except Refused as exc:
        return _refused(visit, asked, exc)
    except NotAllowed as exc:
        return _refused(visit, asked, _as_problem(exc))
    if found.is_repeated:
        messages.info(visit.request, texts.SENT_BEFORE, fail_silently=True)
    return redirect("runtask:status", run=found.pk)


def _refused(visit: Visit, asked: RunRequest, why: Refused) -> HttpResponse:
    """The form again, with what was typed, and what is wrong."""
    preview = see.preview(visit.admitted, asked.schedule)
    if preview is None:
        return _picker(visit, "", GONE)
    try:
        fill = again.fill(visit.admitted, preview, asked.again)
    except CantRepeat as exc:
        return _picker(visit, "", sentence(exc.reason))
    hint = press_again(why.reason) if isinstance(why, NothingSent) else ""
    return _form(visit, preview, fill, why.problems, typed=asked, hint=hint)


def _again(visit: Visit, run: RunId | None) -> HttpResponse:
    try:
        preview, fill = again.preview(visit.admitted, run or forms.NO_RUN)
    except (CantRepeat, Orphaned) as exc:
        return _picker(visit, "", sentence(exc.reason))
    return _fresh(visit, preview, fill)


def _picker(visit: Visit, query: str, problem: str = "") -> HttpResponse:
    matches = see.find(visit.admitted, query, PICKS)
    context = {
        "title": texts.RUN_A_SCHEDULE,
        "query": query,
        "matches": [replace(brief, name=one_line(brief.name)) for brief in matches.first],
        "count": texts.count(len(matches.first), matches.total, query),
        "problem": problem,
        "paused": _paused(visit),
        "beat": links.path("admin:django_celery_beat_periodictask_changelist"),
    }
    return visit.render("runtask/picker.html", context, 404 if problem else 200)


def _paused(visit: Visit) -> str:
    """Why nothing can be run at the moment. Empty: the site isn't paused."""
    why = visit.admitted.in_force.paused
    return "" if why is None else sentence(Reason(code=Code.PAUSED, params={"reason": why}))


def _fresh(visit: Visit, preview: Preview, fill: Fill = AS_STORED) -> HttpResponse:
    """The form with the values of `fill`, and their problems."""
    as_shown = RunRequest(
        key="",
        schedule=preview.schedule.id,
        args=None,
        kwargs=None,
        fingerprint=None,
        again=fill.again.run.run if fill.again else None,
    )
    # Nobody has been asked for a reason yet.
    problems = [one for one in _problems(visit, as_shown) if one.field != Field.REASON]
    return _form(visit, preview, fill, problems)


def _form(
    visit: Visit,
    preview: Preview,
    fill: Fill,
    problems: Sequence[Problem],
    *,
    typed: RunRequest | None = None,
    hint: str = "",
) -> HttpResponse:
    """The form with these problems, and with what was typed or, if nothing was, the values of `fill`."""
    filled, schedule = fill.again, preview.schedule
    run = filled.run.run if filled else None
    found = list(map(display.problem, problems))
    name = one_line(schedule.name)
    context = {
        "title": texts.RUN.format(schedule=name),
        "name": name,
        "preview": preview,
        "description": clean(schedule.description).strip(),
        "target": display.target(preview),
        "again": display.again(filled) if filled else None,
        "address": f"?run={run}" if run else f"?schedule={schedule.id}",
        "inputs": display.inputs(
            filled.values if filled else preview.stored,
            found,
            typed,
            is_of_a_run=filled is not None,
            limits=preview.limits,
        ),
        "needs": list(map(need_text, preview.limits.needs)),
        "is_closed": preview.limits.denied is not None and typed is None,
        "problems": [problem for problem in found if problem.field == Field.SCHEDULE],
        "hint": hint,
        "is_refused": typed is not None,
        "is_changed": any(one.code == Code.CHANGED for one in problems),
        "form_id": visit.request.POST.get(forms.FORM) or forms.new_id(),
        "fingerprint": (filled or preview).fingerprint if typed is None else typed.fingerprint,
    }
    return visit.render("runtask/form.html", context)


def _problems(visit: Visit, asked: RunRequest) -> list[Problem]:
    try:
        start.check(visit.admitted, asked)
    except NotAllowed as exc:
        return _as_problem(exc).problems
    except Refused as exc:
        return exc.problems
    return []


def _as_problem(exc: NotAllowed) -> Refused:
    """A rule's refusal as a problem of the schedule. `page` refuses people who may do nothing at all before this."""
    return Refused([Problem(code=exc.denied.code, params=exc.denied.params, field=Field.SCHEDULE)])


def _followed(visit: Visit, run: int) -> SeenRun:
    seen = follow(visit.admitted, RunId(run))
    if seen is None:
        raise Http404(texts.NO_SUCH_RUN)
    return seen


def _with_state(visit: Visit, seen: SeenRun) -> dict[str, Any]:
    run = seen.run
    shown = display.state_shown(run)
    hindrance = stop.hindrance(visit.platform, run, now=clock.now()) or stop.denied(visit.admitted, seen)
    has_way_left = not run.stop_way or (run.stop_way != Way.TERMINATE and _may_kill(visit, seen))
    address = links.result_path(run)
    may_see = bool(address) and _may_see(visit.request, apps.get_model("django_celery_results", "TaskResult"))
    return {
        "run": run,
        "state": shown,
        "title": f"{shown.words}: {one_line(run.schedule_name)}",
        # If this changes, the page's script reads the other parts of the page again, such as Approve.
        "answers": str(run.answers.count()) if run.state == RunState.WAITING else "",
        "result_path": address if may_see else "",
        "can_stop": hindrance is None and has_way_left,
        "cant_stop": "" if shown.is_final else sentence(hindrance),
    }


def _may_kill(visit: Visit, seen: SeenRun) -> bool:
    """Whether to offer this person to terminate the run's task."""
    return visit.platform.may_kill and stop.denied(visit.admitted, seen, kill=True) is None


def _may_see(request: HttpRequest, model: type) -> bool:
    """Whether the admin shows rows of this model to the person. If not, we don't link to them."""
    site = admin_site()
    return site.is_registered(model) and model_admin(site, model).has_view_or_change_permission(request)
