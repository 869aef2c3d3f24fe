"""Real workers on the embedded broker."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import celery
import pytest
from celery import Celery
from celery.result import AsyncResult

from bot import env
from tests.broker import worker_app
from tests.broker.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.e2e

StartWorker = Callable[..., subprocess.Popen[bytes]]
NOTE = "tests.broker.worker_app.note"


@pytest.fixture(autouse=True)
def no_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery prefers it to the settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "broker"


@pytest.fixture
def app(folder: Path) -> Iterator[Celery]:
    app = worker_app.client(folder)
    yield app
    app.close()


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    path = tmp_path / "diary"
    path.touch()
    return path


@pytest.fixture
def start_worker(app: Celery, folder: Path) -> Iterator[StartWorker]:
    """Starts a worker, and waits until it answers. The fixture stops it at the end."""

    def start(name: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", worker_app.__name__, "worker", "-n", name, "-l", "warning"]
        process = subprocess.Popen([*command, *options], env={**env.environ(), worker_app.FOLDER: str(folder)})
        stack.callback(process.wait, PATIENCE)
        stack.callback(process.kill if "solo" in options else process.terminate)  # kill is faster, but makes orphans
        wait_until(lambda: app.control.ping([name], timeout=0.5))
        return process

    with ExitStack() as stack:
        yield start


def note(app: Celery, diary: Path, line: str, seconds: float = 0) -> AsyncResult:
    return app.send_task(NOTE, (str(diary), line, seconds))


def lines(diary: Path) -> list[str]:
    return diary.read_text().split()


@pytest.mark.nightly
def test_two_workers_share_a_queue_and_run_every_task_once(app: Celery, start_worker: StartWorker, diary: Path) -> None:
    start_worker("one@test", "-P", "solo")
    start_worker("two@test", "-P", "solo")
    for number in range(100):
        note(app, diary, str(number), 0.001)
    wait_until(lambda: len(lines(diary)) >= 100)
    assert sorted(lines(diary), key=int) == [str(number) for number in range(100)]
    totals = [stats["total"] for stats in (app.control.inspect(timeout=2).stats() or {}).values()]
    assert [NOTE in total for total in totals] == [True, True]


@pytest.mark.nightly
def test_a_damaged_message_does_not_stop_a_worker(
    app: Celery, start_worker: StartWorker, folder: Path, diary: Path
) -> None:
    queue = folder / "queues" / "celery.q"
    queue.mkdir(parents=True)
    (queue / "0.msg").touch()
    (queue / "1.msg").write_text("{}")
    start_worker("one@test", "-P", "solo")
    note(app, diary, "healthy")
    wait_until(lambda: lines(diary) == ["healthy"])
    assert [path.name for path in (folder / "damaged" / "celery.q").iterdir()] == ["0.msg", "1.msg"]


@pytest.mark.nightly
def test_a_running_task_can_be_revoked_though_the_pool_is_full(
    app: Celery, start_worker: StartWorker, folder: Path, diary: Path
) -> None:
    start_worker("one@test", "-c", "1")
    running = note(app, diary, "running", 600)
    note(app, diary, "next")
    wait_until(lambda: lines(diary) == ["running"] and not list(folder.glob("queues/celery.q/*.msg")))
    app.control.revoke(running.id, terminate=True)
    wait_until(lambda: lines(diary) == ["running", "next"])


# On this broker, workers have no event loop. They acknowledge a message in the next turn of their own loop. A worker that stops has
# no next turn.
SINCE_5_5 = pytest.mark.skipif(
    celery.VERSION < (5, 5), reason="before Celery 5.5, a worker that stops gives back the tasks that it has just begun"
)


@pytest.mark.parametrize("stop", ["kill", pytest.param("terminate", marks=[pytest.mark.nightly, SINCE_5_5])])
def test_the_next_worker_runs_the_messages_that_a_stopped_one_had_taken(
    app: Celery, start_worker: StartWorker, folder: Path, diary: Path, stop: str
) -> None:
    worker = start_worker("one@test", "-c", "1", "--prefetch-multiplier", "3")
    # Before Celery 5.6, a worker acknowledges up to 1 s after a task has begun.
    for name in ("begun", "a", "b", "c", "d", "e"):
        note(app, diary, name, 3 if name == "begun" else 0)
    # A worker holds at most three messages that it hasn't acknowledged. Two are left, so the first one is acknowledged.
    wait_until(lambda: lines(diary) == ["begun"] and len(list(folder.glob("queues/celery.q/*.msg"))) == 2)
    getattr(worker, stop)()
    worker.wait(PATIENCE)
    start_worker("two@test", "-P", "solo")
    wait_until(lambda: len(set(lines(diary))) == 6)
    # If the worker is killed before that, the task runs again.
    times = 1 if stop == "terminate" or celery.VERSION >= (5, 6) else lines(diary).count("begun")
    assert sorted(lines(diary)) == ["a", "b", *["begun"] * times, "c", "d", "e"]
