"""A run waits for approval, but no rule asks for it any more: nobody's answer is taken."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.entry import Entry
from bot.core.model import RunId
from bot.core.reasons import Code
from bot.core.status import RunState
from bot.models import Answer, Run
from bot.runs import approve
from bot.runs.follow import follow
from bot.runs.refusals import Void
from tests.runs.approving import (
    mark,
    now_it_is,
    refused,
    says_no,
    says_yes,
    waiting,
)
from tests.runs.conftest import Door
from tests.runs.ruled import in_force, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("verb", ["approve", "decline", "begin to decline"])
def test_if_no_rule_asks_for_approval_any_more_nobodys_answer_is_taken(door: Door, verb: str) -> None:
    """Whoever sees the run could give one: no rule says who may."""
    run, ben = waiting(door), person("ben")
    in_force()
    verbs: dict[str, Callable[[], object]] = {
        "approve": lambda: says_yes(door, run, ben),
        "decline": lambda: says_no(door, run, ben, "because I can"),
        "begin to decline": lambda: approve.asked_of(door.admitted(ben), RunId(run.pk), mark(run)),
    }
    seen = follow(door.admitted(ben), RunId(run.pk))
    assert seen is not None
    assert approve.denied(door.admitted(ben), seen) is not None, "the page has no buttons"
    with pytest.raises(Void) as caught:
        verbs[verb]()
    assert caught.value.reason.code is Code.RULES_CHANGED
    ended = Run.objects.get()
    assert (ended.state, ended.not_sent_reason) == (RunState.WITHDRAWN, caught.value.reason)
    assert (Answer.objects.count(), door.sender.sent) == (0, [])


def test_if_no_rule_asks_for_approval_any_more_a_script_or_the_requester_ends_nothing(door: Door) -> None:
    run = waiting(door, requester=(ana := person("ana")))
    in_force()
    script = replace(person("ben"), entry=Entry.API)
    assert refused(lambda: says_no(door, run, script)) is Code.NOT_BY_API
    assert refused(lambda: says_no(door, run, ana)) is Code.OWN_RUN
    assert now_it_is(run) == RunState.WAITING
