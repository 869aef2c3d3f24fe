"""A bot in processes of its own never changes beat's tables on PostgreSQL, whatever people make it do."""

from pathlib import Path

import pytest

from localslack.testing import LocalSlack
from tests.e2e.conftest import slack  # noqa: F401  # a fixture
from tests.e2e.platform import Platform
from tests.faults.servers import Row
from tests.faults.setups import Setup
from tests.wire.form import errors, opened

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(240)]
TABLES = ("periodictask", "periodictasks", "intervalschedule")


def contents(setup: Setup) -> list[list[Row]]:
    return [setup.rows(f"SELECT * FROM django_celery_beat_{table} ORDER BY 1") for table in TABLES]


@pytest.mark.parametrize("servers", ["redis"], indirect=True)
def test_beats_tables_are_left_as_they_were(service: Setup, slack: LocalSlack, tmp_path: Path) -> None:  # noqa: F811
    with Platform(tmp_path, slack, **service.environment) as platform:
        platform.schedules(
            {"name": "Once", "task": "tests.wire.report", "one_off": True, "kwargs": '{"days": 7}'},
            {"name": "Odd", "task": "tests.wire.report", "args": "{", "kwargs": "[1]", "headers": "[]"},
        )
        before = contents(service)
        platform.start_bot()
        ana = slack.person("U0ANA")
        opened(slack, ana, "/runtask once")
        assert ana.submits()["closed"]
        assert service.broker is not None
        service.broker.refuse()
        opened(slack, ana, "/runtask once")
        assert "Nothing was sent" in errors(ana.submits())["schedule"]
        service.broker.mend()
        assert ana.submits()["closed"]
        opened(slack, ana, "/runtask odd")
        assert "headers are not a JSON object" in errors(ana.submits())["schedule"]
        platform.stop("slack")
        assert contents(service) == before
