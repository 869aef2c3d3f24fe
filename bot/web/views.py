"""The run page: the picker and the form."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from bot.core.again import AS_STORED, Fill
from bot.core.model import Field, Preview, RunId, RunRequest
from bot.core.reasons import Code, Problem, Reason
from bot.core.text import clean, one_line
from bot.requests import START_LIMIT
from bot.rule_texts import need_text
from bot.runs import again, links, see, start, throttle
from bot.runs.budget import Budget
from bot.runs.door import Platform
from bot.runs.refusals import CantRepeat, MaybeSent, NotAllowed, NothingSent, Orphaned, Refused
from bot.texts import press_again, sentence
from bot.web import approvals, display, forms, one_run, texts
from bot.web.page import Visit, page

PICKS = 100  # schedules shown at once
GONE = sentence(Reason(code=Code.GONE))


def urls(platform: Callable[[], Platform]) -> list[URLPattern]:
    return [
        path("", page(run, platform, "GET", "HEAD", "POST", wants=forms.to_run), name="run"),
        path("check", page(check, platform, "POST"), name="check"),
        *one_run.urls(platform),
        *approvals.urls(platform),
    ]


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
