"""`runtask demo` itself, from its first start to its last process gone."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot import env
from bot.slack.ids import Id
from localslack.testing import Control, Person
from tests.broker.waiting import wait_until
from tests.demo.processes import descendants, is_gone
from tests.e2e.processes import free_port

pytestmark = pytest.mark.nightly

OPS = "C0OPS"
PATIENCE = 90.0


@dataclass
class Demo:
    """A demo in a folder of its own. It can be started several times."""

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
        """Waits until all its processes have ended, and returns the exit code."""
        code = self.process.wait(PATIENCE)
        for pid in self.children:
            wait_until(partial(is_gone, pid))
        return code

    @property
    def output(self) -> Path:
        return self.folder.with_suffix(".out")

    def said(self) -> str:
        return self.output.read_text()

    def person(self, account: str) -> Person:
        return Person(Control(f"http://127.0.0.1:{self.port}"), account)

    def ana(self) -> Person:
        return self.person("U0ANA")

    def audit(self) -> list[dict[str, Any]]:
        """The records of the audit log, oldest first."""
        with sqlite3.connect(self.folder / "runtask.sqlite3") as database:
            rows = database.execute("SELECT action, details FROM runtask_auditrecord ORDER BY id").fetchall()
        return [{"action": action, **json.loads(details)} for action, details in rows]


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


def test_the_demo_runs_schedules_ends_cleanly_and_keeps_its_data_in_either_mode(demo: Demo) -> None:
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


def refunds(ana: Person, days: int) -> str:
    """Asks for a run that needs approval. Returns the ts of its first message."""
    before = len(ana.messages(OPS))
    ana.types(OPS, "/runtask Pay refunds")
    wait_until(ana.modal)
    ana.fills("kwargs:", None, f'{{"days": {days}, "most": 500}}')
    ana.fills("reason:", None, "the strike is over")
    assert ana.submits()["closed"]
    wait_until(lambda: len(ana.messages(OPS)) > before)
    assert ana.messages(OPS)[-1]["text"] == "Pay refunds: waits for approval, not sent"
    return str(ana.messages(OPS)[-1]["ts"])


def test_another_person_approves_and_declines_and_the_audit_log_records_it(demo: Demo) -> None:
    demo.start()
    ana, cara = demo.ana(), demo.person("U0CARA")
    root = refunds(ana, 14)
    ana.clicks_in(OPS, root, Id.APPROVE)
    wait_until(lambda: any("Nobody approves their own run" in text for text in texts(ana.ephemerals(OPS))))
    cara.opens_home()
    wait_until(lambda: "the strike is over" in str(cara.home()))
    cara.presses_home(Id.HOME_APPROVE)
    wait_until(lambda: any("SUCCESS" in text for text in texts(ana.thread(OPS, root))))
    assert "Refunds of 14 days paid" in str(ana.thread(OPS, root))
    declined = refunds(ana, 30)
    cara.clicks_in(OPS, declined, Id.DECLINE)
    wait_until(cara.modal)
    cara.fills(Id.WHY_BLOCK, None, "a month is too much")
    assert cara.submits()["closed"]
    wait_until(lambda: "a month is too much" in str(ana.thread(OPS, declined)))
    told = [one["action"] for one in demo.audit() if str(one["action"]).startswith("run.")]
    assert told == [
        "run.asked", "run.refused", "run.approved", "run.sent", "run.ended", "run.asked", "run.declined",
    ]  # fmt: skip
