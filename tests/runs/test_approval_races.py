"""Presses in the same moment: a run is sent once or not at all, and one press decides how the waiting ends."""

import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connections

from bot.core.model import Actor, RunId
from bot.core.status import RunState
from bot.models import Answer, Run, still
from bot.runs import clock, stop
from bot.runs.approvals import Tending
from bot.runs.refusals import CantStop, Ended, NotAllowed, Refused
from tests.factories import a_schedule, an_actor
from tests.fakes import FakeCatalog, FakeSender
from tests.runs.approving import SEVEN, TWO_PAIRS_OF_EYES, asked, kinds, says_no, says_yes
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force, person

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS, PRESSES = 4, 5


@pytest.fixture
def door(transactional_db: None) -> Door:
    return Door(FakeCatalog({SEVEN: a_schedule()}), FakeSender(), an_actor())


def at_once(*presses: Callable[[], object]) -> list[BaseException]:
    """Calls these functions at the same moment, each in a thread. Returns their errors, except refusals."""
    together, wrong = threading.Barrier(len(presses)), list[BaseException]()

    def run(press: Callable[[], object]) -> None:
        try:
            together.wait()
            press()
        except (NotAllowed, Refused, Ended, CantStop):
            pass
        except BaseException as exc:  # noqa: BLE001  # a deadlock, a lock that wasn't granted, a defect
            wrong.append(exc)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(press,)) for press in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return wrong


def leads(number: int) -> list[Actor]:
    return [person(f"lead{one}", "leads", email=f"lead{one}@x") for one in range(number)]


def sent(door: Door) -> list[Any]:
    return [one.task_id for one in door.sender.sent]


@pytest.mark.parametrize("one_at_a_time", [False, True])
def test_of_approvals_in_the_same_moment_one_sends(door: Door, one_at_a_time: bool) -> None:
    in_force(TWO_PAIRS_OF_EYES, a_rule("One", one_at_a_time=one_at_a_time))
    who = leads(PRESSES)
    for number in range(ROUNDS):
        run = asked(door, key=f"web:{number}")
        assert at_once(*(lambda actor=actor: says_yes(door, run, actor) for actor in who)) == []  # noqa: B023
        run.refresh_from_db()
        assert (run.state, sent(door).count(run.task_id), len(sent(door))) == (RunState.SENT, 1, number + 1)
        assert kinds(run) == ["id", "progress", "root"]
        Run.objects.update(state=RunState.FINISHED)


def test_two_who_say_yes_in_the_same_moment_are_enough_for_two(door: Door) -> None:
    in_force(a_rule("Two", approvals=2, approvers=("leads",)))
    who = leads(2)
    for number in range(ROUNDS):
        run = asked(door, key=f"web:{number}")
        assert at_once(*(lambda actor=actor: says_yes(door, run, actor) for actor in who * 2)) == []  # noqa: B023
        assert Run.objects.get(pk=run.pk).state == RunState.SENT
        assert Answer.objects.filter(run=run).count() == 2
        assert len(sent(door)) == number + 1


def test_of_two_waiting_runs_one_is_sent_where_a_rule_allows_one_at_a_time(door: Door) -> None:
    in_force(TWO_PAIRS_OF_EYES, a_rule("One", one_at_a_time=True))
    cara, dora = leads(2)
    one, other = asked(door, key="web:1"), asked(door, key="web:2")
    assert at_once(lambda: says_yes(door, one, cara), lambda: says_yes(door, other, dora)) == []
    states = sorted(Run.objects.values_list("state", flat=True))
    assert states == [RunState.SENT, RunState.WAITING]
    assert len(sent(door)) == 1


@pytest.mark.parametrize("end", ["decline", "withdraw", "lapse"])
def test_an_approval_and_an_end_in_the_same_moment(door: Door, end: str) -> None:
    in_force(TWO_PAIRS_OF_EYES)
    cara, dora = leads(2)
    ana = person("requester", email="requester@x")
    states = {"decline": RunState.DECLINED, "withdraw": RunState.WITHDRAWN, "lapse": RunState.LAPSED}
    for number in range(2 * ROUNDS):
        run = asked(door, ana, key=f"web:{number}")

        def lapses(run: Run = run) -> None:
            Run.objects.filter(still(RunState.WAITING), pk=run.pk).update(deadline_at=clock.now())
            Tending(door.platform).step()

        ends: dict[str, Callable[[], object]] = {
            "decline": lambda run=run: says_no(door, run, dora),  # type: ignore[misc]
            "withdraw": lambda run=run: stop.stop(door.admitted(ana), RunId(run.pk)),  # type: ignore[misc]
            "lapse": lapses,
        }
        assert at_once(lambda run=run: says_yes(door, run, cara), ends[end]) == []  # type: ignore[misc]
        run.refresh_from_db()
        assert run.state in (RunState.SENT, states[end])
        assert sent(door).count(run.task_id) == (run.state == RunState.SENT)
        assert ("closed" in kinds(run)) == (run.state != RunState.SENT)
        assert ("id" in kinds(run)) == (run.state == RunState.SENT)
    assert len(sent(door)) == Run.objects.filter(state=RunState.SENT).count()


def test_a_run_that_is_sent_counts_as_sent_even_if_it_can_not_be_read_afterwards(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(TWO_PAIRS_OF_EYES)
    run, cara = asked(door), person("cara", "leads")
    away = Mock(side_effect=OperationalError)
    door.sender.meanwhile = lambda: monkeypatch.setattr(Run, "refresh_from_db", away)
    assert says_yes(door, run, cara) is not None
    assert away.called
    assert len(door.sender.sent) == 1
