"""Presses in the same moment, each in another process, and processes that are killed: a run is sent once, or not at all.

tests.runs.test_approval_races does the same with threads, which share what a process remembers.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from bot.core.status import RunState
from bot.models import Answer, Run
from bot.runs import clock, finish
from tests.audit import records
from tests.factories import a_row
from tests.runs.approving import TWO_PAIRS_OF_EYES, kinds, now_it_is
from tests.runs.ruled import a_rule, in_force, person
from tests.support.presses import Press, Presses, presses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]
ROUNDS = 10
RULE = replace(TWO_PAIRS_OF_EYES, stop=("ops",))  # so that its requester doesn't stop a run that was just sent
ENDS = {"declines": RunState.DECLINED, "withdraws": RunState.WITHDRAWN, "lapses": RunState.LAPSED}
LATE = "NotWaiting"
KEYS = count()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Presses]:
    with presses(tmp_path_factory.mktemp("presses")) as started:
        yield started


@pytest.fixture
def together(running: Presses, transactional_db: None) -> Presses:
    for name in ("ana", "cara", "dora"):
        person(name, *(["leads"] if name != "ana" else []), email=f"{name}@x")
    in_force(RULE)
    return running


def asked(together: Presses, schedule: int) -> Run:
    [key] = together.at_once({"does": "asks", "by": "ana", "schedule": schedule, "key": f"a:{next(KEYS)}"})
    return Run.objects.get(pk=int(key))


def approves(run: Run, by: str = "cara") -> Press:
    return {"does": "approves", "by": by, "run": run.pk}


def later(press: Press, number: int) -> Press:
    """Delays a press by `number` reads of the database, so that the two meet at another point in each round."""
    return {**press, "later": number}


def judge(run: Run, together: Presses, end: RunState | None = None) -> bool:
    """Returns whether the run was sent. If not, checks that it has this end. In both cases, its thread must be told once."""
    run.refresh_from_db()
    is_sent = run.state == RunState.SENT
    assert is_sent or run.state == end
    assert together.published().count(run.task_id) == is_sent
    assert kinds(run) == sorted(["root", "progress", "id" if is_sent else "closed"])
    told = Counter(row.action for row in records(run_id=run.pk) if row.action != "run.refused")
    assert told["run.sent"] == is_sent
    assert told[f"run.{end}"] == (not is_sent)
    return is_sent


@pytest.mark.parametrize("needed", [1, 2])
def test_approvals_in_the_same_moment_send_once(together: Presses, needed: int) -> None:
    in_force(replace(RULE, approvals=needed))
    row = a_row()
    before = len(together.published())
    for number in range(ROUNDS):
        run = asked(together, row.pk)
        said = together.at_once(approves(run, "cara"), later(approves(run, "dora"), number))
        assert judge(run, together), said
        assert said.count("sent") == 1 or needed == 2
        assert Answer.objects.filter(run=run).count() == needed
    assert len(together.published()) == before + ROUNDS


@pytest.mark.parametrize("end", ENDS)
def test_an_approval_and_an_end_in_the_same_moment(together: Presses, end: str) -> None:
    row, before, sent = a_row(), len(together.published()), 0
    by = {"declines": {"by": "dora"}, "withdraws": {"by": "ana"}, "lapses": {}}[end]
    for number in range(ROUNDS):
        run = asked(together, row.pk)
        said = together.at_once(approves(run), later({"does": end, "run": run.pk, **by}, number))
        assert "Traceback" not in str(said), said
        is_sent = judge(run, together, ENDS[end])
        assert said[0] == ("sent" if is_sent else LATE)
        sent += is_sent
    assert len(together.published()) == before + sent


def test_of_two_waiting_runs_one_is_sent_where_a_rule_allows_one_at_a_time(together: Presses) -> None:
    in_force(RULE, a_rule("One", one_at_a_time=True))
    row = a_row()
    for number in range(ROUNDS):
        pair = [asked(together, row.pk) for _ in range(2)]
        said = together.at_once(approves(pair[0], "cara"), later(approves(pair[1], "dora"), number))
        assert sorted(said) == ["not allowed: busy", "sent"]
        first, second = sorted(pair, key=now_it_is)
        assert judge(first, together)
        assert (now_it_is(second), kinds(second), Answer.objects.filter(run=second).count()) == ("waiting", ["root"], 0)
        assert second.task_id not in together.published()
        Run.objects.filter(pk__in=[run.pk for run in pair]).update(state=RunState.FINISHED)


def test_a_process_that_is_killed_during_an_approval_sends_at_most_once(together: Presses) -> None:
    """It is killed just before the broker has the message, or just after. Nobody can tell which, so nothing is sent again."""
    row = a_row()
    before, after = (asked(together, row.pk) for _ in range(2))
    dying = [
        {**approves(run), "does": "approves_and_dies", "is_sent": is_sent}
        for run, is_sent in ((before, False), (after, True))
    ]
    assert together.at_once(*dying) == ["SIGKILL", "SIGKILL"]
    assert {now_it_is(before), now_it_is(after)} == {RunState.QUEUED}
    assert together.at_once(approves(before, "dora"), approves(after, "dora")) == [LATE, LATE]
    Run.objects.update(deadline_at=clock.now())
    finish.mark_overdue(now=clock.now())
    for run, times in ((before, 0), (after, 1)):
        run.refresh_from_db()
        assert together.published().count(run.task_id) == times
        assert (run.state, kinds(run)) == (RunState.OVERDUE, ["deadline", "id", "progress", "root"])
