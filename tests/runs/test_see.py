"""The preview of a schedule before somebody runs it."""

import pytest

from bot.core.model import Running, ScheduleId
from bot.runs import see
from tests.factories import ADA, TEAM, a_run
from tests.runs.conftest import Door


def running(door: Door) -> Running:
    preview = see.preview(door.admitted(), ScheduleId(7))
    assert preview is not None
    assert preview.running is not None
    return preview.running


@pytest.mark.parametrize(("team", "named"), [(TEAM, ADA), ("T0002", "")])
def test_the_requester_of_an_open_run_is_mentioned_only_in_their_own_workspace(
    door: Door, team: str, named: str
) -> None:
    """In another workspace, the same id belongs to another person."""
    a_run(team=team, installation=f"{team}/A0001", deadline_at="2099-01-01T00:00:00Z")
    assert running(door).requester == named
