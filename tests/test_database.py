"""The connection of the stand-alone project to its database, and what probes find in it."""

import json
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import RequestFactory

from bot.core.model import InstallationId, Source
from bot.doctor import database
from bot.doctor.findings import Level
from bot.models import Throttle
from bot.web import probes
from tests.doctor.test_parts import subject, told
from tests.factories import INSTALLATION

READ_ONLY = {
    "sqlite": ("PRAGMA query_only = 1", "PRAGMA query_only = 0"),
    "postgresql": (f"SET SESSION CHARACTERISTICS AS TRANSACTION READ {mode}" for mode in ("ONLY", "WRITE")),
    "mysql": (f"SET SESSION TRANSACTION READ {mode}" for mode in ("ONLY", "WRITE")),
}


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL's client leaves this to the kernel")
def test_a_server_that_vanishes_during_a_query_is_noticed() -> None:
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
        idle, interval = (
            sock.getsockopt(socket.IPPROTO_TCP, which) for which in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)
        )
    assert idle + interval <= 15


class Known:
    """An installation that Slack has named."""

    problem = ""

    def id(self) -> InstallationId:
        return INSTALLATION


def ready() -> tuple[int, dict[str, str]]:
    """Returns the answer of `/readyz`."""
    answer = probes.ready(Known, lambda: Source.ROWS)(RequestFactory().get("/readyz"))
    return answer.status_code, json.loads(answer.content)


@contextmanager
def read_only() -> Iterator[None]:
    """Makes the database read-only, as after a switchover or with SQLite's file on a read-only disk."""
    before, after = READ_ONLY[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(before)
        try:
            yield
        finally:
            cursor.execute(after)


@contextmanager
def full() -> Iterator[None]:
    """Lets no file of this process grow beyond its first byte, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.django_db(transaction=True)
def test_the_probe_reports_a_read_only_database() -> None:
    with read_only():
        status, parts = ready()
        found = told(database.database(subject()))["writing"]
    assert status == 503
    assert parts["database"].startswith("it can be read, but not written (")
    assert parts["delivery"] == parts["results"] == "ok"
    assert found.level is Level.PROBLEM
    assert ready() == (200, dict.fromkeys(parts, "ok"))
    assert told(database.database(subject()))["writing"].level is Level.OK


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="another process writes the files of this database")
def test_the_probe_reports_a_full_disk() -> None:
    """On a full disk, only the commit fails."""
    connection.ensure_connection()
    with full():
        status, parts = ready()
    assert status == 503
    assert parts["database"] == "it can be read, but not written (OperationalError)"


@pytest.mark.django_db
def test_probes_write_a_bounded_number_of_times_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody who can reach the site can call the probes."""
    monkeypatch.setattr(probes, "WRITES", 2)
    for _ in range(4):
        assert ready()[0] == 200
    [counted] = Throttle.objects.filter(name=probes.NAME)
    assert counted.count == 2
