"""What may change between the request and its approval, with messages that are made as `broker.dispatch` makes them."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.utils import timezone

from bot.broker.dispatch import dispatch
from bot.core.model import Schedule, TaskId
from bot.core.reasons import Code, Reason
from bot.core.status import RunState
from bot.runs.refusals import Void
from tests.factories import a_schedule
from tests.runs.approving import SEVEN, now_it_is, says_yes, waiting
from tests.runs.conftest import Door
from tests.runs.ruled import person

pytestmark = pytest.mark.django_db


def edited(door: Door, **fields: Any) -> None:
    door.catalog.schedules[SEVEN] = a_schedule(**fields)


@pytest.fixture
def real(door: Door, monkeypatch: pytest.MonkeyPatch) -> Door:
    """Its messages are made as `broker.dispatch` makes them: with headers, and without an `expires` that has passed."""

    def prepare(schedule: Schedule, task_id: TaskId, args: list[Any], kwargs: dict[str, Any], *, requester: str) -> Any:
        return dispatch(schedule, task_id, args, kwargs, requester=requester, now=timezone.now())

    monkeypatch.setattr(door.sender, "prepare", prepare)
    return door


def test_a_schedule_that_has_expired_since_the_request_counts_as_expired_and_not_as_changed(real: Door) -> None:
    edited(real, columns={"expires": timezone.now() + timedelta(minutes=1)})
    run, cara = waiting(real), person("cara", "leads")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)), pytest.raises(Void) as caught:
        says_yes(real, run, cara)
    assert caught.value.reason.code is Code.SCHEDULE_EXPIRED
    assert (now_it_is(run), real.sender.sent) == (RunState.WITHDRAWN, [])


def test_an_expiry_that_somebody_removed_is_a_change(real: Door) -> None:
    edited(real, columns={"expires": timezone.now() + timedelta(minutes=1)})
    run, cara = waiting(real), person("cara", "leads")
    edited(real, columns={}, fingerprint="f2")
    with pytest.raises(Void) as caught:
        says_yes(real, run, cara)
    assert caught.value.reason == Reason(code=Code.SCHEDULE_CHANGED, params={"what": "expires"})


def test_a_requester_who_was_renamed_since_the_request_is_no_change(real: Door) -> None:
    run, cara = waiting(real), person("cara", "leads")
    get_user_model().objects.filter(pk=str(run.user_id)).update(username="anna")
    says_yes(real, run, cara)
    [sent] = real.sender.sent
    assert sent.options["headers"]["runtask_requester"] == "anna"
