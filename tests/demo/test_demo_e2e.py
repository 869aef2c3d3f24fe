"""`runtask demo` itself, from its first start to its last process gone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot import env
from localslack.testing import Control, Person
from tests.broker.waiting import wait_until
from tests.demo.processes import descendants, is_gone
from tests.e2e.processes import free_port

pytestmark = pytest.mark.nightly

OPS = "C0OPS"
PATIENCE = 90.0


@dataclass
class Demo:
    """A demo in a folder of its own; may be started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)

    def start(self, *options: str) -> None:
        ports = ["--port", str(self.port), "--web-port", str(self.web_port)]
        elsewhere = {
            "DATABASE_URL": "sqlite:////nowhere/production.sqlite3",
            "CELERY_BROKER_URL": "redis://127.0.0.1:9",
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "demo", "--data", str(self.folder), *ports, *options],
                env={**env.environ(), "DJANGO_SETTINGS_MODULE": "bot.settings", **elsewhere},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: "Everything runs" in self.said() or self.process.poll() is not None, PATIENCE)
        assert self.process.poll() is None, self.said()
        self.children = descendants(self.process.pid)

    def ends(self) -> int:
        """The exit code, once nothing of it is left."""
        code = self.process.wait(PATIENCE)
        for pid in self.children:
            wait_until(partial(is_gone, pid))
        return code

    @property
    def output(self) -> Path:
        return self.folder.with_suffix(".out")

    def said(self) -> str:
        return self.output.read_text()

    def ana(self) -> Person:
        return Person(Control(f"http://127.0.0.1:{self.port}"), "U0ANA")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path / "var")
    yield demo
    demo.process.terminate()
    demo.ends()


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [message["text"] for message in messages]


def run(ana: Person, name: str) -> None:
    """Run a schedule as it is stored, and see it end in the channel and in its thread."""
    ana.types(OPS, f"/runtask {name}")
    wait_until(ana.modal)
    assert ana.submits()["closed"]
    wait_until(lambda: any(text.startswith(f"{name}: SUCCESS") for text in texts(ana.messages(OPS))))
    thread = ana.messages(OPS)[-1]["ts"]
    wait_until(lambda: any("SUCCESS" in text for text in texts(ana.thread(OPS, thread))))


def test_it_runs_schedules_ends_cleanly_and_keeps_its_data_in_either_mode(demo: Demo) -> None:
    demo.start("--schedules", "250")
    assert f"http://127.0.0.1:{demo.port}/" in demo.said()
    assert f"http://127.0.0.1:{demo.web_port}/admin/" in demo.said()
    run(demo.ana(), "Nightly sales report")
    run(demo.ana(), "Yearly archive")
    demo.process.send_signal(signal.SIGINT)
    assert demo.ends() == 0

    demo.start("--http")
    assert len(demo.ana().messages(OPS)) == 2
    run(demo.ana(), "Weekly sales report, US")
    demo.process.terminate()
    assert demo.ends() == 0


def test_when_a_process_dies_it_is_named_and_everything_ends(demo: Demo) -> None:
    demo.start()
    worker = next(pid for pid, command in demo.children.items() if " worker " in command)
    os.kill(worker, signal.SIGKILL)
    assert demo.ends() == 1
    assert "worker ended by itself with exit code -9" in demo.said()
