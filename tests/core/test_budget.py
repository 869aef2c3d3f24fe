"""The time before Slack is answered."""

import time

from bot.core.budget import ACK_BUDGET, Budget


def test_each_step_gets_what_is_left_and_never_less_than_nothing() -> None:
    now = time.monotonic()
    assert Budget(started=now).left(at_most=0.001) == 0.001
    assert 0 < Budget(started=now).left() <= ACK_BUDGET < 3
    assert Budget(started=now - 2.0).left(at_most=1.0) <= ACK_BUDGET - 2.0
    assert Budget(started=now - 60).left() == 0.0


def test_who_answers_and_who_sends_agree_on_what_the_person_is_told() -> None:
    shut_first = Budget()
    assert (shut_first.shut(), shut_first.enter(), shut_first.leave()) == (True, False, True)
    told_maybe = Budget()
    assert (told_maybe.enter(), told_maybe.shut(), told_maybe.leave()) == (True, False, False)
    left_first = Budget()
    assert (left_first.enter(), left_first.leave(), left_first.shut()) == (True, True, True)
