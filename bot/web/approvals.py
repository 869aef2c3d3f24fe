"""The page *Waiting for you* lists the runs that somebody may approve. Its two buttons are also on a run's own page."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from bot.change_texts import Room, told
from bot.core.model import Field, RunId
from bot.core.ports import NotSetUp
from bot.core.report import Answered, Untold
from bot.core.rights import Action
from bot.core.status import RunState, is_unsent
from bot.core.text import one_line
from bot.models import Run
from bot.requests import START_LIMIT
from bot.rule_texts import IS_APPROVED_BY_ONE, need_text
from bot.runs import actors, approvals, approve
from bot.runs.approvals import WaitingRun
from bot.runs.budget import Budget
from bot.runs.denials import Wanted
from bot.runs.door import Platform, SeenRun, admit
from bot.runs.refusals import NotAllowed, Refused
from bot.runs.report import asked
from bot.texts import problem_text, sentence
from bot.web import texts
from bot.web.page import Visit, page
from bot.web.shielded import shielded

SHOWN = 50  # runs in the list
ROOM = Room(lines=500, length=20_000, name=1_000, value=5_000)  # for a run's changed values in the list


def urls(platform: Callable[[], Platform]) -> list[URLPattern]:
    return [
        path("approvals/", page(waiting, platform, "GET", "HEAD"), name="approvals"),
        path("runs/<int:run>/approve", page(say_yes, platform, "POST", wants=_to_answer), name="approve"),
        path("runs/<int:run>/decline", page(say_no, platform, "POST", wants=_to_answer), name="decline"),
    ]


def _to_answer(_: HttpRequest, run: int) -> Wanted:
    return Wanted(action=Action.APPROVE, run=RunId(run))


def waiting(visit: Visit) -> HttpResponse:
    found = approvals.waiting_for(visit.admitted, SHOWN)
    context = {
        "title": texts.WAITING_FOR_YOU,
        "items": list(map(_item, found.first)),
        "more": found.more,
        "is_more_at_least": found.is_more_at_least,
    }
    return visit.render("runtask/approvals.html", context)


def number_for(platform: Callable[[], Platform], user: Any) -> int:
    """How many runs wait for this user's approval. 0 if the user may see nothing, or if the site or its database isn't ready."""
    try:
        return shielded(lambda: approvals.waiting_for(admit(platform(), actors.of_user(user)), 0).more, otherwise=0)
    except (NotAllowed, NotSetUp):
        return 0


def _item(run: WaitingRun) -> dict[str, Any]:
    changes = told(run.changes, ROOM)
    somebody = texts.SLACK_USER.format(id=run.requester) if run.requester else texts.NOBODY_KNOWN
    return {
        "run": run.run,
        "mark": run.mark,
        "name": one_line(run.schedule),
        "requester": run.name or somebody,
        "since": run.since,
        "until": run.until,
        "reason": run.reason,
        "changes": changes.lines,
        "shows_all": changes.is_all,
    }


def of_run(visit: Visit, seen: SeenRun) -> dict[str, Any] | None:
    """The approval, for the page of a run. None: the run needs none."""
    run = seen.run
    found = asked(run)
    if found is None:
        return None
    is_waiting = run.state == RunState.WAITING
    return {
        "run": run.pk,
        "mark": found.mark,
        "may_answer": is_waiting and approve.denied(visit.admitted, seen) is None,
        "is_unsent": is_unsent(run.state, run.sent_at),
        "lines": [*map(need_text, found.needs), *map(_answer, found.answers), *_untold(found.untold)],
        "until": found.until if is_waiting else None,
    }


def _untold(untold: Untold | None) -> list[str]:
    if untold is None:
        return []
    if not untold.all:
        return [texts.NOBODY_TO_TELL]
    return [texts.UNTOLD.format(number=untold.number, all=untold.all, code=untold.because)]


def _answer(answer: Answered) -> str:
    who = answer.name or texts.NOBODY_KNOWN
    if answer.is_yes:
        return texts.APPROVED_BY.format(who=who)
    return texts.DECLINED_BY.format(who=who, why=one_line(answer.why))


def say_yes(visit: Visit, run: int) -> HttpResponse:
    mark = visit.request.POST.get("mark", "")

    def verb() -> Run | None:
        return approve.approve(visit.admitted, RunId(run), mark, Budget(START_LIMIT))

    return _answered(visit, run, verb, texts.IS_APPROVED)


def say_no(visit: Visit, run: int) -> HttpResponse:
    given = visit.request.POST

    def verb() -> Run | None:
        return approve.decline(visit.admitted, RunId(run), given.get("mark", ""), given.get(Field.REASON, ""))

    return _answered(visit, run, verb, texts.IS_DECLINED)


def _answered(visit: Visit, run: int, verb: Callable[[], Run | None], done: str) -> HttpResponse:
    """Leads to the run's page. A message there says what was done, or why nothing was done."""
    try:
        found = verb()
    except NotAllowed as exc:
        if exc.denied.code not in approve.NOT_NOW:
            raise
        messages.warning(visit.request, sentence(exc.denied), fail_silently=True)
    except Refused as exc:
        messages.warning(visit.request, problem_text(exc.problems[0]), fail_silently=True)
    else:
        if found is None:
            raise Http404(texts.NO_SUCH_RUN)
        words = IS_APPROVED_BY_ONE if found.state == RunState.WAITING else done
        messages.success(visit.request, words, fail_silently=True)
    return redirect("runtask:status", run=run)
