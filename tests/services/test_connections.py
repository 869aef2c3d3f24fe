"""A bot on PostgreSQL or MariaDB has at most one connection per thread, and replaces connections that were ended."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localslack.testing import LocalSlack, Person
from tests.e2e.conftest import slack  # noqa: F401  # a fixture
from tests.e2e.platform import Platform
from tests.e2e.test_load import crowd, form_or_excuse  # noqa: F401  # a fixture, and a helper
from tests.faults.setups import Setup
from tests.wire.form import opened

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(240)]
THREADS = 4
# The threads that receive from Slack, that answer, and that do the work afterwards; the loops, and threads that make one query
# when they start.
ALLOWED = 3 * THREADS + 9


@pytest.fixture
def platform(service: Setup, slack: LocalSlack, tmp_path: Path) -> Iterator[Platform]:  # noqa: F811
    with Platform(tmp_path, slack, **service.environment, RUNTASK_THREADS=str(THREADS)) as installed:
        installed.schedules({"name": "Nightly report", "task": "tests.wire.report", "kwargs": '{"days": 7}'})
        yield installed


@pytest.mark.parametrize("servers", ["redis", "mariadb"], indirect=True)
def test_connections_are_bounded_and_replaced(
    service: Setup,
    slack: LocalSlack,  # noqa: F811
    platform: Platform,
    crowd: list[Person],  # noqa: F811
) -> None:
    platform.start_bot()
    counts: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            counts.append(service.connections())

    watching = threading.Thread(target=watch)
    watching.start()
    people = crowd[:60]
    with ThreadPoolExecutor(len(people)) as hands:
        has_form = list(hands.map(lambda person: form_or_excuse(slack, person), people))
        ready = [person for person, ok in zip(people, has_form, strict=True) if ok]
        list(hands.map(Person.submits, ready))
    done.set()
    watching.join()
    assert THREADS < max(counts) <= ALLOWED

    service.end_connections()
    ana = slack.person("U0ANA")
    assert opened(slack, ana, "/runtask nightly")
    assert ana.submits()["closed"]
    platform.stop("slack")
