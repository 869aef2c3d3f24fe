"""Each of a broker's addresses gets one try and a share of the time, and none is shown to people."""

import fcntl
import resource
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import kombu
import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from bot.broker import connection as module
from bot.broker.connection import CONNECT_TIMEOUT, LEAST_TIMEOUT, connect, own_connection
from bot.broker.send import CelerySender
from bot.core.ports import FateUnknown, NotSent
from bot.core.secrets import WORDS

SEVERAL = [f"amqp://{host}" for host in "abc"]


@dataclass
class Network:
    """A network in which at most one address answers. At others, a try takes all its seconds, unless it is refused at once."""

    alive: str = ""
    refused: str = ""
    failure: type[Exception] = ConnectionRefusedError
    now: float = 1_000.0
    tried: list[str] = field(default_factory=list)
    given: list[float] = field(default_factory=list)

    def open(self, connection: Any) -> Any:
        host, options = connection.hostname, connection.transport_options
        self.tried.append(host)
        self.given.append(options.get("connect_timeout") or options["socket_connect_timeout"])
        if host == self.alive:
            return SimpleNamespace(connected=True, channel=object, collect=lambda: None)
        if host not in self.refused:
            self.now += self.given[-1]
        raise self.failure


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # otherwise Celery takes the address from there
    fake = Network()

    def establish(connection: Any) -> Any:
        return fake.open(connection)

    monkeypatch.setattr(kombu.Connection, "_establish_connection", establish)
    monkeypatch.setattr(module, "_has_ended", lambda _: False)  # there is no socket
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: fake.now))
    return fake


def a_connection(urls: str | list[str], strategy: Any = None) -> Any:
    app = Celery("several", set_as_current=False)
    app.conf.update(broker_url=urls, broker_failover_strategy=strategy)
    return own_connection(app)


def fails(connection: Any, within: float = 2.5) -> None:
    with pytest.raises(OperationalError):
        connect(connection, within)


@pytest.mark.parametrize("urls", [SEVERAL, ";".join(SEVERAL)], ids=["list", "semicolons"])
def test_each_address_is_tried_once(network: Network, urls: str | list[str]) -> None:
    fails(a_connection(urls))
    assert network.tried == ["a", "b", "c"]


def test_shuffled_addresses_are_tried_once_too(network: Network) -> None:
    connection = a_connection(SEVERAL, "shuffle")
    for _ in range(20):
        network.tried.clear()
        fails(connection)
        assert sorted(network.tried) == ["a", "b", "c"]


def test_a_strategy_of_the_platform_chooses_the_next_address(network: Network) -> None:
    def backwards(addresses: list[str]) -> Iterator[str]:
        return cycle([addresses[0], *reversed(addresses[1:])])

    fails(a_connection(SEVERAL, backwards))
    assert network.tried == ["a", "c", "b"]


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize(
    ("addresses", "within", "given"),
    [
        (1, 2.5, [CONNECT_TIMEOUT]),
        (2, 2.5, [CONNECT_TIMEOUT, CONNECT_TIMEOUT]),
        (3, 2.4, [0.8, 0.8, 0.8]),
        (2, 1.2, [0.6, 0.6]),
        (2, 0.2, [LEAST_TIMEOUT, LEAST_TIMEOUT]),
        (1, -1.0, [LEAST_TIMEOUT]),
    ],
)
def test_the_addresses_share_the_time_that_is_left(
    network: Network, scheme: str, addresses: int, within: float, given: list[float]
) -> None:
    fails(a_connection([f"{scheme}://{host}" for host in "abc"[:addresses]]), within)
    assert network.given == pytest.approx(given)


def test_the_time_that_a_quick_refusal_leaves_goes_to_the_others(network: Network) -> None:
    network.refused = "ab"
    fails(a_connection(SEVERAL), 1.8)
    assert network.given == pytest.approx([0.6, 0.9, CONNECT_TIMEOUT])


def test_the_address_that_answered_is_kept(network: Network) -> None:
    network.alive = "b"
    connection = a_connection(SEVERAL)
    connect(connection, 2.5)
    connect(connection, 2.5)
    assert network.tried == ["a", "b"]
    connection.collect()
    connect(connection, 2.5)
    assert network.tried == ["a", "b", "b"], "the connection is opened to the same address again"


def test_connections_of_a_pool_have_their_own_limits(network: Network) -> None:
    pool = a_connection(SEVERAL).Pool(2)
    with pool.acquire() as one, pool.acquire() as other:
        fails(one, 0.0)
        assert "connect_timeout" not in other.transport_options


def test_the_end_of_a_connection_is_noticed_whatever_the_number_of_its_file() -> None:
    """`select.select` refuses numbers above 1023, which a busy process reaches."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    ours, theirs = socket.socketpair()
    try:
        with socket.socket(fileno=fcntl.fcntl(ours, fcntl.F_DUPFD, 2000)) as high:
            inner = SimpleNamespace(transport=SimpleNamespace(sock=high))
            opened = SimpleNamespace(transport=SimpleNamespace(driver_type="amqp"), connection=inner)
            assert not module._has_ended(opened)
            theirs.close()
            assert module._has_ended(opened)
    finally:
        ours.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Gone(Exception):
    """An exception that no transport knows."""


def test_the_next_address_is_tried_after_any_error(network: Network) -> None:
    network.failure = Gone
    with pytest.raises(Gone):
        connect(a_connection(SEVERAL), 2.5)
    assert network.tried == ["a", "b", "c"]


REFUSED: list[Callable[[str], str]] = [
    lambda host: f"redis://:hunter2@{host}:1/0",
    lambda host: f"amqp://guest:hunter2@{host}:1//",
]


@pytest.mark.parametrize("url", REFUSED, ids=["redis", "amqp"])
def test_no_address_is_shown_to_people(url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", ";".join(map(url, ["127.0.0.1", "127.0.0.2"])))
    with pytest.raises(NotSent) as caught:
        CelerySender(Celery("several", set_as_current=False), WORDS).reach(2.5)
    assert "ConnectionError" in str(caught.value) or "ConnectionRefusedError" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0" not in str(caught.value)
    assert not isinstance(caught.value, FateUnknown)
