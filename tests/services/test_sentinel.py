"""Results in a Redis that Sentinel watches over."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from celery import Celery

from bot.broker.outcomes.backend import BackendOutcomes
from bot.core.model import TaskId
from tests.broker.waiting import wait_until
from tests.e2e.processes import free_port
from tests.faults.servers import Missing
from tests.faults.setups import results_in_redis
from tests.support import needs

pytestmark = pytest.mark.nightly
MASTER = "results"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a Sentinel that names the results' server."""
    with needs.services(), results_in_redis() as (direct, _, _):
        if (server := shutil.which("redis-server")) is None:
            raise Missing("redis-server, which can be a Sentinel")
        port, parts = free_port(), urlsplit(direct)
        conf = tmp_path / "sentinel.conf"
        conf.write_text(f"port {port}\nsentinel monitor {MASTER} {parts.hostname} {parts.port} 1\n")
        process = subprocess.Popen([server, str(conf), "--sentinel"], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: _answers(port))
            yield f"sentinel://127.0.0.1:{port}{parts.path}"
        finally:
            process.terminate()
            process.wait(20)


def _answers(port: int) -> bool:
    try:
        with redis.Redis(port=port) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.mark.filterwarnings("ignore:Call to deprecated setex")  # Celery uses it
def test_a_result_is_found_through_sentinel(address: str) -> None:
    app = Celery("platform", set_as_current=False)
    app.conf.update(result_backend=address, result_backend_transport_options={"master_name": MASTER})
    app.backend.store_result("t", {"rows": 3}, "SUCCESS")
    [outcome] = BackendOutcomes(app).of(TaskId("t"))
    assert (outcome.status, outcome.result) == ("SUCCESS", '{\n  "rows": 3\n}')
    assert BackendOutcomes(app).of(TaskId("other")) == []
