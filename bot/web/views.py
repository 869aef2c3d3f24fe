"""The run page and the page of a run: thin, between the form and the door."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path

from bot.core.budget import Budget
from bot.core.model import Field, Problem, RunId, RunRequest, ScheduleId
from bot.core.text import one_line
from bot.models import Run
from bot.runs import links
from bot.runs.refusals import GONE, MaybeSent, Refused
from bot.runs.requests import PATIENCE
from bot.runs.service import RunService
from bot.web import forms, shown
from bot.web.frame import admin_site
from bot.web.gate import Visit, page

TITLE = "Run a schedule"
PICKS = 100  # schedules shown at once
SENT_BEFORE = "This form had been sent before, and each form runs once: nothing was sent again. This is its run."


def urls(runs: Callable[[], RunService]) -> list[URLPattern]:
    return [
        path("", page(run, runs, "GET", "HEAD", "POST"), name="run"),
        path("check", page(check, runs, "POST"), name="check"),
        path("runs/<int:run>/", page(status, runs, "GET", "HEAD"), name="status"),
        path("runs/<int:run>/state", page(state, runs, "GET"), name="state"),
    ]


def run(visit: Visit) -> HttpResponse:
    """`?q=` lists what matches, `?schedule=` shows that schedule's form, which is sent here."""
    if visit.request.method == "POST":
        return _start(visit)
    given = visit.request.GET
    if "schedule" not in given:
        return _picker(visit, given.get("q", ""))
    schedule = forms.schedule_id(given["schedule"])
    return _picker(visit, "", GONE) if schedule is None else _form(visit, schedule)


def check(visit: Visit) -> HttpResponse:
    """What is wrong with the form as it is typed; sends nothing."""
    problems = _problems(visit, forms.run_request(visit.request.POST, visit.actor))
    return JsonResponse({"problems": [asdict(shown.said(problem)) for problem in problems]})


def status(visit: Visit, run: int) -> HttpResponse:
    found = _followed(visit, run)
    context = {
        "run": found,
        "name": one_line(found.schedule_name),
        "requester": shown.requester(found),
        "sent": shown.sent(found, visit.runs.secret_keys),
        "record": links.record_path(found) if _may_see(visit.request, Run) else "",
        **_standing(visit, found),
    }
    return visit.render("runtask/status.html", context)


def state(visit: Visit, run: int) -> HttpResponse:
    """What changes on a run's page while it is followed."""
    context = _standing(visit, _followed(visit, run))
    standing = context["standing"]
    html = render_to_string("runtask/_state.html", context)
    return JsonResponse(
        {"html": html, "words": standing.words, "title": context["title"], "is_final": standing.is_final}
    )


def _start(visit: Visit) -> HttpResponse:
    asked = forms.run_request(visit.request.POST, visit.actor)
    try:
        found = visit.runs.start(asked, Budget(PATIENCE))
    except MaybeSent as exc:  # its page says so, and how it ends
        found = exc.run
    except Refused as exc:
        return _form(visit, asked.schedule, asked, exc.problems)
    if found.is_repeated:
        messages.info(visit.request, SENT_BEFORE, fail_silently=True)
    return redirect("runtask:status", run=found.pk)


def _picker(visit: Visit, query: str, problem: str = "") -> HttpResponse:
    matches = visit.runs.find(visit.actor, query, PICKS)
    context = {
        "title": TITLE,
        "query": query,
        "matches": matches.first,
        "count": shown.count(matches, query),
        "problem": problem,
        "beat": links.path("admin:django_celery_beat_periodictask_changelist"),
    }
    return visit.render("runtask/picker.html", context, 404 if problem else 200)


def _form(
    visit: Visit, schedule: ScheduleId, typed: RunRequest | None = None, problems: Iterable[Problem] | None = None
) -> HttpResponse:
    """With the stored values and what is wrong with them, or with what was typed and the given problems."""
    look = visit.runs.look(visit.actor, schedule)
    if look is None:
        return _picker(visit, "", GONE)
    if problems is None:
        problems = _problems(visit, _as_stored(visit, schedule))
    found = [shown.said(problem) for problem in problems]
    name = one_line(look.schedule.name)
    fingerprint = look.schedule.fingerprint if typed is None else typed.fingerprint
    context = {
        "title": f"Run {name}",
        "name": name,
        "look": look,
        "target": shown.target(look),
        "inputs": shown.inputs(look, found, typed),
        "problems": [problem for problem in found if problem.field == Field.SCHEDULE],
        "is_refused": typed is not None,
        "is_changed": fingerprint != look.schedule.fingerprint,
        "form_id": visit.request.POST.get(forms.FORM) or forms.new_id(),
        "fingerprint": fingerprint,
    }
    return visit.render("runtask/form.html", context)


def _problems(visit: Visit, asked: RunRequest) -> list[Problem]:
    try:
        visit.runs.check(asked)
    except Refused as exc:
        return exc.problems
    return []


def _as_stored(visit: Visit, schedule: ScheduleId) -> RunRequest:
    return RunRequest(key="", actor=visit.actor, schedule=schedule, args=None, kwargs=None, fingerprint=None)


def _followed(visit: Visit, run: int) -> Run:
    found = visit.runs.follow(visit.actor, RunId(run))
    if found is None:
        raise Http404("There is no such run; finished ones are deleted after a while.")
    return found


def _standing(visit: Visit, run: Run) -> dict[str, Any]:
    standing = shown.standing(run)
    may_see = _may_see(visit.request, apps.get_model("django_celery_results", "TaskResult"))
    result = links.result_path(run) if may_see else ""
    return {
        "run": run,
        "standing": standing,
        "title": f"{standing.words}: {one_line(run.schedule_name)}",
        "result_path": result,
    }


def _may_see(request: HttpRequest, model: type) -> bool:
    """Whether the admin would show them its page; a link to it is no use otherwise."""
    site = admin_site()
    return site.is_registered(model) and site.get_model_admin(model).has_view_or_change_permission(request)
