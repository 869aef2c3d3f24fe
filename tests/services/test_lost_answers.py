"""The database saves a run, but its answer is lost. The person reads that nothing was sent, and that stays true."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from localslack.testing import LocalSlack, Person
from tests.broker.waiting import wait_until
from tests.e2e.conftest import slack  # noqa: F401  # a fixture
from tests.e2e.platform import Platform
from tests.faults.setups import Setup
from tests.wire.form import errors, opened

POSTGRES, MARIADB = b'INSERT INTO "runtask_run"', b"INSERT INTO `runtask_run`"
COMMIT = b"COMMIT"
REFUSED = "Nothing was sent by this press of Run: the database can't be reached."
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.parametrize(
        ("servers", "statements"),
        [
            pytest.param("redis", (POSTGRES, COMMIT), id="postgres, saved"),
            pytest.param("redis", (POSTGRES,), id="postgres, not saved"),
            pytest.param("mariadb", (MARIADB, COMMIT), id="mariadb, saved", marks=pytest.mark.nightly),
            pytest.param("mariadb", (MARIADB,), id="mariadb, not saved", marks=pytest.mark.nightly),
        ],
        indirect=["servers"],
        scope="module",  # both tests share one bot
    ),
]


@pytest.fixture(scope="module")
def ana(
    servers: Setup,
    slack: LocalSlack,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Person]:
    """Ana, in a workspace with a running bot."""
    with Platform(tmp_path_factory.mktemp("platform"), slack, **servers.environment) as platform:
        platform.schedules({"name": "Nightly report", "task": "tests.wire.report", "kwargs": '{"days": 7}'})
        platform.start_bot()
        yield slack.person("U0ANA")
        platform.stop("slack")


def lose(servers: Setup, person: Person, statements: tuple[bytes, ...]) -> None:
    """Presses Run, while the database's answer to the last one of these statements is lost."""
    assert servers.database is not None
    servers.database.lose_answer(*statements)
    assert REFUSED in errors(person.submits())["schedule"]
    servers.database.mend()


def newest_run(servers: Setup) -> Any:
    rows = servers.rows("SELECT state, not_sent_because FROM runtask_run ORDER BY id DESC LIMIT 1")
    return rows[0] if rows else None


def taken(servers: Setup) -> int:
    """Takes all messages from the broker, and returns their number."""
    with redis.Redis.from_url(servers.environment["CELERY_BROKER_URL"]) as client:
        return len(client.lpop("celery", 10) or [])


def test_a_run_that_was_saved_is_sent_only_by_the_next_press(
    servers: Setup,
    ana: Person,
    slack: LocalSlack,  # noqa: F811
    statements: tuple[bytes, ...],
) -> None:
    opened(slack, ana, "/runtask nightly")
    lose(servers, ana, statements)
    wait_until(lambda: newest_run(servers) == ("not_sent", '{"code": "not_saved"}'))
    assert taken(servers) == 0
    assert ana.submits()["closed"], "the same form tries the same run again"
    assert taken(servers) == 1
    assert newest_run(servers) == ("sent", "")


def test_the_next_press_may_come_before_it_is_settled(
    servers: Setup,
    ana: Person,
    slack: LocalSlack,  # noqa: F811
    statements: tuple[bytes, ...],
) -> None:
    opened(slack, ana, "/runtask nightly")
    lose(servers, ana, statements)
    assert ana.submits()["closed"]
    assert taken(servers) == 1
    assert newest_run(servers) == ("sent", "")
