"""Presses in the same moment, where a rule allows one run at a time: one of them starts it."""

import threading
from dataclasses import replace

import pytest
from django.db import connections

from bot.core.model import ScheduleId
from bot.core.reasons import Code
from bot.models import Run
from bot.runs.refusals import NotAllowed
from tests.factories import a_schedule, staff_actor
from tests.fakes import FakeCatalog, FakeSender
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force

PRESSES, ROUNDS = 6, 3


@pytest.mark.django_db(transaction=True)
def test_of_presses_in_the_same_moment_one_starts_a_run() -> None:
    in_force(a_rule(one_at_a_time=True))
    schedules = {ScheduleId(number): a_schedule(id=ScheduleId(number)) for number in range(1, ROUNDS + 1)}
    door = Door(FakeCatalog(schedules), FakeSender(), staff_actor())
    for schedule in schedules:
        together, told = threading.Barrier(PRESSES), list[Code]()

        def press(key: str, schedule: ScheduleId = schedule, together: threading.Barrier = together) -> None:
            request = replace(door.request, key=key, schedule=schedule)
            try:
                together.wait()
                door.start(request)
            except NotAllowed as exc:
                told.append(exc.denied.code)  # noqa: B023  # this round's threads end in it
            finally:
                connections.close_all()

        threads = [threading.Thread(target=press, args=(f"{schedule} {number}",)) for number in range(PRESSES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == [Code.BUSY] * (PRESSES - 1)
        assert Run.objects.filter(schedule_id=schedule).count() == 1
    assert len(door.sender.sent) == ROUNDS
