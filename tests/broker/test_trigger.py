"""Where PostgreSQL does not hold the results, nothing can tell of them; tests.services.test_trigger has the rest."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bot import wiring
from bot.broker.trigger import LOOK_AGAIN, Listener, is_there
from bot.doctor import results

pytestmark = pytest.mark.django_db


def test_elsewhere_there_is_nothing_to_listen_to() -> None:
    listener = Listener(wake=lambda: pytest.fail("nobody spoke"), is_expecting=lambda: True)
    assert listener.step() == LOOK_AGAIN
    assert not is_there()
    assert list(results.notification()) == []


@pytest.mark.parametrize("what", ["add", "remove"])
def test_the_command_says_why_it_can_do_nothing(what: str) -> None:
    with pytest.raises(CommandError, match="not in PostgreSQL"):
        call_command("runtask_trigger", what)


def test_showing_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("runtask_trigger", "show")
    assert capsys.readouterr().out == "There is no trigger: runtask looks for results by itself.\n"


@pytest.mark.parametrize("expecting", [True, False])
def test_the_pace_is_that_of_the_watcher_beside_it(expecting: bool) -> None:
    loops, deliverer = wiring.background()
    steps: dict[str, Any] = {loop.name: loop.step for loop in loops}
    steps["watch rows"].__self__.is_expecting = expecting
    assert steps["listen"].__self__.is_expecting() is expecting
    deliverer.drain(0)
