"""The bot in this process over Redis and RabbitMQ, with a proxy in between that fails as networks do."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import pools

from bot import wiring
from localslack.testing import LocalSlack
from tests.faults.setups import SETUPS, Setup
from tests.support import needs
from tests.wire.conftest import (  # noqa: F401  # fixtures
    ana,
    bot,
    delivering,
    http_bot,
    published,
    schedule,
    slack,
    socket_bot,
    workspace,
)


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> Iterator[None]:
    """`forget_connections` collects garbage for each test. Freezing spares it the objects that are loaded already."""
    gc.freeze()
    yield
    gc.unfreeze()  # Hypothesis asks for references between objects


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    """A broker and a database for one module, behind proxies."""
    with needs.services(), SETUPS[request.param](tmp_path_factory.mktemp("servers")) as ready:
        yield ready


@pytest.fixture
def service(servers: Setup, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    """Sets the broker's address in the environment, which Celery prefers to its settings."""
    monkeypatch.setenv("CELERY_BROKER_URL", servers.environment["CELERY_BROKER_URL"])
    forget_connections()
    yield servers
    if servers.broker is not None:
        servers.broker.mend()
    forget_connections()


@pytest.fixture
def brokered(service: Setup, http_bot: LocalSlack) -> Iterator[Setup]:  # noqa: F811
    """The bot, wired to the broker of `service`."""
    yield service
    platform: Any = wiring.platform()
    platform.sender._pool.connections.force_close_all()
    if asking := platform.queues._asking:  # a question to workers ends soon, whatever the broker does
        asking.join(20)
        assert not asking.is_alive()


def forget_connections() -> None:
    """Celery keeps pools by app and address. The next test has another broker behind the same app."""
    pools.reset()
    app: Any = wiring.celery_app()
    for part in (app, app.control):  # what a forked child calls to forget its parent's connections
        part._after_fork()
    gc.collect()  # close unused connections now, so that they cause no warning in a later test
