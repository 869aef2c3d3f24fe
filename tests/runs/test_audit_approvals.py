"""The audit log says of each step of an approval who did it, and for whose run."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.entry import Entry
from bot.core.model import Actor, RunId
from bot.core.ports import NotSent
from bot.models import Run
from bot.runs import clock, stop
from bot.runs.approvals import Tending
from bot.runs.refusals import NotAllowed, NothingSent, NotWaiting, Void
from tests.audit import records
from tests.factories import a_schedule, sealed, unreachable
from tests.runs.approving import SEVEN, TWO_PAIRS_OF_EYES, asked, says_no, says_yes
from tests.runs.conftest import Door
from tests.runs.ruled import in_force, person

pytestmark = pytest.mark.django_db
ASKED = ("run.asked", "web", "ana", "")


def somebody(name: str, *groups: str) -> Actor:
    return replace(person(name, *groups), entry=Entry.WEB)


def a_waiting_run(door: Door, approvals: int = 1) -> Run:
    in_force(replace(TWO_PAIRS_OF_EYES, approvals=approvals))
    return asked(door, somebody("ana"), reason="month's end")


def is_approved_by_two(door: Door) -> None:
    run = a_waiting_run(door, approvals=2)
    for name in ("cara", "dora"):
        says_yes(door, run, somebody(name, "leads"))


def is_approved_while_the_broker_is_down_and_again(door: Door) -> None:
    run, cara = a_waiting_run(door), somebody("cara", "leads")
    door.sender.fails = NotSent(unreachable())
    with pytest.raises(NothingSent):
        says_yes(door, run, cara)
    door.sender.fails = None
    says_yes(door, run, cara)


def is_declined(door: Door) -> None:
    says_no(door, a_waiting_run(door), somebody("cara", "leads"))


def is_not_for_them(door: Door) -> None:
    run, ben = a_waiting_run(door), somebody("ben")
    for _ in range(2):
        with pytest.raises(NotAllowed):
            says_yes(door, run, ben)


def lapses(door: Door) -> None:
    a_waiting_run(door)
    Run.objects.update(deadline_at=clock.now())
    Tending(door.platform).step()


def is_withdrawn_by_somebody_else(door: Door) -> None:
    stop.stop(door.admitted(somebody("dora")), RunId(a_waiting_run(door).pk))


def is_voided(door: Door) -> None:
    run = a_waiting_run(door)
    door.catalog.schedules[SEVEN] = a_schedule(fingerprint="f2", columns={"queue": "slow"})
    with pytest.raises(Void):
        says_yes(door, run, somebody("cara", "leads"))


def is_approved_twice(door: Door) -> None:
    run, cara = a_waiting_run(door), somebody("cara", "leads")
    says_yes(door, run, cara)
    with pytest.raises(NotWaiting):
        says_yes(door, run, cara)


WAYS: list[tuple[Callable[[Door], object], list[tuple[str, str, str, str]]]] = [
    (is_approved_by_two, [("run.approved", "web", "cara", "ana"), ("run.approved", "web", "dora", "ana"), ("run.sent", "web", "dora", "ana")]),
    (is_approved_while_the_broker_is_down_and_again, [
        ("run.approved", "web", "cara", "ana"), ("run.not_sent", "web", "cara", "ana"),
        ("run.approved", "web", "cara", "ana"), ("run.sent", "web", "cara", "ana"),
    ]),
    (is_approved_twice, [("run.approved", "web", "cara", "ana"), ("run.sent", "web", "cara", "ana"), ("run.refused", "web", "cara", "")]),
    (is_declined, [("run.declined", "web", "cara", "ana")]),
    (is_not_for_them, [("run.refused", "web", "ben", "")]),
    (lapses, [("run.lapsed", "system", "", "ana")]),
    (is_withdrawn_by_somebody_else, [("run.withdrawn", "web", "dora", "ana")]),
    (is_voided, [("run.withdrawn", "system", "", "ana"), ("run.refused", "web", "cara", "")]),
]  # fmt: skip


@pytest.mark.parametrize(("happens", "expected"), WAYS, ids=[happens.__name__ for happens, _ in WAYS])
def test_each_step_leaves_exactly_its_records(
    door: Door, happens: Callable[[Door], object], expected: list[tuple[str, str, str, str]]
) -> None:
    happens(door)
    told = [(row.action, row.entry, str(row.person or ""), str(row.about or "")) for row in records()]
    assert [one for one in told if one[0] != "rules.changed"] == [ASKED, *expected]


def test_records_say_why(door: Door) -> None:
    is_voided(door)
    [asked_for], [withdrawn], [refused] = (records(action=f"run.{one}") for one in ("asked", "withdrawn", "refused"))
    assert asked_for.details["reason"] == "month's end"
    assert (withdrawn.details["code"], withdrawn.details["what"]) == ("schedule_changed", "queue")
    assert (refused.details["asked"], refused.details["code"]) == ("approve", "schedule_changed")
    run = asked(door, somebody("eve"), key="web:2", fingerprint=sealed("f2"))
    says_no(door, run, somebody("dora", "leads"), "no money")
    assert records(action="run.declined")[0].details == {"task_id": run.task_id, "why": "no money"}
    third = asked(door, somebody("fay"), key="web:3", fingerprint=sealed("f2"), reason="the auditors ask")
    says_yes(door, third, somebody("gil", "leads"))
    third.refresh_from_db()
    details = {"task_id": third.task_id, "reason": "the auditors ask"}
    assert records(action="run.approved")[0].details == details
