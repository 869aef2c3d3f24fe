"""Runs that wait for approval, and people who answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from bot.core import approval
from bot.core.model import Actor, RunId, ScheduleId
from bot.core.reasons import Code
from bot.models import Notice, Run
from bot.runs import approve
from bot.runs.budget import Budget
from bot.runs.refusals import NotAllowed
from tests.factories import a_request, a_schedule, an_actor
from tests.fakes import FakeCatalog, FakeSender
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force, person

SEVEN = ScheduleId(7)
TWO_PAIRS_OF_EYES = a_rule("Four eyes", approvals=1, approvers=("leads",))


def asked(door: Door, requester: Actor | None = None, key: str = "web:1:a", **changes: Any) -> Run:
    """Starts a run that waits. Its requester acts on the run page, not in Slack."""
    who = requester or person(f"ana{Run.objects.count()}", email=f"ana{Run.objects.count()}@example.com")
    return door.start(replace(a_request(key=key), **changes), who)


def waiting(door: Door, **changes: Any) -> Run:
    """Starts a run that waits until one of the leads approves it."""
    in_force(TWO_PAIRS_OF_EYES)
    return asked(door, **changes)


def mark(run: Run) -> str:
    return approval.mark(run.approval_digest or "")


def says_yes(door: Door, run: Run, actor: Actor, of: str | None = None) -> Run | None:
    return approve.approve(door.admitted(actor), RunId(run.pk), mark(run) if of is None else of, Budget())


def says_no(door: Door, run: Run, actor: Actor, why: str = "not today") -> Run | None:
    return approve.decline(door.admitted(actor), RunId(run.pk), mark(run), why)


def kinds(run: Run, recipient: str | None = None) -> list[str]:
    """The kinds of the run's notices."""
    return sorted(Notice.objects.filter(run=run, recipient=recipient).values_list("kind", flat=True))


def refused(verb: Callable[[], object]) -> Code:
    with pytest.raises(NotAllowed) as caught:
        verb()
    return caught.value.denied.code


def now_it_is(run: Run) -> str:
    return str(Run.objects.get(pk=run.pk).state)


def user(actor: Actor) -> Any:
    return get_user_model().objects.filter(pk=str(actor.user))


def ruled_door() -> Door:
    """A door with one schedule, and the rule TWO_PAIRS_OF_EYES in force. It names groups, so people's groups are read."""
    in_force(TWO_PAIRS_OF_EYES)
    schedule = a_schedule()
    return Door(FakeCatalog({schedule.id: schedule}), FakeSender(), an_actor())
