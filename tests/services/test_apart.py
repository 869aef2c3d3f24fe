"""A sidecar with its own database, beside platforms of any kind: it only reads their schedules and results."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from localslack.testing import LocalSlack
from tests.e2e.platform import Platform as Processes
from tests.faults.setups import SETUPS, results_in_redis
from tests.services.test_events import HEARS
from tests.support import needs
from tests.support.dumps import dump
from tests.support.reader import RESULTS, ROW, reader
from tests.support.sidecar import APPS, Platform
from tests.wire.conftest import OPS, SCOPES
from tests.wire.form import opened
from tests.wire.test_thread import all_words, finished

nightly = pytest.mark.nightly
PEOPLE = """
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
class Person(AbstractBaseUser):
    email = models.EmailField(unique=True)
    USERNAME_FIELD = "email"
"""
WORKER = """
from celery import Celery
app = Celery("shop")
app.conf.update(
    broker_url=BROKER, result_backend=RESULTS, result_extended=True, task_default_queue="shop", **FURTHER
)
@app.task(name="shop.report")
def report(days: int = 1) -> dict:
    return {"rows": days}
"""


class Beside(Processes):
    """The sidecar's processes, and a worker of the platform."""

    def __enter__(self) -> Self:
        self.runtask("migrate", "--verbosity", "0")
        self.runtask("staff", "add", "U0ANA", "ana", "--team", "T0LOCAL", "--create")
        return self

    def start_platforms_worker(self) -> None:
        theirs = {"PYTHONPATH": f"{self.folder}:{self.environment['PYTHONPATH']}", "DJANGO_SETTINGS_MODULE": "shop"}
        self._start("worker", "-m", "celery", "-A", "shop_worker", "worker", "-E", "-P", "solo", "-l", "info", **theirs)
        self.wait("worker", lambda: " ready." in self.log("worker"))


@dataclass(frozen=True)
class Case:
    """A platform: its servers, the place of its results, and its other settings."""

    servers: str
    results: str
    worker: str = "{}"  # more settings of the platform's Celery app, as Python
    sidecar: tuple[tuple[str, str], ...] = ()  # the operator's variables for the sidecar


QUORUM = "dict(task_default_queue_type='quorum', worker_detect_quorum_queues=True)"
PREFIX = ("CELERY_BROKER_TRANSPORT_OPTIONS", '{"global_keyprefix": "shop:"}')
PREFIXED = "dict(broker_transport_options={'global_keyprefix': 'shop:'})"
QUEUE = ("CELERY_TASK_DEFAULT_QUEUE", "shop")
IMPORTED = ("RUNTASK_CELERY_APP", "shop_worker:app")
CASES = {
    "PostgreSQL, quorum queues, events": Case("rabbitmq", "events", QUORUM, (QUEUE,)),
    "MariaDB, prefixed keys, results in Redis": Case("mariadb", "redis", PREFIXED, (QUEUE, PREFIX)),
    "PostgreSQL, its own app, results in Redis": Case("rabbitmq", "redis", sidecar=(IMPORTED,)),
    "MariaDB, events": Case("mariadb", "events", sidecar=(QUEUE,)),
    "PostgreSQL, rows": Case("rabbitmq", "rows", sidecar=(QUEUE,)),
    "MariaDB, rows": Case("mariadb", "rows", sidecar=(QUEUE,)),
    "PostgreSQL, no results": Case("rabbitmq", "none", sidecar=(QUEUE,)),
}
IN_GATE = 1  # case; the others are nightly


@dataclass
class Site:
    """A platform with a worker, and a sidecar with two processes."""

    case: Case
    owner: str  # the address of the platform's database for its owner, past the proxy
    slack: LocalSlack
    beside: Beside

    def dump(self) -> str:
        with needs.services():
            return dump(self.owner, but=f"{RESULTS}_taskresult" if self.case.results == "rows" else "")


@pytest.fixture(params=[pytest.param(name, marks=[nightly] * (at >= IN_GATE)) for at, name in enumerate(CASES)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    case = CASES[request.param]
    with ExitStack() as stack:
        with needs.services():
            setup = stack.enter_context(SETUPS[case.servers](tmp_path))
            store = stack.enter_context(results_in_redis())[0] if case.results == "redis" else "django-db"
        has_results, owner = case.results == "rows", getattr(setup.server, "url")  # noqa: B009  # two kinds of servers
        apps = tuple(app for app in APPS if has_results or app != RESULTS)
        platform = Platform(tmp_path, owner, apps=(*apps, "people"), user="people.Person", models=PEOPLE)
        platform.manage("makemigrations", "--verbosity", "0", "people")
        platform.manage("migrate", "--verbosity", "0")
        platform.manage("shell", "--command", ROW)
        broker = setup.environment["CELERY_BROKER_URL"]
        backend = store if case.results in ("redis", "rows") else None
        worker = f"BROKER, RESULTS, FURTHER = {broker!r}, {backend!r}, {case.worker}\n{WORKER}"
        (tmp_path / "shop_worker.py").write_text(worker)
        slack = stack.enter_context(LocalSlack(scopes=SCOPES))
        environment = {
            "RUNTASK_SIDECAR": "1",
            "PLATFORM_DATABASE_URL": reader(setup, stack, has_results=has_results),
            "CELERY_BROKER_URL": broker,
            "CELERY_RESULT_BACKEND": backend or "disabled",
            "RUNTASK_IMPORTS": "",
            **({"RUNTASK_OUTCOMES": case.results} if case.results in ("events", "none") else {}),
            **dict(case.sidecar),
        }
        if IMPORTED in case.sidecar:
            environment["PYTHONPATH"] = f"{tmp_path}:{Path.cwd()}"
        yield Site(case, owner, slack, stack.enter_context(Beside(tmp_path, slack, **environment)))


def test_a_run_ends_and_no_byte_of_the_platforms_database_changes(site: Site) -> None:
    before, beside, ana = site.dump(), site.beside, site.slack.person("U0ANA")
    beside.start_platforms_worker()
    beside.start_notifier()
    if site.case.results == "events":  # nobody keeps an event before the queue is there
        beside.wait("notify", lambda: HEARS in beside.log("notify"))
    beside.start_bot()
    opened(site.slack, ana, "/runtask nightly")
    ana.fills("kwargs:", None, '{"days": 30}')
    assert ana.submits()["closed"]
    if site.case.results == "none":
        root = site.slack.wait_for(lambda: next(iter(ana.messages(OPS)), None))
        _, end = site.slack.wait_for(lambda: found if len(found := ana.thread(OPS, root["ts"])) == 2 else None)
        assert "keeps no results of this task" in all_words(end)
    else:
        root, [_, end] = finished(site.slack, ana)
        assert "SUCCESS" in all_words(end)
        assert re.search(r"""["']rows["']: 30""", all_words(end))
    assert "days: 7 -> 30" in all_words(root)
    told = " ".join(beside.runtask("doctor", "--json").split())
    assert '"level": "problem"' not in told
    assert "only reads the platform's" in told
    assert site.dump() == before
