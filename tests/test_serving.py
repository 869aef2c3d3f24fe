"""A process that is stopped ends its loops first. One that starts makes sure that its log can be read."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bot import conf, wiring
from bot.management import serving


@dataclass
class FakeClock:
    """Stands in for the module `time`. Moves only while the process waits for a loop."""

    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@dataclass
class Stuck:
    """A loop whose step never ends, as if the database didn't answer."""

    clock: FakeClock
    told: list[str]

    def start(self) -> None: ...

    def end(self) -> None:
        self.told.append("end")

    def stop(self, timeout: float) -> None:
        self.told.append("waited for")
        self.clock.now += timeout


def test_several_stuck_loops_delay_the_end_no_longer_than_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    told: list[str] = []
    loops = [Stuck(clock, told), Stuck(clock, told)]
    deliverer = SimpleNamespace(drain=lambda _: told.append("drain"))
    monkeypatch.setattr(wiring, "background", lambda: (loops, deliverer))
    monkeypatch.setattr(serving, "time", clock)
    with serving.delivering(enabled=True):
        pass
    assert clock.now == serving.STOP
    assert told == ["end", "end", "waited for", "waited for", "drain"]


@contextmanager
def unheard() -> Iterator[None]:
    """During the block, our loggers reach no handler, as in a project whose LOGGING has none for them."""
    ours = [logging.getLogger(name) for name in serving.OUR_LOGGERS]
    before = [(logger.propagate, logger.handlers, logger.level) for logger in ours]
    for logger in ours:
        logger.propagate, logger.handlers = False, []
        logger.setLevel(logging.NOTSET)
    try:
        yield
    finally:
        for logger, (propagate, handlers, level) in zip(ours, before, strict=True):
            logger.propagate, logger.handlers = propagate, handlers
            logger.setLevel(level)


@pytest.mark.parametrize("command", ["runtask_slack", "runtask_notify"])
def test_our_log_is_written_if_the_project_writes_it_nowhere(
    command: str, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RUNTASK = {"SLACK_BOT_TOKEN": " "}  # so the command ends when it has set up the log
    conf.conf.cache_clear()
    with unheard():
        logging.getLogger("runtask.audit").setLevel(logging.WARNING)  # as docs/deploy.md silences it
        for _ in range(2):  # the second time must not write each line twice
            with pytest.raises(CommandError, match="SLACK_BOT_TOKEN is not set"):
                call_command(command)
        logging.getLogger("bot.slack.socket").info("connected")
        logging.getLogger("bot.slack.socket").debug("more")
        logging.getLogger("runtask.audit").info("run.asked")
    conf.conf.cache_clear()
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(" INFO bot.slack.socket: connected")


def test_a_log_that_the_project_writes_stays_as_it_is() -> None:
    with unheard():
        logger = logging.getLogger("bot")
        logger.addHandler(theirs := logging.NullHandler())
        serving.write_log()
        assert (logger.handlers, logger.level) == ([theirs], logging.NOTSET)
