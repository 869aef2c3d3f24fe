"""The supervisor ends the demo's processes in order, with all that they started. The tests use small processes."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from bot import env
from runtask_demo import supervisor
from runtask_demo.plan import Plan
from tests.broker.waiting import wait_until
from tests.demo.processes import is_gone

ENDS = """
import signal, sys, pathlib, time
def end(*_):
    with pathlib.Path("{diary}").open("a") as diary: diary.write("{name} ended\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
pathlib.Path("{diary}.{name}").touch()
while True: time.sleep(60)
"""
STUBBORN = """
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
pathlib.Path("{diary}.{name}" + (".child" if child == 0 else "")).write_text(str(os.getpid()))
time.sleep(600)
"""
DIES = "print('a last word'); raise SystemExit(3)"


@dataclass(frozen=True, kw_only=True)
class Toy(Plan):
    """A plan with the test's own processes."""

    scripts: dict[str, str] = field(default_factory=dict)
    preparing: str = ""

    def preparation(self) -> list[str]:
        return [sys.executable, "-c", self.preparing]

    def processes(self) -> dict[str, list[str]]:
        values = {"diary": self.data / "diary"}
        return {name: [sys.executable, "-c", text.format(name=name, **values)] for name, text in self.scripts.items()}


@dataclass
class Running:
    """A supervisor at work in a thread."""

    folder: Path
    said: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    code: int | None = None

    def start(self, scripts: dict[str, str], preparing: str = "") -> None:
        plan = Toy(data=self.folder, port=9, web_port=9, schedules=0, http=False, scripts=scripts, preparing=preparing)
        plan.logs.mkdir()
        self.thread = threading.Thread(target=self._run, args=(plan,))
        self.thread.start()

    def ready(self, *names: str) -> None:
        wait_until(lambda: all((self.folder / f"diary.{name}").exists() for name in names))

    def ended(self) -> int | None:
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.code

    def _run(self, plan: Plan) -> None:
        self.code = supervisor.run(plan, env.environ(), self.stopping, self.said.append)


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(supervisor, "GRACE", 1.0)
    started = Running(tmp_path)
    yield started
    started.stopping.set()
    started.thread.join(30)


def test_at_a_stop_all_processes_end_and_slack_ends_last(running: Running) -> None:
    running.start({"slack": ENDS, "worker": ENDS, "bot": ENDS})
    running.ready("slack", "worker", "bot")
    running.stopping.set()
    assert running.ended() == 0
    diary = (running.folder / "diary").read_text().splitlines()
    assert sorted(diary[:2]) == ["bot ended", "worker ended"]
    assert diary[2:] == ["slack ended"]


def test_when_a_process_dies_its_last_words_are_shown_and_the_others_end(running: Running) -> None:
    running.start({"slack": ENDS, "worker": DIES})
    assert running.ended() == 1
    assert "worker ended by itself with exit code 3" in running.said[-2]
    assert running.said[-1].strip() == "a last word"


def test_processes_that_ignore_the_stop_are_killed(running: Running) -> None:
    running.start({"slack": ENDS, "stubborn": STUBBORN})
    running.ready("slack", "stubborn", "stubborn.child")
    running.stopping.set()
    assert running.ended() == 0
    for name in ("stubborn", "stubborn.child"):
        pid = int((running.folder / f"diary.{name}").read_text())
        wait_until(partial(is_gone, pid))


def test_if_the_database_can_not_be_prepared_nothing_starts(running: Running) -> None:
    running.start({"slack": ENDS}, preparing="raise SystemExit('no such table')")
    assert running.ended() == 1
    assert "no such table" in running.said[-1]
    assert not (running.folder / "diary.slack").exists()


def test_after_a_stop_while_preparing_nothing_starts(running: Running) -> None:
    running.stopping.set()
    running.start({"slack": ENDS})
    assert running.ended() == 0
    assert not (running.folder / "logs" / "slack.log").exists()
