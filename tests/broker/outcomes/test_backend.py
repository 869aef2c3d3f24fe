"""Outcomes from Celery's own result backends are what a worker has written there."""

import os
import pickle
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from celery import Celery, states
from celery.backends.database.session import ResultModelBase  # type: ignore[attr-defined]
from django.core.cache import cache
from django.utils import timezone

from bot.broker.outcomes import backend, kinds, readers
from bot.broker.outcomes.backend import CHUNK, BackendOutcomes
from bot.broker.stop import RemoteControl
from bot.core.model import Outcome, Source, TaskId
from bot.core.pauses import Pauses
from bot.core.ports import SourceSilent
from bot.core.secrets import WORDS
from bot.core.stops import Way
from bot.models import Run
from bot.runs import finish
from bot.texts import sentence
from tests.factories import NOW, a_run

pytestmark = pytest.mark.django_db
ADDRESSES: dict[str, Callable[[Path], str]] = {
    "files": lambda folder: f"file://{folder}",
    "SQLAlchemy": lambda folder: f"db+sqlite:///{folder}/results.sqlite3",
    "Django's cache": lambda _: "django-cache",
}
BOOM = 'Traceback (most recent call last):\n  File "tasks.py", line 1, in f\nValueError: no such region'


def an_app(address: str, **conf: Any) -> Celery:
    app = Celery("platform", set_as_current=False)
    app.conf.update(result_backend=address, result_extended=True, **conf)
    if address.startswith("db+"):  # before 5.4, Celery makes the tables in the first database of a process only
        ResultModelBase.metadata.create_all(sqlalchemy.create_engine(address.removeprefix("db+")))
    return app


