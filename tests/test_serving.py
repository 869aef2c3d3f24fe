"""A process that is stopped ends its loops first."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from bot import wiring
from bot.management import serving


@dataclass
class Watch:
    """A clock that moves only while the process waits for a loop."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Stuck:
    """A loop whose step never ends, as if the database didn't answer."""

    watch: Watch
    told: list[str]

    def start(self) -> None: ...

    def end(self) -> None:
        self.told.append("end")

    def stop(self, timeout: float) -> None:
        self.told.append("waited for")
        self.watch.now += timeout


def test_several_stuck_loops_delay_the_end_no_longer_than_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, told = Watch(), list[str]()
    loops, deliverer = [Stuck(watch, told), Stuck(watch, told)], SimpleNamespace(drain=lambda _: told.append("drain"))
    monkeypatch.setattr(wiring, "background", lambda: (loops, deliverer))
    monkeypatch.setattr(serving, "time", watch)
    with serving.delivering(enabled=True):
        pass
    assert watch.now == serving.STOP
    assert told == ["end", "end", "waited for", "waited for", "drain"]
