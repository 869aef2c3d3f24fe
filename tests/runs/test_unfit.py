"""A schedule that can't be sent as it stands: said before anybody presses Run, and nothing starts."""

import pytest

from bot.core.arguments import Invalid
from bot.core.model import Field, Problem
from bot.models import Run
from bot.runs.refusals import Refused
from tests.runs.conftest import Door


def test_what_keeps_a_schedule_from_being_sent_is_seen_and_stops_a_run(door: Door) -> None:
    door.sender.wrong = (Problem(field=Field.SCHEDULE, text="its headers are wrong"),)
    look = door.service.look(door.request.actor, door.request.schedule)
    assert look is not None
    assert look.problems == door.sender.wrong
    with pytest.raises(Refused, match="its headers are wrong"):
        door.service.check(door.request)
    with pytest.raises(Refused, match="its headers are wrong"):
        door.start()
    assert not Run.objects.exists()


def test_what_is_found_only_in_preparing_a_message_is_checked_beforehand_too(door: Door) -> None:
    door.sender.unfit = Invalid([Problem(field=Field.KWARGS, text="no such date")])
    with pytest.raises(Refused, match="no such date"):
        door.service.check(door.request)
