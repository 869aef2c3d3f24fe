"""Outcomes from workers' events: real workers send them over real brokers, and the thread tells how runs ended."""

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from celery import VERSION

from localslack.testing import LocalSlack, Person
from tests.broker.waiting import wait_until
from tests.e2e.platform import Platform
from tests.faults.setups import SETUPS
from tests.support import needs
from tests.wire.conftest import SCOPES
from tests.wire.form import opened
from tests.wire.test_thread import all_words

nightly = pytest.mark.nightly
CHANNELS = count()
HEARS = "this process hears the workers' events now"
ENABLED = "enabled by remote"
FATES = {  # by schedule and task: two texts in the run's thread
    ("Report", "report"): ("SUCCESS", "'rows': 7"),
    ("Fails", "fail"): ("FAILURE", "in fail"),
    ("Tries again", "retry"): ("SUCCESS", "at the second try"),
    ("Rejects", "reject"): ("FAILURE", "reject")
    if VERSION >= (5, 7)
    else ("can't be known", "has rejected its message"),
    ("Unknown", "nobody.knows"): ("FAILURE", "NotRegistered"),
    ("Ignores its result", "quiet"): ("SUCCESS", "done quietly"),
    ("Hands over", "hands_over"): ("SUCCESS", "'rows': 30"),
    ("Begins a chord", "begins_a_chord"): ("SUCCESS", "begun"),
    ("Becomes a chord", "becomes_a_chord"): ("SUCCESS", "3 in total"),
}
OTHERS = [("Waits", "waits"), ("Expires", "report"), ("Sends no events", "secretive")]
END = re.compile(r"\b(SUCCESS|FAILURE|REVOKED)\b|can't be known|no word (?:yet|since)")
REVOKE = """
from bot import wiring
from bot.models import Run
wiring.celery_app().control.revoke(Run.objects.latest("pk").task_id, terminate=True)
"""
SHORTER = """
from bot import wiring
from bot.broker import eventqueue
queue = eventqueue.EventQueue(name="runtask.events", length=5, expires=604800)
try: eventqueue.add(wiring.celery_app(), queue)
except eventqueue.Refused as exc: print(exc)
"""


@dataclass
class Stack:
    broker: str
    platform: Platform
    slack: LocalSlack
    ana: Person
    folder: Path

    def run(self, schedule: str, **kwargs: str) -> str:
        """Runs the schedule in a new channel, because Slack limits rates by channel. Returns the channel."""
        channel = f"C0EVENT{next(CHANNELS)}"
        self.slack.control("channels", id=channel, name=channel.lower(), members=["U0ANA"], is_member_bot=True)
        opened(self.slack, self.ana, f"/runtask {schedule}", channel)
        if kwargs:
            self.ana.fills("kwargs:", None, json.dumps(kwargs))
        assert self.ana.submits()["closed"]
        return channel

    def waits(self, name: str) -> str:
        """Starts a run that ends when `may_end` is called, and waits until it is running. Returns its channel."""
        channel = self.run("Waits", folder=str(self.folder), name=name)
        self.slack.wait_for(lambda: "running" in self.thread(channel), 20)
        return channel

    def may_end(self, name: str) -> None:
        (self.folder / f"{name}.end").touch()

    def thread(self, channel: str) -> str:
        roots = self.ana.messages(channel)
        replies = self.ana.thread(channel, roots[-1]["ts"]) if roots else []
        return " ".join(map(all_words, [*roots[-1:], *replies]))

    def end(self, channel: str) -> str:
        """Waits until the last reply tells the end, and returns all text of the thread."""

        def look() -> str | None:
            roots = self.ana.messages(channel)
            replies = self.ana.thread(channel, roots[-1]["ts"]) if roots else []
            return self.thread(channel) if len(replies) >= 2 and END.search(all_words(roots[-1])) else None

        return self.slack.wait_for(look, 30)

    def start_bot(self) -> None:
        """Starts two processes. The first one receives the events."""
        (self.platform.folder / "slack.log").unlink(missing_ok=True)
        (self.platform.folder / "notify.log").unlink(missing_ok=True)
        self.platform.start_notifier()
        self.platform.wait("notify", lambda: HEARS in self.platform.log("notify"))
        self.platform.start_bot()

    def stop_bot(self) -> None:
        for name in ("notify", "slack"):
            self.platform.stop(name)

    def start_worker(self, *options: str) -> None:
        (self.platform.folder / "worker.log").unlink(missing_ok=True)
        self.platform.start_worker(*options)

    def restart_worker(self, *options: str) -> None:
        self.platform.stop("worker")
        self.start_worker(*options)


@pytest.fixture(scope="module", params=["rabbitmq", pytest.param("redis", marks=nightly)])
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with ExitStack() as stack:
        with needs.services():
            setup = stack.enter_context(SETUPS[request.param](folder))
        slack = stack.enter_context(LocalSlack(scopes=SCOPES))
        options = {
            "RUNTASK_OUTCOMES": "events",
            "RUNTASK_DEADLINE": "15",
            "CELERY_RESULT_BACKEND": f"file://{folder}",  # chords need a result backend
        }
        platform = stack.enter_context(Platform(folder, slack, **setup.environment, **options))
        names = [(name, task if "." in task else f"tests.wire.{task}") for name, task in [*FATES, *OTHERS]]
        expiry = {"Expires": {"expire_seconds": 1}}
        platform.schedules(*({"name": name, "task": task, **expiry.get(name, {})} for name, task in names))
        made = Stack(request.param, platform, slack, slack.person("U0ANA"), folder)
        made.start_bot()
        made.start_worker()
        platform.wait("worker", lambda: ENABLED in platform.log("worker"))
        yield made


