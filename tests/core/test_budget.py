"""The time before Slack is answered."""

import time_machine

from bot.core.budget import ACK_BUDGET, Budget


def test_each_step_gets_what_is_left_and_never_less_than_nothing() -> None:
    with time_machine.travel(0, tick=False) as clock:
        budget = Budget()
        assert budget.left() == ACK_BUDGET
        assert budget.left(at_most=1.0) == 1.0
        clock.shift(2.0)
        assert budget.left(at_most=1.0) == ACK_BUDGET - 2.0
        clock.shift(5.0)
        assert budget.left() == 0.0
