"""From the command in Slack to the final status, over a real broker, worker and database."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from localslack.testing import LocalSlack, Person
from tests.e2e.platform import Platform
from tests.faults.setups import SETUPS, Setup
from tests.support import needs
from tests.wire.conftest import OPS, SCOPES
from tests.wire.form import opened
from tests.wire.test_thread import all_words, finished

NAME = "Nightly report 🌙, naïve"
SCHEDULES = f"""
from django_celery_beat.models import IntervalSchedule, PeriodicTask
hourly, _ = IntervalSchedule.objects.get_or_create(every=1, period="hours")
for name, task, fields in [
    ({NAME!r}, "report", {{"kwargs": '{{"days": 7}}'}}),
    ("Fails", "fail", {{}}),
    ("Slow", "progress", {{"kwargs": '{{"steps": 200}}'}}),
    ("Expires", "report", {{"expire_seconds": 1}}),
]:
    PeriodicTask.objects.create(name=name, task=f"tests.wire.{{task}}", interval=hourly, **fields)
"""
REVOKE = """
from bot import wiring
from bot.models import Run
wiring.celery_app().control.revoke(Run.objects.latest("pk").task_id, terminate=True)
"""


@dataclass
class Stack:
    """A platform on services, with two processes that deliver."""

    setup: Setup
    platform: Platform
    slack: LocalSlack
    ana: Person

    def run(self, name: str, kwargs: str | None = None) -> None:
        opened(self.slack, self.ana, f"/runtask {name}")
        if kwargs is not None:
            self.ana.fills("kwargs:", None, kwargs)
        assert self.ana.submits()["closed"]

    def end(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Waits until the only run has ended. Returns its root and final message; only its three messages were posted."""
        root, [_, final] = finished(self.slack, self.ana)
        assert len(self.slack.calls("chat.postMessage")) == 3
        return root, final


@pytest.fixture(scope="module", params=["rabbitmq", pytest.param("mariadb", marks=pytest.mark.nightly)])
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with ExitStack() as stack:
        with needs.services():
            setup = stack.enter_context(SETUPS[request.param](folder))
        slack = stack.enter_context(LocalSlack(scopes=SCOPES))
        platform = stack.enter_context(Platform(folder, slack, **setup.environment))
        platform.shell(SCHEDULES)
        platform.start_notifier()
        platform.start_bot()
        platform.start_worker()
        yield Stack(setup, platform, slack, slack.person("U0ANA"))


@pytest.fixture
def stack(started: Stack) -> Stack:
    started.slack.reset()
    started.slack.wait_for_app()
    return started


def test_a_run_succeeds_with_the_schedules_values(stack: Stack) -> None:
    stack.run(NAME, '{"days": 30}')
    root, final = stack.end()
    assert NAME in all_words(root)
    assert "days: 7 -> 30" in all_words(root)
    assert '"rows": 30' in all_words(final)
    [(name, status)] = stack.setup.rows(
        "SELECT r.periodic_task_name, r.status FROM django_celery_results_taskresult r"
        " JOIN runtask_run ON runtask_run.task_id = r.task_id ORDER BY runtask_run.id DESC LIMIT 1"
    )
    assert (name, status) == (NAME, "SUCCESS")


def test_a_failure_brings_its_traceback(stack: Stack) -> None:
    stack.run("fails")
    _, final = stack.end()
    assert "FAILURE" in all_words(final)
    assert "in fail" in all_words(final)


@pytest.mark.nightly
def test_progress_is_shown_and_a_revoked_run_says_so(stack: Stack) -> None:
    stack.run("slow")
    stack.slack.wait_for(lambda: (roots := stack.ana.messages(OPS)) and "of 200" in all_words(roots[-1]), 20)
    stack.platform.shell(REVOKE)
    _, final = stack.end()
    assert "REVOKED" in all_words(final)


@pytest.mark.nightly
def test_the_thread_of_an_expired_run_says_what_is_known(stack: Stack) -> None:
    """RabbitMQ drops an expired message, so no worker reports anything, and the run becomes overdue. Redis delivers it."""
    stack.platform.stop("worker")
    stack.run("expires")
    (stack.platform.folder / "worker.log").unlink()
    stack.platform.start_worker()  # this takes longer than a second, so the task has expired
    if "RabbitMQ" in stack.setup.name:
        stack.setup.rows("UPDATE runtask_run SET deadline_at = sent_at WHERE state = 'sent'")
        root = stack.ana.messages(OPS)[-1]["ts"]
        stack.slack.wait_for(lambda: len(stack.ana.thread(OPS, root)) == 2)
        assert "No word yet" in all_words(stack.ana.thread(OPS, root)[1])
    else:
        _, final = stack.end()
        assert "REVOKED" in all_words(final)
        assert "expired" in all_words(final)