@pytest.fixture
def stack(started: Stack) -> Stack:
    started.slack.wait_for_app()
    return started


def test_every_end_is_reported_from_events_alone(stack: Stack) -> None:
    channels = {schedule: stack.run(schedule) for schedule, _ in FATES}
    for (schedule, _), (status, words) in FATES.items():
        end = stack.end(channels[schedule])
        assert status in end
        assert words in end


@nightly
def test_a_run_that_is_terminated_says_so(stack: Stack) -> None:
    channel = stack.waits("terminated")
    stack.platform.shell(REVOKE)
    assert "REVOKED" in stack.end(channel)


@nightly
def test_when_the_process_that_receives_events_is_killed_another_one_reports_the_end(stack: Stack) -> None:
    """The task ends before the other process has noticed that the first one is dead."""
    channel = stack.waits("orphan")
    stack.platform.stop("notify", signal.SIGKILL)
    stack.may_end("orphan")
    assert "SUCCESS" in stack.end(channel)
    assert HEARS in stack.platform.log("slack")
    stack.platform.stop("slack")
    stack.start_bot()


def test_ends_while_the_bot_was_away_are_reported_if_the_broker_keeps_events(stack: Stack) -> None:
    first, second, expired = stack.waits("one"), stack.waits("two"), stack.run("Expires")
    stack.slack.wait_for(lambda: "Task id" in stack.thread(expired), 20)
    expiry = time.monotonic() + 1
    stack.stop_bot()
    wait_until(lambda: time.monotonic() > expiry)
    for name in ("one", "two"):
        stack.may_end(name)
    log = stack.platform.log
    stack.platform.wait("worker", lambda: "two has ended" in log("worker") and "Discarding revoked" in log("worker"))
    stack.start_bot()
    ends = [stack.end(channel) for channel in (first, second, expired)]
    if stack.broker == "rabbitmq":
        assert ["SUCCESS" in ends[0], "SUCCESS" in ends[1], "REVOKED" in ends[2]] == [True] * 3
    else:
        assert all("No word yet" in end and "didn't listen to the workers" in end for end in ends)


@nightly
def test_a_task_that_a_worker_still_runs_does_not_count_as_missed(stack: Stack) -> None:
    """This is true for pools that answer questions while they run a task. A solo pool doesn't."""
    channel = stack.waits("patient")
    stack.stop_bot()
    stack.start_bot()
    assert "didn't listen" not in stack.end(channel), "the message at the run's deadline"
    stack.may_end("patient")
    stack.slack.wait_for(lambda: "SUCCESS" in stack.thread(channel), 20)


@nightly
def test_a_run_of_a_task_that_sends_no_events_says_why_nobody_knows_its_end(stack: Stack) -> None:
    end = stack.end(stack.run("Sends no events"))
    assert "Workers send no events about this task" in end


@nightly
@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_other_pools_send_events_too(stack: Stack, pool: str) -> None:
    stack.restart_worker("--pool", pool, "-E")
    try:
        for schedule, status in (("Report", "SUCCESS"), ("Fails", "FAILURE"), ("Tries again", "SUCCESS")):
            assert status in stack.end(stack.run(schedule))
    finally:
        stack.restart_worker("-E")  # a solo worker tells that a task has begun only when it has ended


@nightly
def test_a_restarted_worker_is_asked_to_send_events(stack: Stack) -> None:
    stack.restart_worker()
    stack.platform.wait("worker", lambda: ENABLED in stack.platform.log("worker"))
    assert "SUCCESS" in stack.end(stack.run("Report"))


@nightly
def test_a_worker_that_can_send_no_events_is_named(stack: Stack) -> None:
    stack.restart_worker("--without-gossip", "--without-heartbeat")
    channel = stack.run("Report")
    assert "does it send events" in stack.end(channel)
    found = {one["what"]: one for one in json.loads(doctor(stack))["findings"] if one["area"] == "Results"}
    assert found["workers' events"]["level"] == "problem"
    stack.restart_worker("-E")
    found = {one["what"]: one for one in json.loads(doctor(stack))["findings"] if one["area"] == "Results"}
    assert found["workers' events"]["found"] == "sent by 1 of 1 workers"


@nightly
def test_the_queue_of_events_is_shown_removed_and_added(stack: Stack) -> None:
    if stack.broker == "redis":
        pytest.skip("Redis keeps no events")
    stack.stop_bot()
    assert "Processes that read it: 0" in stack.platform.runtask("events", "show")
    assert "There is no queue" in stack.platform.runtask("events", "remove")
    assert "exists" in stack.platform.runtask("events", "add")
    assert "inequivalent arg 'x-max-length'" in stack.platform.shell(SHORTER)
    stack.start_bot()


def doctor(stack: Stack) -> str:
    """The output of doctor, whatever its exit code."""
    return stack.platform.shell(
        "from django.core.management import call_command\n"
        "try: call_command('runtask_doctor', '--json')\nexcept SystemExit: pass\nexcept Exception: pass"
    )
