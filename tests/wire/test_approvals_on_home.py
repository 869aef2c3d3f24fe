"""Home lists the runs that wait for the reader's approval, each with its buttons."""

import threading

import pytest

from bot.core import approval
from bot.core.audit import By
from bot.models import Run
from bot.runs import budget, clock, rulebook
from bot.slack import approval_texts
from bot.slack.ids import Id
from bot.slack.texts import TOO_LATE
from localslack.testing import LocalSlack, Person
from tests.runs.ruled import in_force
from tests.wire.conftest import OPS, Schedule
from tests.wire.form import shown
from tests.wire.homes import buttons_of, home_of, newer, says, version, words_of
from tests.wire.test_approvals import RULE, asks, lead
from tests.wire.test_thread import finished

pytestmark = pytest.mark.usefixtures("delivering")


@pytest.fixture
def cara(slack: LocalSlack) -> Person:
    """One of the leads, whose approval the rule asks for."""
    in_force(RULE)
    return lead(slack, "cara", "U0CARA")


@pytest.mark.usefixtures("worker")
def test_home_lists_the_runs_that_wait_for_the_reader(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule
) -> None:
    row = schedule()
    assert approval_texts.NOTHING_WAITS in shown(home_of(http_bot, cara))
    run = asks(http_bot, ana, row)
    says(http_bot, cara, "asked for by <@U0ANA>: month's end")  # she doesn't need to open Home again
    value = f"{run.pk}:{approval.mark(run.approval_digest or '')}"
    home = cara.home()
    assert home is not None
    assert [one for one in buttons_of(home) if one[1] == value] == [(Id.HOME_APPROVE, value), (Id.HOME_DECLINE, value)]
    assert f"{run.pk}:" not in str(buttons_of(home_of(http_bot, ana)))
    before = version(cara)
    cara.presses_home(Id.HOME_APPROVE)
    newer(http_bot, cara, before)
    says(http_bot, cara, approval_texts.NOTHING_WAITS)
    finished(http_bot, ana)
    asks(http_bot, ana, row)
    says(http_bot, cara, "asked for by <@U0ANA>")
    cara.presses_home(Id.HOME_DECLINE)
    http_bot.wait_for(cara.modal)
    cara.fills(Id.WHY_BLOCK, None, "no")
    assert cara.submits()["closed"]
    says(http_bot, cara, approval_texts.NOTHING_WAITS)
    assert Run.objects.latest("pk").state == "declined"


def test_a_late_press_on_home_keeps_nobody_else_from_being_told(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database hangs. Home, which needs it, can't be made meanwhile."""
    asks(http_bot, ana, schedule())
    home_of(http_bot, cara)
    back = threading.Event()
    monkeypatch.setattr(budget, "LATE", 0.2)
    for hanging in ("bot.runs.approve.approve", "bot.runs.see.has_schedules", "bot.slack.homes.Homes.show"):
        monkeypatch.setattr(hanging, lambda *_: back.wait(20))
    try:
        cara.presses_home(Id.HOME_APPROVE)
        ana.types(OPS, "/runtask")
        http_bot.wait_for(lambda: TOO_LATE in [said["text"] for said in ana.ephemerals(OPS)])
    finally:
        back.set()


def test_a_press_on_home_that_does_nothing_says_why(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule
) -> None:
    asks(http_bot, ana, schedule())
    home_of(http_bot, cara)
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    cara.presses_home(Id.HOME_APPROVE)
    says(http_bot, cara, "has paused it")
    assert "asked for by <@U0ANA>" in words_of(cara)
