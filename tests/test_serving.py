"""How the loops of a process end."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from bot import wiring
from bot.management import serving


@dataclass
class Watch:
    """A clock that goes only while somebody waits."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Stuck:
    """A loop whose step never comes back, as with a silent database."""

    watch: Watch
    told: list[str]

    def start(self) -> None: ...

    def end(self) -> None:
        self.told.append("end")

    def stop(self, timeout: float) -> None:
        self.told.append("waited for")
        self.watch.now += timeout


def test_loops_that_are_stuck_hold_up_a_stop_no_longer_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, told = Watch(), list[str]()
    loops, deliverer = [Stuck(watch, told), Stuck(watch, told)], SimpleNamespace(drain=lambda _: told.append("drain"))
    monkeypatch.setattr(wiring, "background", lambda: (loops, deliverer))
    monkeypatch.setattr(serving, "time", watch)
    with serving.delivering(enabled=True):
        pass
    assert watch.now == serving.STOP
    assert told == ["end", "end", "waited for", "waited for", "drain"]
