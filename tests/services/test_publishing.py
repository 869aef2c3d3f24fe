"""Pressing Run while the broker fails: a true answer comes in time, and no message is sent unexpectedly."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.models import Run
from localslack.testing import LocalSlack, Person
from tests.faults.proxy import Proxy
from tests.faults.setups import Setup
from tests.wire.conftest import Schedule
from tests.wire.form import errors, opened

NOTHING, MAYBE = "Nothing was sent", "may already have been sent"
Published = Callable[[], list[Any]]

FAULTS: dict[str, Callable[[Proxy], None]] = {
    "refused": Proxy.refuse,
    "black hole": Proxy.hold,
    "replies lost": lambda proxy: proxy.hold(there=False, back=True),
}


def press(slack: LocalSlack, person: Person, name: str) -> dict[str, Any]:
    opened(slack, person, f"/runtask {name}")
    return person.submits()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("warm", [False, True], ids=["first message", "pooled connection"])
def test_a_broken_broker_is_reported_in_time(
    brokered: Setup,
    http_bot: LocalSlack,
    ana: Person,
    schedule: Schedule,
    published: Published,
    fault: str,
    warm: bool,
) -> None:
    schedule()
    broker = brokered.broker
    assert broker is not None
    if warm:
        assert press(http_bot, ana, "nightly")["closed"]
        assert len(published()) == 1
        Run.objects.update(state="finished")
    opened(http_bot, ana, "/runtask nightly")
    FAULTS[fault](broker)
    text = errors(ana.submits())["schedule"]
    run = Run.objects.latest("pk")
    if NOTHING in text:
        http_bot.wait_for(lambda: Run.objects.filter(pk=run.pk, state="not_sent").exists())
        broker.mend()
        assert ana.submits()["closed"], "the same form tries the same run again"
        run.refresh_from_db()
        assert [message.headers["id"] for message in published()] == [run.task_id]
    else:
        assert MAYBE in text
        assert MAYBE in errors(ana.submits())["schedule"], "it is not sent again"
        broker.mend()
        assert len(published()) <= 1
        assert Run.objects.count() == 1 + warm


def test_a_pooled_connection_that_died_is_replaced(
    brokered: Setup, http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    schedule()
    assert press(http_bot, ana, "nightly")["closed"]
    assert brokered.broker is not None
    brokered.broker.cut()
    assert press(http_bot, ana, "nightly")["closed"]
    assert len(published()) == 2


@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_a_message_to_a_missing_exchange_was_not_sent(
    brokered: Setup, http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("Typo", exchange="nowhere", routing_key="r")
    for _ in range(2):  # twice: the channel that RabbitMQ closed is not used again
        opened(http_bot, ana, "/runtask typo")
        text = errors(ana.submits())["schedule"]
        assert NOTHING in text
        assert "no exchange 'nowhere'" in text


def test_the_message_on_the_broker_is_as_beat_sends_it(
    brokered: Setup, http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    schedule("Tenant", priority=3, expire_seconds=600, headers='{"X-Tenant": "acme"}', kwargs='{"days": 1}')
    assert press(http_bot, ana, "tenant")["closed"]
    [message] = published()
    assert message.payload[:2] == [[], {"days": 1}]
    assert message.properties["priority"] == 3
    assert message.headers["X-Tenant"] == "acme"
    assert message.headers["expires"]
