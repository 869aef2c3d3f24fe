"""The audit log records each thing that happens to a run. tests.web.test_audit has links, tokens and the entries."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.audit import Act, Record, Who
from bot.core.entry import Entry
from bot.core.model import Actor, Outcome, RunId, ScheduleId, Source, TaskId
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Reason
from bot.core.secrets import WORDS
from bot.models import Notice, Run
from bot.runs import again, attempts, clock, finish, outbox, stop
from bot.runs.refusals import Ended, Refused
from tests.audit import records, told
from tests.factories import ADA, INSTALLATION, TEAM, an_outcome, unreachable
from tests.runs.conftest import Door

HOUR = timedelta(hours=1)
ADA_BY_SLACK = f"ada {TEAM}/{ADA}"
ASKED, SENT, NOT_SENT = (
    ("run.asked", "slack", ADA_BY_SLACK),
    ("run.sent", "slack", ADA_BY_SLACK),
    ("run.not_sent", "slack", ADA_BY_SLACK),
)
STOP_ASKED = ("run.stop_asked", "slack", ADA_BY_SLACK)
REFUSED = ("run.refused", "slack", ADA_BY_SLACK)
ENDED, WITHDRAWN, TERMINATED = (
    ("run.ended", "system", ""),
    ("run.withdrawn", "system", ""),
    ("run.terminated", "system", ""),
)


def fails(door: Door, with_: Exception | None) -> None:
    """Somebody presses Run, and the sender raises `with_`."""
    door.sender.fails = with_
    with pytest.raises(Refused):
        door.start()
    door.sender.fails = None


def ends(run: Run, status: str = "SUCCESS", result: str = "", after: float = 0) -> None:
    at = clock.now() + timedelta(seconds=after)
    outcome: Outcome = an_outcome(status, task_id=TaskId(run.task_id), at=at, result=result)
    finish.record([outcome, outcome], now=clock.now(), deadline=1800, secret_keys=WORDS)


def stops(door: Door, run: Run, **how: Any) -> None:
    stop.stop(door.admitted(), RunId(run.pk), **how)


def asks_again(door: Door) -> None:
    door.start()
    door.start()


def is_tried_again(door: Door) -> None:
    fails(door, NotSent(unreachable()))
    door.start()


def has_two_ends(door: Door) -> None:
    run = door.start()
    ends(run)
    ends(run, "FAILURE", after=5)


def is_given_up_and_ends(door: Door) -> None:
    run = door.start()
    Run.objects.update(deadline_at=clock.now() - 25 * HOUR)
    finish.mark_overdue(now=clock.now())
    finish.give_up(now=clock.now())
    finish.give_up(now=clock.now())
    ends(run)


def is_stopped_twice(door: Door) -> None:
    run = door.start()
    stops(door, run)
    stops(door, run)
    ends(run, "REVOKED", "TaskRevokedError revoked")


def is_terminated(door: Door) -> None:
    door.may_kill = True
    run = door.start()
    stops(door, run)
    stops(door, run, kill=True)
    ends(run, "REVOKED", "TaskRevokedError revoked")
    ends(run, "REVOKED", "TaskRevokedError terminated", after=5)


def is_withdrawn(door: Door) -> None:
    run = door.start()
    door.stopper.waiting.add(TaskId(run.task_id))
    stops(door, run)


def keeps_no_results(door: Door) -> None:
    door.outcomes.source = Source.NONE
    door.start()


def loses_its_answer(door: Door) -> None:
    """Saves a run as not sent, because the answer to the statement that queued it was lost."""
    values = {"task_id": "a", "state": "queued", "schedule_id": 7, "deadline_at": clock.now()}
    who = Who.of(door.actor)
    pressed = Record(act=Act.RUN_ASKED, entry=Entry.SLACK, who=who)
    attempt = attempts.Attempt(key="k", values=values, pressed=pressed, otherwise={"state": "not_sent"})
    attempts.end(attempt, Reason(code=Code.NOT_SAVED))
    attempts.end(attempt, Reason(code=Code.NOT_SAVED))


def is_refused(door: Door) -> None:
    for _ in range(3):
        with pytest.raises(Refused):
            door.start(replace(door.request, schedule=ScheduleId(8)))


def is_stopped_too_late(door: Door) -> None:
    run = door.start()
    ends(run)
    with pytest.raises(Ended):
        stops(door, run)


def runs_nothing_again(door: Door) -> None:
    with pytest.raises(Refused):
        again.preview(door.admitted(), RunId(99))


def is_tried_to_be_delivered_again(door: Door) -> None:
    door.start()
    Notice.objects.update(state="parked")
    boss = Actor(user="7", name="boss", entry=Entry.ADMIN)
    for _ in range(2):  # the second time, nothing is parked
        outbox.revive(Notice.objects.all(), actor=boss, now=clock.now())


WAYS: list[tuple[Callable[[Door], object], list[tuple[str, str, str]]]] = [
    (lambda door: door.start(), [ASKED, SENT]),
    (asks_again, [ASKED, SENT]),
    (lambda door: fails(door, NotSent(unreachable())), [ASKED, NOT_SENT]),
    (lambda door: fails(door, FateUnknown(unreachable())), [ASKED]),
    (is_tried_again, [ASKED, NOT_SENT, ASKED, SENT]),
    (loses_its_answer, [ASKED, NOT_SENT]),
    (lambda door: ends(door.start()), [ASKED, SENT, ENDED]),
    (has_two_ends, [ASKED, SENT, ENDED, ENDED]),
    (is_given_up_and_ends, [ASKED, SENT, ENDED, ENDED]),
    (keeps_no_results, [ASKED, SENT, ENDED]),
    (is_stopped_twice, [ASKED, SENT, STOP_ASKED, ENDED]),
    (is_terminated, [ASKED, SENT, STOP_ASKED, STOP_ASKED, ENDED, TERMINATED]),
    (is_withdrawn, [ASKED, SENT, STOP_ASKED, WITHDRAWN]),
    (is_stopped_too_late, [ASKED, SENT, ENDED, REFUSED]),
    (is_refused, [REFUSED]),
    (runs_nothing_again, [REFUSED]),
    (is_tried_to_be_delivered_again, [ASKED, SENT, ("notices.retried", "admin", "boss")]),
]


@pytest.mark.parametrize(("happens", "expected"), WAYS, ids=range(len(WAYS)))
def test_each_thing_that_happens_leaves_exactly_its_records(
    door: Door, happens: Callable[[Door], object], expected: list[tuple[str, str, str]]
) -> None:
    happens(door)
    assert told() == expected


def test_records_name_the_action_the_run_and_the_installation(door: Door) -> None:
    run = door.start()
    asked, sent = records()
    assert (asked.run_id, asked.schedule_id, asked.schedule_name) == (run.pk, 7, "nightly report")
    assert asked.installation == sent.installation == INSTALLATION
    assert asked.details == {
        "task_id": run.task_id,
        "task": "reports.tasks.nightly",
        "changes": [{"name": "days", "old": "7", "new": "30"}],
    }
    ends(run, "FAILURE")
    assert records(action="run.ended")[0].details == {
        "task_id": run.task_id,
        "state": "finished",
        "status": "FAILURE",
    }


def test_each_attempt_of_a_run_has_its_own_task_id(door: Door) -> None:
    is_tried_again(door)
    first, failed, second, sent = [row.details["task_id"] for row in records()]
    assert first == failed != second == sent
    assert records(action="run.not_sent")[0].details["code"] == "broker_unreachable"


def test_a_record_does_not_grow_with_the_arguments(door: Door) -> None:
    """Arguments may have 200,000 characters, and records are kept for longer than runs."""
    kwargs = {f"k{number}": "v" * 1000 for number in range(30)}
    door.start(replace(door.request, kwargs=json.dumps(kwargs)))
    asked = records()[0].details
    assert len(asked["changes"]) == 20
    assert asked["changes_left_out"] == len(Run.objects.get().changes) - 20
    assert max(len(change["new"] or "") for change in asked["changes"]) == 200
