"""Refusals in the audit log: which codes they name, and how they are counted."""

import inspect
import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from bot.core import signature
from bot.core.audit import Act, Record, Who
from bot.core.entry import Entry
from bot.core.model import Field, ScheduleId
from bot.core.reasons import Code, Problem
from bot.core.rights import Action
from bot.models import Person
from bot.runs import audit, clock, denials
from bot.runs.denials import Wanted
from bot.runs.refusals import NotAllowed, Refused
from tests.audit import records
from tests.runs.conftest import Door
from tests.runs.test_together import at_once


def is_refused(door: Door) -> None:
    for _ in range(3):
        with pytest.raises(Refused):
            door.start(replace(door.request, schedule=ScheduleId(8)))


def test_a_refusal_names_codes_and_fields_and_nothing_that_was_typed(door: Door) -> None:
    with pytest.raises(Refused):
        door.start(replace(door.request, kwargs='{"password": "hunter2"'))
    [row] = records()
    assert row.details["asked"] == "run"
    assert row.details["problems"] == [{"code": row.details["code"], "field": "kwargs"}]
    assert "hunter2" not in str(row.details)


def test_a_record_stays_small_however_much_is_wrong(door: Door) -> None:
    door.catalog.signatures["reports.tasks.nightly"] = inspect.signature(lambda days=1: None)
    with pytest.raises(Refused) as refused:
        door.start(replace(door.request, kwargs=json.dumps({f"day{number}": 0 for number in range(1000)})))
    assert len(refused.value.problems) == signature.MOST
    with pytest.raises(Refused), door.admitted().recorded(Wanted(action=Action.STOP)):
        raise Refused([Problem(code=Code.UNKNOWN_ARGUMENT, field=Field.KWARGS)] * 1000)
    assert [len(row.details["problems"]) for row in records()] == [denials.PROBLEMS, denials.PROBLEMS]


def test_equal_refusals_within_a_minute_are_one_record_with_a_count(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, passed = clock.now(), timedelta(0)
    monkeypatch.setattr(clock, "now", lambda: began + passed)
    for seconds in (0, 59, 61):  # a minute of the clock may begin in between
        passed = timedelta(seconds=seconds)
        is_refused(door)
    assert [row.count for row in records()] == [6, 3]


def test_other_refusals_have_records_of_their_own(door: Door) -> None:
    is_refused(door)
    actor = door.actor
    for other in (
        replace(actor, is_active=False),
        replace(actor, entry=Entry.WEB),
        replace(actor, user="99", slack=None),
    ):
        with pytest.raises((NotAllowed, Refused)):
            door.start(replace(door.request, schedule=ScheduleId(8)), other)
    with pytest.raises(Refused):
        door.start(replace(door.request, schedule=ScheduleId(9)))
    assert [row.count for row in records()] == [3, 1, 1, 1, 1]


def test_guessing_numbers_does_not_fill_the_table(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    began, passed = clock.now(), timedelta(0)
    monkeypatch.setattr(clock, "now", lambda: began + passed)
    monkeypatch.setattr(denials, "MOST", 3)

    def guesses(door: Door) -> None:
        for number in range(100, 110):
            with pytest.raises(Refused):
                door.start(replace(door.request, schedule=ScheduleId(number)))

    guesses(door)
    found = records()
    assert [(row.schedule_id, row.count) for row in found] == [(100, 1), (101, 1), (102, 1), (None, 7)]
    assert found[-1].details == {"code": "many"}
    other = replace(door.actor, user="99", slack=None)
    with pytest.raises(Refused):
        door.start(replace(door.request, schedule=ScheduleId(100)), other)
    assert len(records()) == 5, "other people have a limit of their own"
    passed = timedelta(seconds=61)
    guesses(door)
    assert len(records()) == 9, "each minute has a limit of its own"


def test_somebody_is_refused_also_where_that_cannot_be_recorded(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise transaction.TransactionManagementError

    monkeypatch.setattr(audit, "append", fails)
    is_refused(door)
    assert not records()
    assert "a refusal can't be recorded" in caplog.text


def test_numbers_that_no_row_can_have_are_left_out(door: Door) -> None:
    for number in (2**70, 0, -1):
        with pytest.raises(Refused):
            door.start(replace(door.request, schedule=ScheduleId(number)))
    assert {row.schedule_id for row in records()} == {None}


@pytest.mark.django_db(transaction=True)
def test_many_threads_count_without_losing_or_doubling_any() -> None:
    who = Who(user="7", name="ada", team="T1", slack_user="U1")
    record = Record(act=Act.RUN_REFUSED, entry=Entry.SLACK, who=who, details={"asked": "run", "code": "not_staff"})
    threads, times = 6, 10
    together = threading.Barrier(threads)

    def refuses() -> None:
        together.wait(30)
        for _ in range(times):
            denials.refuse(record)
        connections.close_all()

    at_once([refuses] * threads)
    counts = [row.count for row in records()]
    assert sum(counts) == threads * times
    assert len(counts) <= 2, "a minute of the clock may have begun meanwhile"
    assert Person.objects.count() == 1
