"""Results in other places than rows: real workers write them, and the thread tells how runs ended."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
import pytest
import redis

from bot.compat import HONOURS_HEADER
from localslack.testing import LocalSlack, Person
from tests.e2e.platform import Platform
from tests.faults.proxy import Proxy
from tests.faults.setups import Store, results_in_mariadb, results_in_postgres, results_in_redis
from tests.support import needs
from tests.wire.conftest import OPS, SCOPES
from tests.wire.form import opened
from tests.wire.test_thread import all_words

nightly = pytest.mark.nightly
SERVERS: dict[str, Callable[[], AbstractContextManager[Store]]] = {
    "Redis": results_in_redis,
    "MariaDB": results_in_mariadb,
    "PostgreSQL": results_in_postgres,
}
FILES: dict[str, Callable[[Path], str]] = {
    "files": lambda folder: f"file://{folder}",
    "SQLAlchemy": lambda folder: f"db+sqlite:///{folder}/results.sqlite3",
    "Django's cache": lambda _: "django-cache",
}
ROWS = pytest.mark.skipif(django.VERSION < (5, 1), reason="our options for SQLite need Django 5.1")
KINDS = [
    "Redis",
    *(pytest.param(name, marks=nightly) for name in [*SERVERS, *FILES][1:]),
    pytest.param("rows", marks=[nightly, ROWS]),  # for comparison
]
SCHEDULES: list[dict[str, object]] = [
    {"name": "Report", "task": "tests.wire.report"},
    {"name": "Fails", "task": "tests.wire.fail"},
    {"name": "Slow", "task": "tests.wire.progress", "kwargs": '{"steps": 20}'},
    {"name": "Long", "task": "tests.wire.progress", "kwargs": '{"steps": 200}'},
    {"name": "Expires", "task": "tests.wire.report", "expire_seconds": 1},
    {"name": "Unknown", "task": "nobody.knows"},
    {"name": "Ignores its result", "task": "tests.wire.quiet"},
    {"name": "Hands over", "task": "tests.wire.hands_over"},
    {"name": "Begins a chord", "task": "tests.wire.begins_a_chord"},
    {"name": "Becomes a chord", "task": "tests.wire.becomes_a_chord"},
]
FATES = {  # by schedule: two texts in the run's thread
    "Report": ("SUCCESS", '"rows": 7'),
    "Expires": ("REVOKED", "expired"),
    "Unknown": ("FAILURE", "NotRegistered"),
    "Hands over": ("SUCCESS", '"rows": 30'),  # the task replaces itself by another one, which keeps its id
    "Begins a chord": ("SUCCESS", "begun"),  # the tasks of the chord have ids of their own
    "Becomes a chord": ("SUCCESS", "3 in total"),
    "Ignores its result": ("SUCCESS", "done quietly")
    if HONOURS_HEADER
    else ("can't be known", "keeps no results of this task"),
}
END = re.compile(r"\b(SUCCESS|FAILURE|REVOKED)\b|can't be known")
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
    results: str  # the address where workers keep results
    proxy: Proxy | None  # the proxy between the bot and the results

    def start_worker(self) -> None:
        self.platform.start_worker(CELERY_RESULT_BACKEND=self.results)

    def run(self, name: str, channel: str = OPS) -> None:
        opened(self.slack, self.ana, f"/runtask {name}", channel)
        assert self.ana.submits()["closed"]

    def root(self, channel: str = OPS) -> str:
        """The first message of the newest thread."""
        roots = self.ana.messages(channel)
        return all_words(roots[-1]) if roots else ""

    def end(self, channel: str = OPS) -> str:
        """Waits until the thread says that the run has ended, and returns all its text."""

        def look() -> str | None:
            root = self.root(channel)
            replies = self.ana.thread(channel, self.ana.messages(channel)[-1]["ts"]) if root else []
            return " ".join([root, *map(all_words, replies)]) if len(replies) == 2 and END.search(root) else None

        return self.slack.wait_for(look, 20)

    def ends_while_the_bot_is_away(self, *names: str) -> dict[str, str]:
        """Runs these schedules while there is no worker. Then stops the bot, and starts a worker, which ends the runs.

        Returns the channels by schedule.
        """
        self.platform.stop("worker")
        channels = {name: f"C0FATE{number}" for number, name in enumerate(names)}  # Slack limits rates by channel
        before = len(self.slack.calls("chat.postMessage"))
        for name, channel in channels.items():
            self.slack.control("channels", id=channel, name=channel.lower(), members=["U0ANA"], is_member_bot=True)
            self.run(name, channel)
        over = time.monotonic() + 1.5  # by then, a task that expires after 1 s has expired
        self.slack.wait_for(lambda: len(self.slack.calls("chat.postMessage")) >= before + 2 * len(names), 20)
        self.slack.wait_for(lambda: time.monotonic() > over)
        self.platform.stop("slack")
        (self.platform.folder / "worker.log").unlink()
        self.start_worker()
        self.platform.wait("worker", lambda: bool(re.search(r"report\S* succeeded", self.platform.log("worker"))))
        return channels


@contextmanager
def a_stack(kind: str, paths: pytest.TempPathFactory, **environment: str) -> Iterator[Stack]:
    with ExitStack() as stack:
        if kind in SERVERS:
            with needs.services():
                results, address, proxy = stack.enter_context(SERVERS[kind]())
        else:
            results = address = "django-db" if kind == "rows" else FILES[kind](paths.mktemp("results"))
            proxy = None
        slack = stack.enter_context(LocalSlack(scopes=SCOPES))
        environment |= {"DJANGO_SETTINGS_MODULE": "tests.services.settings", "CELERY_RESULT_BACKEND": address}
        platform = stack.enter_context(Platform(paths.mktemp("platform"), slack, **environment))
        until = json.dumps({"folder": str(platform.folder), "name": "tried"})
        platform.schedules(*SCHEDULES, {"name": "Tries again", "task": "tests.wire.tries_until", "kwargs": until})
        platform.start_bot()
        made = Stack(platform, slack, slack.person("U0ANA"), results, proxy)
        made.start_worker()
        yield made


@pytest.fixture(scope="module", params=KINDS)
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with a_stack(request.param, tmp_path_factory) as stack:
        yield stack


@pytest.fixture
def stack(started: Stack) -> Iterator[Stack]:
    started.slack.reset()
    started.slack.wait_for_app()
    yield started
    if started.proxy is not None:
        started.proxy.mend()


def test_a_failure_brings_its_traceback(stack: Stack) -> None:
    stack.run("fails")
    end = stack.end()
    assert "FAILURE" in end
    assert "in fail" in end


def test_progress_is_shown_and_a_revoked_run_says_so(stack: Stack) -> None:
    stack.run("long")
    stack.slack.wait_for(lambda: "of 200" in stack.root(), 20)
    stack.platform.shell(REVOKE)
    assert "REVOKED" in stack.end()


@nightly
def test_a_task_that_will_be_tried_again_has_not_ended(stack: Stack) -> None:
    stack.run("tries again")
    stack.slack.wait_for(lambda: "waiting for its next try" in stack.root(), 20)
    (stack.platform.folder / "tried").touch()
    assert "at the last try" in stack.end()


def test_each_end_while_the_bot_was_away_is_reported_afterwards(stack: Stack) -> None:
    channels = stack.ends_while_the_bot_is_away(*FATES)
    stack.platform.start_bot()
    for name, (status, words) in FATES.items():
        end = stack.end(channels[name])
        assert status in end
        assert words in end


@nightly
def test_a_result_that_expired_before_it_was_read_ends_the_run_unseen(tmp_path_factory: pytest.TempPathFactory) -> None:
    with a_stack("Redis", tmp_path_factory, TEST_RESULT_EXPIRES="5") as stack:
        channels = stack.ends_while_the_bot_is_away("Report")
        with redis.Redis.from_url(stack.results) as client:
            stack.platform.wait("worker", lambda: not client.keys("celery-task-meta-*"))
        stack.platform.start_bot()
        assert "results are kept for 5 s only, and nobody looked for this one" in stack.end(channels["Report"])


@pytest.mark.parametrize("how", ["dead", pytest.param("hung", marks=nightly)])
def test_a_backend_that_is_away_delays_no_form_and_ends_are_reported_later(stack: Stack, how: str) -> None:
    if stack.proxy is None:
        pytest.skip("this backend has no server that can fail")
    stack.run("slow")
    stack.slack.wait_for(lambda: stack.ana.messages(OPS))
    if how == "dead":
        stack.proxy.refuse()
    else:
        stack.proxy.hold()
    opened(stack.slack, stack.ana, "/runtask slow")  # this form asks whether the run still goes on
    stack.platform.wait("worker", lambda: " succeeded in " in stack.platform.log("worker").rpartition("received")[2])
    stack.platform.wait("slack", lambda: "results can't be read" in stack.platform.log("slack"))
    stack.proxy.mend()
    assert "SUCCESS" in stack.end()
