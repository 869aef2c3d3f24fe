"""A broker has two addresses. If the first one fails before anything is sent, the second one is used."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import redis
from celery import Celery
from django.utils import timezone

from bot import wiring
from bot.broker import workers
from bot.broker.connection import connect
from bot.broker.send import CelerySender
from bot.broker.workers import ask
from bot.core.model import RunId
from bot.core.ports import FateUnknown
from bot.core.secrets import WORDS
from bot.models import Run
from localslack.testing import LocalSlack, Person
from tests.broker.waiting import wait_until
from tests.factories import a_dispatch
from tests.faults.proxy import Proxy
from tests.faults.setups import Setup
from tests.services.test_publishing import NOTHING, Published, press
from tests.support.worker import working
from tests.wire.conftest import Schedule
from tests.wire.form import errors, opened

FAULTS: dict[str, Callable[[Proxy], None]] = {"dead": Proxy.refuse, "hung": Proxy.hold}


def cases(*in_the_gate: str, nightly: Sequence[str] = ()) -> pytest.MarkDecorator:
    """Each case is a broker and the fault of its first address, such as "redis dead"."""
    some = [pytest.param(*name.split(), id=name) for name in in_the_gate]
    others = [pytest.param(*name.split(), id=name, marks=pytest.mark.nightly) for name in nightly]
    return pytest.mark.parametrize(("servers", "fault"), some + others, indirect=["servers"])


def second(service: Setup) -> Proxy:
    assert service.broker is not None
    return service.broker


@pytest.fixture
def first(service: Setup, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Puts another address of the same server before the usual one. Gives the proxy at that address."""
    with Proxy(*second(service)._target) as proxy:
        monkeypatch.setenv("CELERY_BROKER_URL", both(service, proxy))
        yield proxy


def both(service: Setup, first: Proxy) -> str:
    usual = service.environment["CELERY_BROKER_URL"]
    return f"{usual.replace(f':{second(service).port}', f':{first.port}')};{usual}"


def _end_runs() -> None:
    Run.objects.update(state="finished", finished_at=timezone.now())


@cases("redis hung", "rabbitmq dead", nightly=["redis dead", "rabbitmq hung"])
def test_the_next_address_takes_the_message(
    first: Proxy,
    brokered: Setup,
    http_bot: LocalSlack,
    ana: Person,
    schedule: Schedule,
    published: Published,
    fault: str,
) -> None:
    schedule()
    FAULTS[fault](first)
    for _ in range(2):
        assert press(http_bot, ana, "nightly")["closed"]
        _end_runs()
    first.mend()
    assert len(published()) == 2


@cases("redis dead", "rabbitmq dead", nightly=["redis hung"])  # only sending shows that RabbitMQ hangs
def test_a_pooled_connection_that_died_is_opened_at_the_next_address(
    first: Proxy,
    brokered: Setup,
    http_bot: LocalSlack,
    ana: Person,
    schedule: Schedule,
    published: Published,
    fault: str,
) -> None:
    schedule()
    assert press(http_bot, ana, "nightly")["closed"]
    _end_runs()
    FAULTS[fault](first)
    assert press(http_bot, ana, "nightly")["closed"]
    first.mend()
    assert len(published()) == 2


@cases(nightly=["redis dead", "redis hung", "rabbitmq dead", "rabbitmq hung"])
def test_if_no_address_answers_nothing_was_sent(
    first: Proxy,
    brokered: Setup,
    http_bot: LocalSlack,
    ana: Person,
    schedule: Schedule,
    published: Published,
    fault: str,
) -> None:
    schedule()
    opened(http_bot, ana, "/runtask nightly")
    FAULTS[fault](first)
    FAULTS[fault](second(brokered))
    assert NOTHING in errors(ana.submits())["schedule"]
    second(brokered).mend()
    http_bot.wait_for(lambda: Run.objects.filter(state="not_sent").exists())
    assert ana.submits()["closed"], "the same form tries the same run again"
    first.mend()
    assert len(published()) == 1


@pytest.mark.parametrize("servers", ["redis", "rabbitmq"], indirect=True)
def test_once_bytes_have_gone_out_no_other_address_is_tried(
    first: Proxy, brokered: Setup, published: Published
) -> None:
    sender = CelerySender(wiring.celery_app(), WORDS)
    sender.send(a_dispatch(), run=RunId(5), within=2.5, enter=lambda: True)  # this declares the queue

    def lose_the_answer() -> bool:
        first.hold(there=False, back=True)
        return True

    with pytest.raises(FateUnknown):
        sender.send(a_dispatch(), run=RunId(6), within=2.5, enter=lose_the_answer)
    first.mend()
    assert len(published()) == 2


@pytest.fixture
def asks(first: Proxy, service: Setup, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """An app that knows both addresses. A worker listens on the second one."""
    monkeypatch.delenv("CELERY_BROKER_URL")  # it would override the addresses of both apps
    usual = service.environment["CELERY_BROKER_URL"]
    with working(Celery("works", broker=usual, backend="cache+memory://", set_as_current=False)):
        yield Celery("asks", broker=both(service, first), set_as_current=False)


@cases("redis dead", "rabbitmq hung", nightly=["redis hung", "rabbitmq dead"])
def test_workers_are_asked_at_the_next_address(first: Proxy, asks: Celery, fault: str) -> None:
    FAULTS[fault](first)
    wait_until(lambda: ask(asks, "active_queues"))


@pytest.mark.nightly
@pytest.mark.parametrize("servers", ["redis", "rabbitmq"], indirect=True)
def test_a_question_to_a_broker_that_hangs_later_ends(service: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    def reach(connection: Any, within: float) -> None:
        connect(connection, within)
        second(service).hold()

    monkeypatch.setattr(workers, "connect", reach)
    with pytest.raises((OSError, redis.TimeoutError)):
        ask(Celery("asks", set_as_current=False), "active_queues")
