"""Stop, with real processes: what workers do after it, and that the last message of each thread is true."""

import json
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.slack.ids import Id
from localslack.testing import LocalSlack
from tests.broker.waiting import wait_until
from tests.e2e.platform import Platform
from tests.faults.setups import SETUPS, Setup
from tests.support import needs
from tests.wire.conftest import OPS, SCOPES
from tests.wire.ended import buttons
from tests.wire.test_thread import all_words

# In the gate, runs/test_stop.py and wire/test_stop.py test the same with fakes of workers.
pytestmark = pytest.mark.nightly

ABORTABLE, WAITS = "Listens", "Waits"
SCHEDULES = (
    {"name": WAITS, "task": "tests.wire.waits"},
    {"name": ABORTABLE, "task": "tests.wire.listens"},
)
# Beside Redis, the worker marks tasks as workers with Celery 5.6.2 and 5.6.3 do.
WORKERS: dict[str, dict[str, str]] = {
    "rabbitmq": {},
    "redis": {"RUNTASK_IMPORTS": "tests.wire.tasks tests.services.marking"},
}


@dataclass
class Stack:
    """Runs are started and stopped through the API, and announced in a channel."""

    setup: Setup
    platform: Platform
    slack: LocalSlack
    token: str
    folder: Path
    marks: bool  # whether its worker marks all tasks that it is told to revoke
    names: Iterator[str] = field(default_factory=lambda: (f"task{number}" for number in range(1000)))

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str = "GET") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.platform.url}/api/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return dict(json.load(answer))

    def run(self, schedule: str = WAITS) -> "Running":
        name = next(self.names)
        made = self.ask("runs", {"schedule": schedule, "kwargs": {"folder": str(self.folder), "name": name}}, "POST")
        return Running(self, made["run"], name)

    def busy(self) -> "list[Running]":
        """Starts two runs, which keep both processes of the worker busy."""
        blockers = [self.run(), self.run()]
        for one in blockers:
            one.begins()
        return blockers


@dataclass
class Running:
    stack: Stack
    run: int
    name: str

    @property
    def has_begun(self) -> bool:
        return (self.stack.folder / f"{self.name}.begun").exists()

    def begins(self) -> None:
        wait_until(lambda: self.has_begun)

    def now(self) -> dict[str, Any]:
        return self.stack.ask(f"runs/{self.run}")

    def stop(self, **body: bool) -> dict[str, Any]:
        return self.stack.ask(f"runs/{self.run}/stop", body, "POST")

    def may_end(self) -> None:
        (self.stack.folder / f"{self.name}.end").touch()

    def end(self) -> dict[str, Any]:
        wait_until(lambda: self.now()["done"])
        return self.now()

    def tries(self) -> int:
        [(tries,)] = self.stack.setup.rows(f"SELECT stop_tries FROM runtask_run WHERE id = {self.run}")
        return int(str(tries))

    def root(self, button: str) -> dict[str, Any] | None:
        """The run's first message, if it has this button, else None."""
        messages = self.stack.slack.person("U0ANA").messages(OPS)
        roots = (one for one in messages if f"/runs/{self.run}/" in json.dumps(one["blocks"]))
        return next((one for one in roots if button in buttons(one)), None)

    def last_words(self) -> str:
        """Waits until the run's thread tells its end, and returns the newest reply."""
        person = self.stack.slack.person("U0ANA")

        def look() -> str | None:
            roots = [one for one in person.messages(OPS) if f"/runs/{self.run}/" in json.dumps(one["blocks"])]
            replies = person.thread(OPS, roots[0]["ts"]) if roots else []
            return all_words(replies[-1]) if len(replies) > 1 else None

        return str(self.stack.slack.wait_for(look, 20))


@pytest.fixture(scope="module", params=["rabbitmq", "redis"])
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with ExitStack() as stack:
        with needs.services():
            setup = stack.enter_context(SETUPS[request.param](folder))
        slack = stack.enter_context(LocalSlack(scopes=SCOPES))
        options = {"RUNTASK_KILL": "1", "RUNTASK_ANNOUNCE": OPS}
        platform = stack.enter_context(Platform(folder, slack, **setup.environment, **options))
        platform.schedules(*SCHEDULES)
        token = platform.runtask("token", "add", "ana", "--name", "test").split()
        platform.start_notifier()
        platform.start_web()
        platform.start_worker(**WORKERS[request.param])
        (folder / "tasks").mkdir()
        secret = next(word for word in token if word.startswith("rt_"))
        yield Stack(setup, platform, slack, secret, folder / "tasks", marks=bool(WORKERS[request.param]))


