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


@contextmanager
def unheard() -> Iterator[None]:
    """The state in a project whose LOGGING has no handler that our loggers reach."""
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
def test_the_log_is_written_where_the_project_writes_it_nowhere(
    command: str, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RUNTASK = {"SLACK_BOT_TOKEN": " "}
    conf.conf.cache_clear()
    with unheard():
        logging.getLogger("runtask.audit").setLevel(logging.WARNING)  # as docs/deploy.md silences it
        for _ in range(2):
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
