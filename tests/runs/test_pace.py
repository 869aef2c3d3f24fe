"""How fast a process may post, on a clock of the test's own."""

from dataclasses import dataclass

import pytest

from bot.runs.pace import BURST, REMEMBERED, Pacer


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_short_burst_may_go_at_once_then_one_a_second(clock: Clock) -> None:
    pacer = Pacer(clock)
    assert [pacer.wait("C1") for _ in range(BURST)] == [0.0] * BURST
    assert pacer.wait("C1") == pytest.approx(1.0)
    assert pacer.wait("C1") == pytest.approx(1.0), "being told to wait costs nothing"
    clock.now += 1.0
    assert pacer.wait("C1") == 0.0
    assert pacer.wait("C1") == pytest.approx(1.0)


def test_over_a_minute_it_is_one_a_second_beyond_the_burst(clock: Clock) -> None:
    pacer = Pacer(clock)
    sent = 0
    for _ in range(600):
        sent += pacer.wait("C1") == 0.0
        clock.now += 0.1
    assert sent == 60 + BURST - 1


def test_channels_do_not_wait_for_each_other(clock: Clock) -> None:
    pacer = Pacer(clock)
    for _ in range(BURST + 1):
        pacer.wait("C1")
    assert pacer.closed() == ["C1"]
    assert pacer.wait("C2") == 0.0


def test_a_full_bucket_comes_back_after_a_rest(clock: Clock) -> None:
    pacer = Pacer(clock)
    for _ in range(BURST):
        pacer.wait("C1")
    clock.now += BURST
    assert pacer.closed() == []
    assert [pacer.wait("C1") for _ in range(BURST)] == [0.0] * BURST


def test_a_pause_holds_for_its_time_and_only_its_channel(clock: Clock) -> None:
    pacer = Pacer(clock)
    pacer.pause("C1", 30)
    assert pacer.closed() == ["C1"]
    assert pacer.wait("C1") == pytest.approx(30)
    assert pacer.wait("C2") == 0.0
    clock.now += 30
    assert pacer.closed() == []
    assert pacer.wait("C1") == 0.0


def test_a_shorter_pause_does_not_end_a_longer_one(clock: Clock) -> None:
    """Several messages to one channel may be under way when Slack has enough."""
    pacer = Pacer(clock)
    pacer.pause("C1", 30)
    pacer.pause("C1", 1)
    assert pacer.wait("C1") == pytest.approx(30)


def test_rested_channels_are_forgotten_paused_ones_are_not(clock: Clock) -> None:
    pacer = Pacer(clock)
    pacer.pause("paused", 10_000)
    for number in range(2 * REMEMBERED):
        pacer.wait(f"C{number}")
        clock.now += 2.0
    assert len(pacer._full_at) <= REMEMBERED + 1
    assert pacer.wait("paused") > 0
