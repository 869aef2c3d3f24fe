"""Sends all cases over Redis and RabbitMQ, once for all tests here."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from tests.factories import staff_actor
from tests.faults import setups
from tests.parity.cases import CASES
from tests.parity.compare import Compared, compare
from tests.parity.ways import PEERS, WAYS
from tests.parity.wire import Broker, InRabbitMQ, InRedis
from tests.support import needs
from tests.support.emptied import empty_database

All = dict[tuple[str, str], Compared]  # by broker and case


@contextmanager
def in_redis() -> Iterator[Broker]:
    with setups._redis() as (url, _):
        broker = InRedis(url)
        yield broker
        broker.close()


@contextmanager
def in_rabbitmq() -> Iterator[Broker]:
    with setups._rabbitmq() as (url, _):
        parts = urlsplit(url)
        host, user, password = f"{parts.hostname}:{parts.port}", str(parts.username), str(parts.password)
        broker = InRabbitMQ(url, host=host, vhost=parts.path[1:], user=user, password=password)
        yield broker
        broker.close()


BROKERS = {"Redis": in_redis, "RabbitMQ": in_rabbitmq}


@pytest.fixture(scope="session")
def compared(django_db_setup: Any, django_db_blocker: Any) -> All:
    found: All = {}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(
            warnings.catch_warnings(action="ignore")
        )  # Celery warns of old options that people still use
        actor = staff_actor()
        stack.callback(empty_database)  # beat's scheduler opens the database anew: no transaction to roll back
        for name, opened in BROKERS.items():
            with needs.services():
                broker = stack.enter_context(opened())
            patch.setenv("CELERY_BROKER_URL", broker.url)  # Celery prefers it to `broker=`
            ways = PEERS | WAYS if name == "Redis" else WAYS  # beat comes last, because it writes to rows
            for case in CASES:
                found[name, case.name] = compare(case, ways, broker, actor, timezone.now())
    return found
