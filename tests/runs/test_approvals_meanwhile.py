"""The search for approvers takes time. What changes meanwhile counts."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.model import ChannelId, Place
from bot.models import Run
from bot.runs import approvals
from tests.runs.approving import TWO_PAIRS_OF_EYES, asked, ruled_door, says_no, waiting
from tests.runs.conftest import Door
from tests.runs.ruled import in_force
from tests.runs.test_approvals import HERE, linked, tend, told

pytestmark = pytest.mark.django_db(transaction=True)
IN_CHANNEL = replace(HERE, place=Place(channel=ChannelId("C1")))


@pytest.fixture
def door(transactional_db: None) -> Door:
    return ruled_door()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The functions in this list are called after approvers were found, and before they are asked."""
    search, calls = approvals._approvers, list[Any]()

    def searched(*args: Any) -> Any:
        found = search(*args)
        while calls:
            calls.pop()()
        return found

    monkeypatch.setattr(approvals, "_approvers", searched)
    return calls


def test_if_the_channel_turns_out_to_be_closed_approvers_are_asked_directly(door: Door, meanwhile: list[Any]) -> None:
    linked("cara", "leads")
    in_force(replace(TWO_PAIRS_OF_EYES, ask=("S1",)))
    run = asked(door, requester=linked("ada"), destination=IN_CHANNEL)
    meanwhile.append(lambda: Run.objects.filter(pk=run.pk).update(channel="D0ADA"))
    tend(door)
    assert told(run) == ["U0CARA"]


def test_nobody_is_asked_about_a_run_that_has_been_declined(door: Door, meanwhile: list[Any]) -> None:
    cara = linked("cara", "leads")
    run = waiting(door, requester=linked("ada"), destination=HERE)
    meanwhile.append(lambda: says_no(door, run, cara))
    tend(door)
    assert told(run) == []