@pytest.fixture(params=ADDRESSES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield ADDRESSES[request.param](tmp_path)
    cache.clear()


@pytest.fixture(params=["json", "pickle"])
def app(request: pytest.FixtureRequest, address: str) -> Celery:
    return an_app(address, result_serializer=request.param, accept_content=["json", "pickle"])


def store(app: Celery, task: str, status: str, result: Any = None, traceback: str | None = None) -> None:
    app.backend.store_result(task, result, status, traceback=traceback)


def only(app: Celery, task: str) -> Outcome:
    [outcome] = BackendOutcomes(app).of(TaskId(task))
    return outcome


def test_the_result_of_a_success_is_what_the_task_returned(app: Celery) -> None:
    store(app, "t", "SUCCESS", {"rows": 3, "ü": []})
    outcome = only(app, "t")
    assert (outcome.status, outcome.result, outcome.traceback) == ("SUCCESS", '{\n  "rows": 3,\n  "ü": []\n}', "")
    assert abs(outcome.at - timezone.now()) < timedelta(minutes=1)


def test_a_failure_is_its_exception_and_its_traceback(app: Celery) -> None:
    store(app, "t", "FAILURE", ValueError("no such region", 7), BOOM)
    outcome = only(app, "t")
    assert (outcome.status, outcome.result) == ("FAILURE", "ValueError: no such region, 7")
    assert outcome.traceback == BOOM


@pytest.mark.parametrize("status", ["RETRY", "REVOKED"])
def test_a_retry_and_a_revoked_run_bring_their_exception(app: Celery, status: str) -> None:
    store(app, "t", status, RuntimeError("upstream said 503"))
    assert (only(app, "t").status, only(app, "t").result) == (status, "RuntimeError: upstream said 503")


def test_progress_is_shown_in_words(app: Celery) -> None:
    store(app, "t", "PROGRESS", {"done": 3, "total": 10})
    assert only(app, "t").result == "3 of 10"
    store(app, "t", "STARTED", {"pid": 1, "hostname": "w@1"})
    assert only(app, "t").result == ""


def test_a_task_without_a_result_has_no_outcome(app: Celery) -> None:
    assert BackendOutcomes(app).of(TaskId("t")) == []
    assert BackendOutcomes(app).changed() == []


def test_only_a_changed_result_is_reported(app: Celery) -> None:
    run, other = a_run(source="backend"), a_run(source="backend")
    a_run(source="rows")
    for status, result in (("STARTED", {"pid": 1}), ("PROGRESS", {"done": 1}), ("SUCCESS", "ok")):
        store(app, run.task_id, status, result)
        news = BackendOutcomes(app).changed()
        assert [(one.task_id, one.status) for one in news] == [(run.task_id, status)]
        assert finish.record(news, now=NOW, deadline=1800, secret_keys=WORDS) == 1
        assert BackendOutcomes(app).changed() == []
    run.refresh_from_db()
    assert (run.state, run.result) == ("finished", "ok")
    assert other.state == "sent"


def test_all_runs_are_asked_for_even_if_one_query_can_not_hold_them(tmp_path: Path) -> None:
    app = an_app(f"file://{tmp_path}")
    runs = Run.objects.bulk_create(
        Run(key=f"k{n}", task_id=f"t{n}", state="sent", source="backend", schedule_id=1, schedule_name="s", task="t", deadline_at=NOW)
        for n in range(CHUNK + 2)
    )  # fmt: skip
    store(app, runs[-1].task_id, "SUCCESS")
    assert [one.task_id for one in BackendOutcomes(app).changed()] == [runs[-1].task_id]


def test_an_overdue_and_an_ended_run_are_asked_for_now_and_then(tmp_path: Path) -> None:
    app, later = an_app(f"file://{tmp_path}"), timezone.now() + timedelta(minutes=30)
    for state in ("overdue", "finished", "unseen"):
        store(app, a_run(source="backend", state=state, deadline_at=later).task_id, "FAILURE", "x")
    outcomes = BackendOutcomes(app)
    assert len(outcomes.changed()) == 3
    assert outcomes.changed() == [], "they are asked for only once a minute"


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("evil",)


@pytest.mark.parametrize("kind", ["files", "SQLAlchemy"])
def test_a_pickle_is_read_without_executing_its_code(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = an_app(ADDRESSES[kind](tmp_path), result_serializer="pickle", accept_content=["pickle"])
    store(app, "t", "SUCCESS", {"rows": Evil()})
    outcome = only(app, "t")
    assert (outcome.status, outcome.result) == ("SUCCESS", '{\n  "rows": "(a pickled result, not shown)"\n}')
    assert not Path("evil").exists()


def test_a_stop_reads_the_pickle_that_it_replaces_without_executing_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = an_app(f"file://{tmp_path}", result_serializer="pickle", accept_content=["pickle"])
    store(app, "t", "PROGRESS", {"rows": Evil()})
    RemoteControl(app).tell([TaskId("t")], Way.ABORT, within=1.0)
    assert not Path("evil").exists()
    assert only(app, "t").status == "ABORTED"


@pytest.mark.parametrize(("is_old", "source"), [(True, Source.NONE), (False, Source.BACKEND)])
def test_memcached_is_not_read_by_a_client_that_unpickles(
    is_old: bool, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clients of Celery before 5.7 do."""
    monkeypatch.setattr(kinds, "MEMCACHED_UNPICKLES", is_old)
    app = an_app("cache+memcached://127.0.0.1:1")
    assert kinds.source(app) is source
    if is_old:
        with pytest.raises(SourceSilent) as silent:
            BackendOutcomes(app).of(TaskId("t"))
        assert (
            sentence(silent.value.reason)
            == "the results aren't read: they are in memcached, whose client in Celery before 5.7 unpickles"
        )


def test_a_stop_from_before_the_upgrade_does_not_ask_a_client_that_unpickles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "MEMCACHED_UNPICKLES", True)
    app = an_app("cache+memcached://127.0.0.1:1")
    RemoteControl(app).tell([TaskId("t")], Way.ABORT, within=1.0)  # raises NotTold if the client is called


def test_a_malformed_result_hides_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = an_app(f"file://{tmp_path}")
    bad, good = a_run(source="backend"), a_run(source="backend")
    Path(tmp_path, f"celery-task-meta-{bad.task_id}").write_bytes(pickle.dumps(7))
    store(app, good.task_id, "SUCCESS")
    assert {one.task_id: one.unreadable is None for one in BackendOutcomes(app).changed()} == {
        bad.task_id: False,
        good.task_id: True,
    }
    assert f"the result of task {bad.task_id} can't be read" in caplog.text


def test_the_memory_of_logged_problems_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "_unreadable", Pauses(600, most=2))
    app = an_app(f"file://{tmp_path}")
    for number in range(5):
        Path(tmp_path, f"celery-task-meta-{number}").write_bytes(pickle.dumps(number))
        assert len(BackendOutcomes(app).of(TaskId(str(number)))) == 1
    assert len(backend._unreadable._since) <= 2


def test_an_unreachable_server_is_reported_without_its_address_and_asked_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = BackendOutcomes(an_app("redis://:hunter2@127.0.0.1:1/0"))
    with pytest.raises(SourceSilent) as caught:
        outcomes.of(TaskId("t"))
    assert "hunter2" not in str(caught.value)
    assert str(caught.value) == "source_silent: ConnectionError"
    monkeypatch.setattr(readers.Keys, "read", lambda *_: pytest.fail("it was asked"))
    with pytest.raises(SourceSilent):
        outcomes.of(TaskId("t"))


@pytest.mark.parametrize(
    ("address", "source"),
    [
        (None, Source.NONE),
        ("rpc://", Source.NONE),
        ("cache+memory://", Source.NONE),
        ("no.such:Backend", Source.NONE),
        ("django-db", Source.ROWS),
        ("django_celery_results.backends:DatabaseBackend", Source.ROWS),
        ("redis://127.0.0.1:1/0", Source.BACKEND),
        ("sentinel://127.0.0.1:1", Source.BACKEND),
        ("django-cache", Source.BACKEND),
        ("db+sqlite://", Source.BACKEND),
    ],
)
def test_the_backend_says_where_outcomes_are_read(address: str | None, source: Source) -> None:
    app = Celery("platform", set_as_current=False)
    app.conf.update(result_backend=address)
    assert kinds.source(app) is source


@pytest.mark.parametrize(
    ("address", "conf", "life"),
    [
        ("redis://127.0.0.1:1/0", {}, 86_400.0),
        ("redis://127.0.0.1:1/0", {"result_expires": 600}, 600.0),
        ("redis://127.0.0.1:1/0", {"result_expires": None}, None),
        ("django-cache", {"result_expires": timedelta(hours=1)}, 3600.0),
        ("db+sqlite://", {}, None),
    ],
)
def test_the_life_of_results_comes_from_the_backends_settings(
    address: str, conf: dict[str, Any], life: float | None
) -> None:
    assert BackendOutcomes(an_app(address, **conf)).life == life


def test_every_final_status_of_celery_is_read(tmp_path: Path) -> None:
    app = an_app(f"file://{tmp_path}")
    for status in states.READY_STATES:
        store(app, status, status, "x")
        assert only(app, status).status == status