@pytest.fixture
def stack(started: Stack) -> Iterator[Stack]:
    started.slack.reset()
    yield started
    for begun in started.folder.glob("*.begun"):  # a worker that stops waits for its running tasks
        begun.with_suffix(".end").touch()


def test_a_run_that_waits_in_the_queue_is_not_executed(stack: Stack) -> None:
    blockers = stack.busy()
    run, after = stack.run(), stack.run()
    assert run.stop()["stop"] in ("waits", "revoked")
    for one in (*blockers, run, after):
        one.may_end()
    assert after.end()["status"] == "SUCCESS"
    end = run.end()
    assert (end["status"], end["stop"]) == ("REVOKED", "revoked")
    assert not run.has_begun
    assert "*ana* asked to stop it, and a worker has marked it as stopped" in run.last_words()


def test_a_running_task_runs_on(stack: Stack) -> None:
    run = stack.run()
    run.begins()
    first, second = run.stop(), run.stop()
    assert first["stop"] in ("waits", "runs_on")
    assert first["stop_asked_at"] == second["stop_asked_at"], "a second Stop must change nothing"
    assert not run.now()["done"]
    if stack.marks:
        wait_until(lambda: run.now()["status"] == "REVOKED")
        assert (run.now()["state"], run.now()["stop"]) == ("running", "runs_on")
    run.may_end()
    end = run.end()
    assert (end["status"], end["stop"], end["later_ends"]) == ("SUCCESS", "ran_to_its_end", [])
    assert "*ana* asked to stop it, but it ran to its end" in run.last_words()


def test_a_running_task_is_terminated(stack: Stack) -> None:
    run = stack.run()
    run.begins()
    assert run.stop(kill=True)["stop"] == "terminating"
    end = run.end()
    assert (end["status"], end["stop"]) == ("REVOKED", "terminated")
    assert "*ana* asked to terminate it, and its worker has ended the process that ran it" in run.last_words()
    after = stack.run()
    after.may_end()
    assert after.end()["status"] == "SUCCESS", "the worker goes on"


def test_a_running_task_is_terminated_from_its_thread(stack: Stack) -> None:
    """The run's first message has a Stop button, and a second one once it is known that the task goes on."""
    stack.slack.config(mode="http", http_url=f"{stack.platform.url}/slack/events")
    ana = stack.slack.person("U0ANA")
    run = stack.run()
    run.begins()
    for action in (Id.STOP, Id.TERMINATE):
        root = stack.slack.wait_for(lambda: run.root(action), 20)  # noqa: B023
        ana.clicks_in(OPS, root["ts"], action)
    end = run.end()
    assert (end["status"], end["stop"]) == ("REVOKED", "terminated")
    assert "<@U0ANA> asked to terminate it, and its worker has ended the process" in run.last_words()


def test_an_abortable_task_is_asked_to_end(stack: Stack) -> None:
    run = stack.run(ABORTABLE)
    run.begins()
    run.stop()
    end = run.end()
    assert (end["status"], end["result"]) == ("SUCCESS", f"{run.name} has given up")
    assert (end["stop"], end["later_ends"]) == ("ran_to_its_end", [])


def test_a_stop_outlives_the_worker_that_got_it(stack: Stack) -> None:
    """All workers that got the Stop are killed. The next worker is busy first, and gets the Stop meanwhile."""
    if stack.setup.name.endswith("Redis"):
        pytest.skip("Redis gives the messages of a killed worker out again after an hour")
    blockers = [*stack.busy(), stack.run(), stack.run()]
    run = stack.run()
    run.stop()
    stack.platform.stop("worker", signal.SIGKILL)
    stack.platform.start_worker()
    for one in blockers[2:]:
        one.begins()
    before = run.tries()
    wait_until(lambda: run.tries() >= before + 2)
    after = stack.run()
    for one in (*blockers, run, after):
        one.may_end()
    assert after.end()["status"] == "SUCCESS"
    assert run.end()["status"] == "REVOKED"
    assert not run.has_begun


def test_a_stop_outlives_the_bot(stack: Stack) -> None:
    """The Stop is saved before workers get it. Another process repeats it, and the thread's last message is true."""
    blockers = stack.busy()
    stack.platform.stop("notify", signal.SIGKILL)
    run = stack.run()
    run.stop()
    before = run.tries()
    stack.platform.start_notifier()
    wait_until(lambda: run.tries() > before)
    for one in (*blockers, run):
        one.may_end()
    assert run.end()["status"] == "REVOKED"
    assert not run.has_begun
    assert "marked it as stopped" in run.last_words()
