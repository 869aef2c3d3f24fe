"""Several deliverers and watchers share a database: each message is posted once, in order, and none blocks another."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections

from bot.core.model import NoticeKind, TaskId
from bot.core.secrets import WORDS
from bot.models import Notice, NoticeState
from bot.runs import finish
from bot.runs.deliver import Deliverer
from tests.factories import NOW, an_outcome
from tests.fakes import FakeMessenger
from tests.runs.post import a_started_run

RUNS, DELIVERERS, WATCHERS = 12, 3, 3
KINDS = [NoticeKind.ROOT, NoticeKind.ID, NoticeKind.FINAL]


@pytest.mark.django_db(transaction=True)
def test_deliverers_and_watchers_at_once_post_each_message_once_in_order(caplog: pytest.LogCaptureFixture) -> None:
    """A deadlock, or a lock that wasn't granted, would be in the log."""
    runs = [a_started_run(channel=f"C{number}") for number in range(RUNS)]
    slack = FakeMessenger()
    all_posted = threading.Event()

    def deliver() -> None:
        deliverer = Deliverer(slack)
        while not all_posted.is_set():
            deliverer.step()
            owed = Notice.objects.exclude(state=NoticeState.SENT).exists()
            if len(slack.posts) >= RUNS * len(KINDS) and not owed:
                all_posted.set()
        deliverer.drain(10)
        connections.close_all()

    def watch() -> None:
        for second, status in enumerate(("STARTED", "SUCCESS")):
            seen = an_outcome(status, at=NOW + timedelta(seconds=second))
            outcomes = [replace(seen, task_id=TaskId(run.task_id)) for run in runs]
            finish.record(outcomes, now=NOW, deadline=1800, secret_keys=WORDS)
        connections.close_all()

    with caplog.at_level(logging.WARNING):
        at_once([deliver] * DELIVERERS + [watch] * WATCHERS)
    assert all_posted.is_set()
    assert not caplog.records, caplog.text
    assert told(slack) == {run.pk: KINDS for run in runs}


def at_once(work: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def told(slack: FakeMessenger) -> dict[int, list[NoticeKind]]:
    """Returns the messages of each run, in the order in which they were posted."""
    posted: dict[int, list[NoticeKind]] = defaultdict(list)
    for report in slack.posts:
        posted[report.run].append(report.kind)
    return posted
