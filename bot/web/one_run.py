"""A run's page: how far the run is, and *Stop*."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path

from bot.change_texts import rows
from bot.compat import model_admin
from bot.core.model import RunId
from bot.core.rights import Action
from bot.core.status import RunState
from bot.core.stops import Way
from bot.core.text import exact, one_line
from bot.models import Run
from bot.option_texts import stored_options
from bot.runs import clock, links, stop
from bot.runs.denials import Wanted
from bot.runs.door import Platform, SeenRun
from bot.runs.follow import follow
from bot.runs.refusals import CantStop, Ended
from bot.texts import sentence
from bot.web import approvals, display, texts
from bot.web.frame import admin_site
from bot.web.page import Visit, page


def urls(platform: Callable[[], Platform]) -> list[URLPattern]:
    return [
        path("runs/<int:run>/", page(status, platform, "GET", "HEAD"), name="status"),
        path("runs/<int:run>/state", page(state, platform, "GET"), name="state"),
        path("runs/<int:run>/stop", page(stop_run, platform, "GET", "HEAD", "POST", wants=_to_stop), name="stop"),
    ]


def _to_stop(request: HttpRequest, run: int) -> Wanted | None:
    return Wanted(action=Action.STOP, run=RunId(run)) if request.method == "POST" else None


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
