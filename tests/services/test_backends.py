"""Results that are kept elsewhere than in rows: real workers write them, and the thread tells how runs ended."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from localslack.testing import LocalSlack, Person
from tests.e2e.platform import Platform
from tests.faults.proxy import Proxy
from tests.faults.setups import result_store
from tests.support import needs
from tests.wire.conftest import OPS, SCOPES
from tests.wire.form import opened
from tests.wire.test_thread import all_words, finished

nightly = pytest.mark.nightly
FILES: dict[str, Callable[[Path], str]] = {
    "files": lambda folder: f"file://{folder}",
    "SQLAlchemy": lambda folder: f"db+sqlite:///{folder}/results.sqlite3",
}
SCHEDULES = [
    {"name": "Report", "task": "tests.wire.report"},
    {"name": "Fails", "task": "tests.wire.fail"},
    {"name": "Slow", "task": "tests.wire.progress", "kwargs": '{"steps": 20}'},
]
REVOKE = """
from bot import wiring
from bot.models import Run
wiring.celery_app().control.revoke(Run.objects.latest("pk").task_id, terminate=True)
"""


@dataclass
class Stack:
    platform: Platform
    slack: LocalSlack
    ana: Person
    results: str  # where workers keep them
    proxy: Proxy | None = None  # between the bot and the results

    def start_worker(self) -> None:
        self.platform.start_worker(CELERY_RESULT_BACKEND=self.results)

    def run(self, name: str) -> None:
        opened(self.slack, self.ana, f"/runtask {name}")
        assert self.ana.submits()["closed"]

    def final(self) -> str:
        _, [_, final] = finished(self.slack, self.ana)
        return all_words(final)


@pytest.fixture(scope="module", params=["Redis", *(pytest.param(name, marks=nightly) for name in FILES)])
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("backend")
    with ExitStack() as stack:
        if request.param == "Redis":
            with needs.services():
                results, address, proxy = stack.enter_context(result_store())
        else:
            results = address = FILES[request.param](tmp_path_factory.mktemp("results"))
            proxy = None
        slack = stack.enter_context(LocalSlack(scopes=SCOPES))
        platform = stack.enter_context(Platform(folder, slack, CELERY_RESULT_BACKEND=address))
        platform.schedules(*SCHEDULES)
        platform.start_bot()
        made = Stack(platform, slack, slack.person("U0ANA"), results, proxy)
        made.start_worker()
        yield made


@pytest.fixture
def stack(started: Stack) -> Iterator[Stack]:
    started.slack.reset()
    started.slack.wait_for_app()
    yield started
    if started.proxy is not None:
        started.proxy.mend()


def test_a_run_succeeds(stack: Stack) -> None:
    stack.run("report")
    final = stack.final()
    assert "SUCCESS" in final
    assert '"rows": 7' in final


def test_a_failure_brings_its_traceback(stack: Stack) -> None:
    stack.run("fails")
    final = stack.final()
    assert "FAILURE" in final
    assert "in fail" in final


def test_progress_is_shown_and_a_revoked_run_says_so(stack: Stack) -> None:
    stack.run("slow")
    stack.slack.wait_for(lambda: (roots := stack.ana.messages(OPS)) and "of 20" in all_words(roots[-1]), 20)
    stack.platform.shell(REVOKE)
    assert "REVOKED" in stack.final()


def test_what_ended_while_the_bot_was_away_is_told_afterwards(stack: Stack) -> None:
    stack.platform.stop("worker")
    stack.run("report")
    stack.slack.wait_for(lambda: len(stack.slack.calls("chat.postMessage")) == 2)
    stack.platform.stop("slack")
    (stack.platform.folder / "worker.log").unlink()
    stack.start_worker()
    stack.platform.wait("worker", lambda: "succeeded" in stack.platform.log("worker"))
    stack.platform.start_bot()
    assert "SUCCESS" in stack.final()


@pytest.mark.parametrize("how", ["dead", pytest.param("hung", marks=nightly)])
def test_a_backend_that_is_away_delays_no_form_and_what_ended_is_told_afterwards(stack: Stack, how: str) -> None:
    if stack.proxy is None:
        pytest.skip("files and SQLite have no server that can fail")
    stack.run("slow")
    stack.slack.wait_for(lambda: stack.ana.messages(OPS))
    stack.proxy.refuse() if how == "dead" else stack.proxy.hold()
    opened(stack.slack, stack.ana, "/runtask slow")  # it asks whether the run is still going on
    stack.platform.wait("worker", lambda: " succeeded in " in stack.platform.log("worker").rpartition("received")[2])
    assert "results can't be read" in stack.platform.log("slack")
    stack.proxy.mend()
    assert "SUCCESS" in stack.final()
