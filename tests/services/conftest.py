"""The bot in this process over Redis and RabbitMQ, with a proxy in between that can do what networks do."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import pools

from bot import wiring
from localslack.testing import LocalSlack
from tests.faults.servers import Missing
from tests.faults.setups import SETUPS, Setup
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


@pytest.fixture(params=["redis", "rabbitmq"])
def service(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    """A broker of our own behind a proxy; Celery takes its address from the environment before its settings."""
    setup = SETUPS[request.param](tmp_path)
    try:
        ready = setup.__enter__()
    except Missing as exc:
        if os.environ.get("CI"):  # noqa: TID251  # says where the tests run, no setting of the bot
            pytest.fail(f"CI must have it: {exc}")
        pytest.skip(f"needs a service: {exc}")
    monkeypatch.setenv("CELERY_BROKER_URL", ready.environment["CELERY_BROKER_URL"])
    _forget_connections()
    try:
        yield ready
    finally:
        setup.__exit__(None, None, None)
        _forget_connections()


@pytest.fixture
def brokered(service: Setup, http_bot: LocalSlack) -> Iterator[Setup]:  # noqa: F811
    """The bot wired to that broker."""
    yield service
    platform: Any = wiring.platform()
    platform.sender._pool.connections.force_close_all()
    if asking := platform.queues._asking:  # ends soon, whatever the broker does
        asking.join(20)
        assert not asking.is_alive()


def _forget_connections() -> None:
    """Celery keeps pools per app and per address; the next test has another broker behind the same app."""
    pools.reset()
    app: Any = wiring.celery_app()
    for part in (app, app.control):  # what a forked child does: it forgets the connections of its parent
        part._after_fork()
    gc.collect()  # what was given up is closed now, in this test, and not as a warning in some later one
