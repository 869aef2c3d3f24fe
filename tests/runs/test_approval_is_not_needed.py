"""A run waits for approval, but no rule asks for it any more: it ends, and nobody's answer is taken."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.entry import Entry
from bot.core.model import RunId
from bot.core.reasons import Code, Reason
from bot.core.status import RunState
from bot.models import Answer, Run
from bot.runs import approve
from bot.runs.refusals import Void
from tests.factories import a_schedule
from tests.runs.approving import SEVEN, TWO_PAIRS_OF_EYES, kinds, mark, now_it_is, refused, says_no, says_yes, waiting
from tests.runs.conftest import Door
from tests.runs.ruled import in_force, person
from tests.runs.test_approvals import HERE, linked, tend, told

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("was_asked", [False, True])
def test_if_no_rule_asks_for_approval_any_more_the_run_ends_and_nobody_is_asked(door: Door, *, was_asked: bool) -> None:
    linked("cara", "leads")
    run = waiting(door, requester=linked("ana"), destination=HERE)
    if was_asked:
        tend(door)
    asked_before = told(run)
    linked("ben")
    in_force()
    tend(door)
    run.refresh_from_db()
    assert (run.state, run.not_sent_reason) == (RunState.WITHDRAWN, Reason(code=Code.RULES_CHANGED))
    assert told(run) == asked_before == (["U0CARA"] if was_asked else [])
    assert kinds(run) == ["closed", "progress", "root"]


def test_a_renamed_schedule_counts_by_the_name_that_it_has_now(door: Door) -> None:
    """As when somebody presses Approve."""
    run = waiting(door)
    door.catalog.schedules[SEVEN] = a_schedule(name="renamed")
    in_force(replace(TWO_PAIRS_OF_EYES, tasks=(), schedules=("renamed",)))
    tend(door)
    assert now_it_is(run) == RunState.WAITING


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
