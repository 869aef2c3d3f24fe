"""The stand-alone project's connection to its database."""

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
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only its client leaves this to the kernel")
def test_a_machine_that_vanishes_while_its_answer_is_waited_for_is_found_out() -> None:
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
        idle, interval = (
            sock.getsockopt(socket.IPPROTO_TCP, which) for which in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)
        )
    assert idle + interval <= 15


class Known:
    """Our installation."""

    problem = ""

    def id(self) -> InstallationId:
        return INSTALLATION


def ready() -> tuple[int, dict[str, str]]:
    """What `/readyz` answers."""
    answer = probes.ready(Known, lambda: Source.ROWS)(RequestFactory().get("/readyz"))
    return answer.status_code, json.loads(answer.content)


@contextmanager
def read_only() -> Iterator[None]:
    """As after a switchover, or with SQLite's file on a disk that can only be read."""
    before, after = READ_ONLY[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(before)
        try:
            yield
        finally:
            cursor.execute(after)


@contextmanager
def full() -> Iterator[None]:
    """No file of this process may grow beyond its first byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.django_db(transaction=True)
def test_a_database_that_can_only_be_read_is_told() -> None:
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
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the files are those of another process")
def test_a_full_disk_is_told() -> None:
    """Nothing fails before the write is committed."""
    connection.ensure_connection()
    with full():
        status, parts = ready()
    assert status == 503
    assert parts["database"] == "it can be read, but not written (OperationalError)"


@pytest.mark.django_db
def test_probes_write_only_so_often_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can reach the site can ask it."""
    monkeypatch.setattr(probes, "WRITES", 2)
    for _ in range(4):
        assert ready()[0] == 200
    [counted] = Throttle.objects.filter(name=probes.NAME)
    assert counted.count == 2
