"""A schedule that can't be sent as it is stored: people are told before they press Run, and no run starts."""

import pytest

from bot.core.model import Field
from bot.core.reasons import Code, Invalid, Problem
from bot.models import Run
from bot.runs import see, start
from bot.runs.refusals import Refused
from tests.runs.conftest import Door


def test_a_problem_of_a_schedule_is_shown_before_run_and_refuses_a_run(door: Door) -> None:
    door.sender.wrong = (Problem(field=Field.SCHEDULE, code=Code.HEADERS_NOT_AN_OBJECT),)
    preview = see.preview(door.admitted(), door.request.schedule)
    assert preview is not None
    assert preview.problems == door.sender.wrong
    with pytest.raises(Refused, match=Code.HEADERS_NOT_AN_OBJECT):
        start.check(door.admitted(), door.request)
    with pytest.raises(Refused, match=Code.HEADERS_NOT_AN_OBJECT):
        door.start()
    assert not Run.objects.exists()


def test_a_check_also_finds_the_problems_that_only_preparing_a_message_shows(door: Door) -> None:
    door.sender.unfit = Invalid([Problem(field=Field.KWARGS, code=Code.BAD_TYPED_VALUE)])
    with pytest.raises(Refused, match=Code.BAD_TYPED_VALUE):
        start.check(door.admitted(), door.request)
