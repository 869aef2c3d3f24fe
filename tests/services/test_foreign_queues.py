"""A sidecar beside a platform with quorum and priority queues in RabbitMQ. The sidecar doesn't know their arguments."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu import Connection, Queue

from bot.broker.queues import examine_queues
from bot.doctor.findings import Level
from bot.doctor.workers import declarations
from bot.models import Run
from localslack.testing import LocalSlack, Person
from tests.faults.setups import Setup
from tests.services.test_publishing import press
from tests.services.test_sidecar import database  # noqa: F401  # a fixture
from tests.support.sidecar import Platform
from tests.wire.conftest import Schedule
from tests.wire.form import errors, opened

pytestmark = pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
QUEUES = {
    "celery": {"x-queue-type": "quorum"},  # the platform's default queue
    "urgent": {"x-max-priority": 10},
    "short": {"x-message-ttl": 60_000, "x-max-length": 100},
}
ABSENT = "reports"


@pytest.fixture
def waiting(service: Setup) -> Iterator[Callable[[str], int]]:
    """Makes the platform's queues. Gives a function that takes all messages from one and returns their number."""
    with Connection(service.environment["CELERY_BROKER_URL"]) as connection:
        channel: Any = connection.default_channel
        for name in (*QUEUES, ABSENT):  # fixtures of other tests may have made them
            channel.queue_delete(name)
        for name, arguments in QUEUES.items():
            Queue(name, durable=True, queue_arguments=arguments)(channel).declare()

        def count(name: str) -> int:
            found = 0
            while channel.basic_get(name, no_ack=True) is not None:
                found += 1
            return found

        yield count
        for name in (*QUEUES, ABSENT):
            channel.queue_delete(name)


@pytest.fixture
def beside(settings: Any) -> None:
    """This process is a sidecar."""
    settings.RUNTASK_SIDECAR = True


def test_a_sidecar_sends_to_queues_whatever_their_arguments(
    beside: None, brokered: Setup, waiting: Callable[[str], int], http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    for name in QUEUES:
        schedule(f"Goes to {name}", queue=None if name == "celery" else name)
        assert press(http_bot, ana, f"goes to {name}")["closed"]
        assert waiting(name) == 1
    assert set(Run.objects.values_list("state", flat=True)) == {"sent"}


def test_a_sidecar_makes_no_queue_of_its_own_and_says_what_is_missing(
    beside: None, brokered: Setup, waiting: Callable[[str], int], http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule(queue=ABSENT)
    opened(http_bot, ana, "/runtask nightly")
    text = errors(ana.submits())["schedule"]
    assert text == (
        "Nothing was sent: the broker has no queue reports. A worker that listens on it makes it. Start that worker first."
        " Press Run again when that is corrected."
    )
    with Connection(brokered.environment["CELERY_BROKER_URL"]) as connection:
        channel: Any = connection.default_channel
        Queue(ABSENT, queue_arguments={"x-queue-type": "quorum"})(channel).declare()
        assert ana.submits()["closed"]
        assert waiting(ABSENT) == 1


def test_the_error_about_a_queue_with_other_settings_says_what_helps(
    brokered: Setup, waiting: Callable[[str], int], http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    opened(http_bot, ana, "/runtask nightly")
    text = errors(ana.submits())["schedule"]
    assert "has this queue with other properties than this site's Celery settings (task_queues)" in text
    assert "inequivalent arg 'x-queue-type' for queue 'celery'" in text
    assert text.endswith("Press Run again when that is corrected.")


def test_doctor_says_which_queues_take_messages(service: Setup, waiting: Callable[[str], int]) -> None:
    app = Celery("platform", set_as_current=False)
    app.conf.task_queues = [Queue("urgent", queue_arguments={"x-max-priority": 10}), Queue("short")]
    going = Counter({"urgent": 3, "short": 2, ABSENT: 1})
    assert [(one.level, one.found.partition(" (")[0]) for one in declarations(app, going, declares=False)] == [
        (Level.PROBLEM, "reports: the broker has no such queue"),
        (Level.OK, "the broker has urgent, short"),
    ]
    refused, fine = declarations(app, going, declares=True)
    assert (refused.level, refused.what) == (Level.PROBLEM, "declared")
    assert refused.found.startswith(
        "short: the broker refuses its declaration: Queue.declare: (406) PRECONDITION_FAILED"
    )
    assert (fine.level, fine.found) == (Level.OK, "the broker has urgent, with the arguments of these settings")
    found = examine_queues(app, [ABSENT], 2.0, declares=True)
    assert found is not None
    assert found.absent == [ABSENT], "doctor has not made it"


@pytest.mark.nightly
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_doctor_of_a_sidecar_looks_at_the_queues_of_schedules(
    service: Setup,
    waiting: Callable[[str], int],
    tmp_path: Path,
    database: str,  # noqa: F811
) -> None:
    platform = Platform(tmp_path, database)
    platform.manage("migrate", "--verbosity", "0")
    rows = (
        "from django_celery_beat.models import IntervalSchedule, PeriodicTask;"
        "every = IntervalSchedule.objects.create(every=1, period='days');"
        "[PeriodicTask.objects.create(name=f'to {queue}', task='shop.nightly', interval=every, queue=queue)"
        " for queue in (None, 'urgent', 'reports')]"
    )
    platform.manage("shell", "--command", rows)
    platform.sidecar("migrate", "--verbosity", "0")
    done = platform.sidecar("doctor", CELERY_BROKER_URL=service.environment["CELERY_BROKER_URL"])
    told = " ".join(done.stdout.split())
    assert "reports: the broker has no such queue (1 enabled schedule)" in told
    assert "the broker has celery, urgent" in told
