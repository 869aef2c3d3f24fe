"""The target that is shown before and after a run is where its message goes."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from kombu.utils import json as typed_json

from bot.broker.catalog import BeatCatalog
from bot.broker.send import CelerySender
from bot.core.model import ScheduleId, Target
from bot.core.secrets import WORDS
from bot.models import Run
from bot.option_texts import options, stored_options
from tests.factories import staff_actor
from tests.parity.cases import CASES, Case
from tests.parity.compare import queues, stored
from tests.parity.ways import runtask
from tests.parity.wire import Fields, InMemory

SENT = [case for case in CASES if not case.is_nothing and "sent" not in case.differs]


@pytest.mark.django_db
@pytest.mark.filterwarnings("ignore::celery.exceptions.CDeprecationWarning")
@pytest.mark.parametrize("case", SENT, ids=lambda case: case.name)
def test_a_message_goes_to_the_target_that_is_shown(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    broker, now, actor = InMemory(), timezone.now(), staff_actor()
    monkeypatch.setenv("CELERY_BROKER_URL", broker.url)
    with stored(case, broker.url, now) as (app, row, _):
        schedule = BeatCatalog(app).get(ScheduleId(row))
        assert schedule is not None
        target = CelerySender(app, WORDS).target(schedule)
        broker.clear(queues(app))  # all tests of a process share this broker
        runtask(app, PeriodicTask.objects.get(pk=row), actor)
        (message,) = broker.take(queues(app))
        broker.clear(queues(app))
        lives = lifetime(target, now)
    assert place(target) == (message["exchange"], message["routing_key"])
    if target.queue is not None:
        assert target.queue == message["queue"]
    properties = {name: message.get(f"properties.{name}") for name in ("priority", "expiration")}
    assert properties == {"priority": target.options.get("priority", 0), "expiration": lives}
    assert limits(message) == [target.options.get(name) for name in ("time_limit", "soft_time_limit")]
    for name, value in typed_json.loads(target.headers or "{}").items():
        assert message[f"headers.{name}"] == value
    assert target.is_registered is (case.task is not None)
    shown = [(name, _stored(value)) for name, value in options(target)]
    assert list(stored_options(Run.objects.get().target)) == shown


def place(target: Target) -> tuple[str, str]:
    """Exchange and routing key. Without an exchange, the message goes to the queue itself."""
    return (target.options.get("exchange", ""), target.options.get("routing_key") or target.queue or "")


def lifetime(target: Target, now: datetime) -> str | None:
    """The time to live in milliseconds, as messages have it."""
    expires = target.options.get("expires")
    if isinstance(expires, datetime):
        aware = expires if timezone.is_aware(expires) else timezone.make_aware(expires)
        expires = (aware - now).total_seconds()
    return None if expires is None else str(int(expires * 1000))


def _stored(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else value


def limits(message: Fields) -> Any:
    """The time limits. Message protocol 1 has them in its body."""
    return message["headers.timelimit"] if "headers.timelimit" in message else json.loads(message["body"])["timelimit"]
