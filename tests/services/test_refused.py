"""If the broker refuses a message, certainly nothing was sent. The same form or key may send it later."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import redis
from celery import Celery
from django.contrib.auth.models import User
from django.test import Client
from kombu import Exchange, Queue

from bot.broker.send import CelerySender
from bot.core.model import RunId
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code
from bot.core.secrets import WORDS
from bot.models import Run
from bot.web import tokens
from localslack.testing import LocalSlack, Person
from tests.broker.waiting import wait_until
from tests.factories import a_dispatch
from tests.faults.setups import Setup, rabbitmqctl
from tests.services.conftest import forget_connections
from tests.services.test_publishing import NOTHING, Published, press
from tests.support.own_redis import OwnRedis, redis_server
from tests.wire.conftest import Schedule
from tests.wire.form import errors, opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    with redis_server(tmp_path_factory.mktemp("redis")) as own:
        yield own


@pytest.fixture
def broker(server: OwnRedis, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnRedis]:
    """An empty Redis, which Celery uses."""
    server.does(*ALLOW, "FLUSHALL")
    monkeypatch.setenv("CELERY_BROKER_URL", server.url)
    forget_connections()
    yield server
    forget_connections()


ALLOW = (
    "CONFIG SET maxmemory 0",
    "REPLICAOF NO ONE",
    "ACL SETUSER default +@all",
    "CONFIG SET stop-writes-on-bgsave-error no",
)


def save_in_vain(server: OwnRedis) -> None:
    (server.folder / "dump.rdb" / "full").mkdir(parents=True, exist_ok=True)  # Redis can't write the file
    server.does("CONFIG SET save '3600 1'", "SET a 1", "BGSAVE")
    with redis.Redis(port=server.port) as client:
        wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    server.does("CONFIG SET stop-writes-on-bgsave-error yes")


REFUSALS: dict[str, tuple[Callable[[OwnRedis], None], str]] = {
    "memory is full": (
        lambda server: server.does("CONFIG SET maxmemory 1"),
        "memory is full, so it takes no more messages. Press Run to try again.",
    ),
    "read-only after a failover": (
        lambda server: server.does("REPLICAOF 127.0.0.1 1"),
        "can only be read at the moment, because another server has taken over. Press Run to try again.",
    ),
    "not permitted": (
        lambda server: server.does("ACL SETUSER default -lpush"),
        "no permissions to run the 'lpush' command”. Press Run again when that is corrected.",
    ),
    "nothing can be saved": (save_in_vain, "refused the message: “MISCONF Redis is configured to save RDB snapshots"),
}


COLD = [pytest.param(name, False, id=f"{name}, first message") for name in ("memory is full", "nothing can be saved")]
WARM = [pytest.param(name, True, id=f"{name}, pooled connection") for name in REFUSALS]


@pytest.mark.parametrize(("refusal", "warm"), COLD + WARM)
def test_a_message_that_redis_refuses_was_not_sent_and_can_be_sent_later(
    broker: OwnRedis,
    http_bot: LocalSlack,
    ana: Person,
    schedule: Schedule,
    published: Published,
    refusal: str,
    warm: bool,
) -> None:
    refuse, words = REFUSALS[refusal]
    schedule()
    if warm:
        assert press(http_bot, ana, "nightly")["closed"]
        assert len(published()) == 1
        Run.objects.update(state="finished")
    opened(http_bot, ana, "/runtask nightly")
    refuse(broker)
    text = errors(ana.submits())["schedule"]
    assert text.startswith(NOTHING)
    assert words in text
    assert Run.objects.latest("pk").state == "not_sent"
    broker.does(*ALLOW)
    assert published() == []
    assert ana.submits()["closed"], "the same form tries the same run again"
    [message] = published()
    assert message.headers["id"] == Run.objects.latest("pk").task_id


def test_a_key_of_the_api_may_be_sent_again_after_a_refusal(
    broker: OwnRedis, http_bot: LocalSlack, schedule: Schedule, published: Published
) -> None:
    row = schedule()
    _, token = tokens.issue(User.objects.create_user("ci", is_staff=True), "CI")

    def ask() -> Any:
        return Client().post(
            "/api/runs",
            {"schedule": row.pk},
            "application/json",
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "build-118"},
        )

    assert ask().status_code == 201
    assert len(published()) == 1
    Run.objects.all().delete()
    broker.does("CONFIG SET maxmemory 1")
    refused = ask()
    broker.does(*ALLOW)
    assert (refused.status_code, refused.json()["code"], refused.json()["reason"]) == (503, "not_sent", "broker_full")
    assert [ask().status_code, ask().status_code] == [201, 200]
    assert len(published()) == 1


EXPIRING = Queue("expiring", queue_arguments={"x-expires": 600_000})
TOPIC = Exchange("news", "topic")


Send = Callable[[str], None]


@pytest.fixture
def sends(broker: OwnRedis) -> Iterator[Callable[..., Send]]:
    """A function that makes a platform with these queues. It returns a function that sends to one of them."""
    senders: list[CelerySender] = []

    def made(*queues: Queue) -> Send:
        app = Celery("platform", set_as_current=False)  # the environment names its broker
        app.conf.task_queues = queues
        with app.connection_for_write() as connection:
            for queue in queues:
                queue(connection.default_channel).declare()
        senders.append(sender := CelerySender(app, WORDS))

        def send(queue: str) -> None:
            options = {"headers": {}, "queue": queue}
            sender.send(a_dispatch(options=options), run=RunId(5), within=2.0, enter=lambda: True)

        return send

    yield made
    for sender in senders:
        sender._pool.connections.force_close_all()


def test_a_refused_transaction_was_not_carried_out_and_its_command_is_not_shown(
    broker: OwnRedis, sends: Callable[..., Send]
) -> None:
    send = sends(EXPIRING)
    send("expiring")
    broker.does("ACL SETUSER default -lpush")
    with pytest.raises(NotSent) as caught:
        send("expiring")
    assert caught.value.reason.code is Code.BROKER_FORBIDS
    assert caught.value.reason.params["error"] == "this user has no permissions to run the 'lpush' command"


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(Queue("stock", TOPIC, routing_key="stock.#"), NotSent, id="one of them"),
        pytest.param(Queue("all", TOPIC, routing_key="#"), FateUnknown, id="both"),
    ],
)
def test_a_message_to_several_queues_may_have_reached_some_of_them(
    broker: OwnRedis, sends: Callable[..., Send], other: Queue, expected: type[Exception]
) -> None:
    send = sends(Queue("sales", TOPIC, routing_key="sales.#"), other)
    send("sales")
    broker.does("CONFIG SET maxmemory 1")
    with pytest.raises(expected, match="broker_full"):
        send("sales")


def test_after_a_failover_the_next_try_goes_to_the_other_address(
    broker: OwnRedis, sends: Callable[..., Send], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as other:
        monkeypatch.setenv("CELERY_BROKER_URL", f"{broker.url};{other.url}")
        send = sends(Queue("celery"))
        send("celery")
        broker.does(f"REPLICAOF 127.0.0.1 {other.port}")
        with pytest.raises(NotSent, match=Code.BROKER_READ_ONLY):
            send("celery")
        send("celery")
        with redis.Redis(port=other.port) as client:
            assert client.llen("celery") == 1
        broker.does(*ALLOW)


def vhost(service: Setup) -> str:
    return urlsplit(service.environment["CELERY_BROKER_URL"]).path.strip("/")


@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_a_message_that_a_full_queue_of_rabbitmq_refuses_was_not_sent(
    brokered: Setup, http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    schedule()
    full = json.dumps({"max-length": 0, "overflow": "reject-publish"})
    rabbitmqctl("set_policy", "-p", vhost(brokered), "full", "^celery$", full)
    opened(http_bot, ana, "/runtask nightly")
    text = errors(ana.submits())["schedule"]
    assert text.startswith(NOTHING)
    assert "its queue is full or has failed. Press Run to try again." in text
    rabbitmqctl("clear_policy", "-p", vhost(brokered), "full")
    assert ana.submits()["closed"]
    assert len(published()) == 1


@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_a_queue_that_was_deleted_meanwhile_does_not_swallow_the_run(
    brokered: Setup, http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    schedule()
    assert press(http_bot, ana, "nightly")["closed"]
    Run.objects.update(state="finished")
    rabbitmqctl("delete_queue", "-p", vhost(brokered), "celery")
    opened(http_bot, ana, "/runtask nightly")
    assert "the broker has no queue celery" in errors(ana.submits())["schedule"]
    assert ana.submits()["closed"], "the queue is declared again"
    assert len(published()) == 1


@pytest.mark.parametrize("servers", ["rabbitmq"], indirect=True)
def test_a_message_that_the_account_may_not_send_was_not_sent(service: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"runtask_{uuid4().hex[:8]}"
    rabbitmqctl("add_user", name, "hunter2")
    try:
        rabbitmqctl("set_permissions", "-p", vhost(service), name, ".*", "^celery$", ".*")
        url = service.environment["CELERY_BROKER_URL"].replace("guest:guest", f"{name}:hunter2")
        monkeypatch.setenv("CELERY_BROKER_URL", url)
        with pytest.raises(NotSent) as caught:
            CelerySender(Celery("platform", set_as_current=False), WORDS).send(
                a_dispatch(options={"headers": {}, "exchange": "amq.direct", "routing_key": "r"}),
                run=RunId(5),
                within=2.0,
                enter=lambda: True,
            )
    finally:
        rabbitmqctl("delete_user", name)
    assert caught.value.reason.code is Code.BROKER_FORBIDS
    assert f"access to exchange 'amq.direct' in vhost '{vhost(service)}' refused" in str(caught.value)
    assert "hunter2" not in str(caught.value)
