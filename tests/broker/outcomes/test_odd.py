"""Odd results may harm their own run, but no other."""

import json
import pickle
import sqlite3
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.backends import base
from django.core.cache import cache
from django.utils import timezone

from bot.broker import pickled
from bot.broker.outcomes import backend, choice, kinds, readers
from bot.broker.outcomes.backend import BackendOutcomes
from bot.broker.outcomes.readers import token
from bot.broker.outcomes.shown import LONGEST, NOT_SHOWN, TOO_LONG, readable_value
from bot.core.model import Source
from bot.core.pauses import Pauses
from bot.core.secrets import WORDS
from bot.runs import finish
from bot.texts import sentence
from tests.broker.outcomes.test_backend import an_app, only, store
from tests.factories import NOW, a_run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2999-01-01", "soon", 7, None], ids=str
)
def test_a_malformed_date_is_replaced_by_the_time_of_reading(tmp_path: Path, date: Any) -> None:
    app, run = an_app(f"file://{tmp_path}"), a_run(source="backend")
    store(app, run.task_id, "SUCCESS")
    meta = app.backend.get_task_meta(run.task_id) | {"date_done": date}
    Path(tmp_path, f"celery-task-meta-{run.task_id}").write_text(json.dumps(meta, default=str))
    news = BackendOutcomes(app).changed()
    assert abs(news[0].at - timezone.now()) < timedelta(minutes=1)
    assert finish.record(news, now=NOW, deadline=1800, secret_keys=WORDS) == 1


def test_a_project_without_time_zones_records_ends_too(tmp_path: Path, settings: Any) -> None:
    settings.USE_TZ = False
    app, run = an_app(f"file://{tmp_path}"), a_run(source="backend", deadline_at=timezone.now(), sent_at=None)
    store(app, run.task_id, "SUCCESS")
    assert finish.record(BackendOutcomes(app).changed(), now=timezone.now(), deadline=1800, secret_keys=WORDS) == 1


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_table_holds_celerys_own_time(tmp_path: Path, zone: str) -> None:
    app = an_app(f"db+sqlite:///{tmp_path}/results.sqlite3", timezone=zone, enable_utc=False)
    now = datetime.now(ZoneInfo(zone)).replace(tzinfo=None)
    store(app, "t", "SUCCESS")
    with sqlite3.connect(tmp_path / "results.sqlite3") as database:
        database.execute("UPDATE celery_taskmeta SET date_done = ?", [now.isoformat(" ")])
    database.close()
    assert abs(only(app, "t").at - timezone.now()) < timedelta(minutes=1)


def test_values_of_types_that_celerys_json_adds_are_shown(tmp_path: Path) -> None:
    app = an_app(f"file://{tmp_path}")
    store(app, "t", "SUCCESS", {"total": Decimal("12.50"), "at": datetime(2026, 11, 5, tzinfo=UTC)})
    assert '"12.50"' in only(app, "t").result
    assert "2026-11-05 00:00:00+00:00" in only(app, "t").result


@pytest.fixture
def in_cache() -> Iterator[Celery]:
    yield an_app("django-cache")
    cache.clear()


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError


ODD = {
    "mixed keys": {1: "a", "b": 2},
    "a tuple as key": {("EU", 1): 3},
    "bytes as key": {b"a": 1},
    "an object": Odd(),
    "a list of objects": [Odd()],
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_an_object_in_djangos_cache_hides_no_other_result(in_cache: Celery, value: Any) -> None:
    odd, good = a_run(source="backend"), a_run(source="backend")
    store(in_cache, odd.task_id, "SUCCESS", value)
    store(in_cache, good.task_id, "SUCCESS", "ok")
    assert {one.status for one in BackendOutcomes(in_cache).changed()} == {"SUCCESS"}
    assert finish.record(BackendOutcomes(in_cache).changed(), now=NOW, deadline=1800, secret_keys=WORDS) == 2
    assert BackendOutcomes(in_cache).changed() == [], "its token stays the same"


def test_a_pickled_result_is_read_though_these_settings_accept_no_pickles(tmp_path: Path) -> None:
    store(an_app(f"file://{tmp_path}", result_serializer="pickle"), "t", "FAILURE", ValueError("no such region"))
    assert only(an_app(f"file://{tmp_path}"), "t").result == "ValueError: no such region"


def test_a_value_is_cut_if_its_text_would_be_very_long() -> None:
    value: Any = "x" * 1000
    for _ in range(7):
        value = [value] * 10
    assert len(readable_value(value, "SUCCESS")) < LONGEST + 10_000


@pytest.mark.parametrize(
    "value",
    [
        {str(number): "x" * 1_000_000 for number in range(50)},
        {"done": ["x" * 100_000] * 500, "total": ["x" * 100_000] * 500},
        {"exc_type": ["x" * 100_000] * 500},
        {"exc_type": "Odd", "exc_message": ["x" * 1_000_000] * 50},
    ],
    ids=["progress", "numbers", "a name", "messages"],
)
def test_a_text_that_a_pickle_repeats_very_often_is_cut(value: dict[str, Any]) -> None:
    """A pickle stores a repeated text once, so a small pickle can become a very long text."""
    value = pickled.loads(pickle.dumps(value))
    assert len(readable_value(value, "FAILURE")) < LONGEST * 2 + 2_000_000


def test_tuples_that_are_nested_deep_do_not_crash_the_process() -> None:
    """Python crashes if it computes the hash of such a tuple, so this runs in a process of its own."""
    code = """if True:
        import pickle
        from bot.broker.pickled import loads
        deep, wide = b")" + b"\\x85" * 400_000, b"K\\x01" + b"2\\x86" * 60
        for key in (deep, wide):
            loads(b"\\x80\\x04}" + key + b"K\\x01s.")  # as a key
            loads(b"\\x80\\x04}(" + key + b"K\\x01u.")
            loads(b"\\x80\\x04(" + key + b"K\\x01d.")
            loads(b"\\x80\\x04\\x8f(" + key + b"\\x90.")  # in a set
            loads(b"\\x80\\x04(" + key + b"\\x91.")
        assert loads(pickle.dumps({(1, "a"): {(2, 3)}, "a": (1, (2, (3,)))})) == {(1, "a"): {(2, 3)}, "a": (1, (2, (3,)))}
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


compressed = pytest.mark.skipif(
    not hasattr(base, "compress_payload"), reason="before 5.7, Celery doesn't compress results"
)


@compressed
@pytest.mark.parametrize("method", ["gzip", "bzip2", "lzma"])
@pytest.mark.parametrize("serializer", ["json", "pickle"])
def test_a_compressed_result_is_expanded_only_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, serializer: str
) -> None:
    monkeypatch.setattr(readers, "LARGEST", 100_000)
    conf = {"result_serializer": serializer, "accept_content": ["json", "pickle"], "result_compression": method}
    app = an_app(f"file://{tmp_path}", **conf)
    store(app, "short", "SUCCESS", "x" * 1000)
    store(app, "long", "FAILURE", "x" * 20_000_000)
    assert only(app, "short").result == "x" * 1000
    tracemalloc.start()
    try:
        assert (only(app, "long").status, only(app, "long").result) == ("FAILURE", TOO_LONG)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000  # LZMA takes 8 MB itself
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (b"\0celery-compressed\0application/x-brotli\0\x0b\x02", "It is compressed as application/x-brotli"),
        (b"\0celery-compressed\0application/x-new\0x", "It is compressed as application/x-new"),
        (b"{", "can't read it (DecodeError)"),
    ],
    ids=["brotli", "unknown", "broken"],
)
def test_a_run_says_why_its_result_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: bytes, why: str
) -> None:
    monkeypatch.setattr(base, "COMPRESSED_PAYLOAD_MAGIC", b"\0celery-compressed\0", raising=False)
    monkeypatch.setattr(backend, "_unreadable", Pauses(600))
    app, run = an_app(f"file://{tmp_path}"), a_run(source="backend")
    file = Path(tmp_path, f"celery-task-meta-{run.task_id}")
    file.write_bytes(stored)

    def record() -> int:
        return finish.record(BackendOutcomes(app).changed(), now=NOW, deadline=1800, secret_keys=WORDS)

    assert record() == 1
    run.refresh_from_db()
    assert (run.state, why in sentence(run.unseen_reason)) == ("sent", True)
    assert BackendOutcomes(app).changed() == [], "this process has reported it"
    monkeypatch.setattr(backend, "_unreadable", Pauses(0))
    assert len(BackendOutcomes(app).changed()) == 1, (
        "it is reported again, because the database may have been unavailable"
    )
    file.unlink()
    store(app, run.task_id, "SUCCESS")
    assert record() == 1
    run.refresh_from_db()
    assert (run.state, run.unseen_reason) == ("finished", None)


def test_a_pickle_with_a_large_index_costs_no_memory() -> None:
    assert pickled.loads(b"\x80\x04]r\xff\xff\xff\x3f.") == []


@pytest.mark.parametrize("code", "BCTXG\x8a\x8b\x8d\x8e\x95\x96", ids=ascii)
def test_a_pickle_takes_no_more_memory_than_its_bytes_whatever_length_it_names(code: str) -> None:
    """Tries every opcode that names a length: BINBYTES8, LONG4, FRAME, BYTEARRAY8, …"""
    tracemalloc.start()
    try:
        with pytest.raises(Exception):  # noqa: B017, PT011  # each opcode raises another error
            pickled.loads(b"\x80\x05" + code.encode("latin-1") + struct.pack("<Q", 2**26) + b"abc")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_bytearray_is_read() -> None:
    assert pickled.loads(pickle.dumps({"data": bytearray(b"x" * 100_000)}, protocol=5)) == {"data": b"x" * 100_000}


@pytest.mark.parametrize("value", [ValueError(10**5000), {"exc_type": "E", "exc_message": [10**5000]}])
def test_a_number_that_python_refuses_to_write_is_not_shown(value: Any) -> None:
    assert readable_value(value, "FAILURE") == NOT_SHOWN


def test_tokens_are_equal_for_equal_bytes_however_a_driver_gives_them() -> None:
    assert token(memoryview(b"x")) == token(b"x") == token("x") != token("y")
    assert token({"result": memoryview(b"x")}) == token({"result": b"x"})


@pytest.mark.parametrize("backend", ["nonsense://", "no.such:Backend"])
def test_an_unknown_backend_that_is_named_explicitly_is_no_source(backend: str) -> None:
    app = Celery("platform", set_as_current=False)
    app.conf.update(result_backend=backend)
    there = choice.sources(app, "backend")
    assert there.for_new_runs is Source.BACKEND
    assert there.current is None


def test_a_backend_that_is_given_as_a_class_is_named_by_it() -> None:
    given: Any = Named
    app = Celery("platform", backend=given, set_as_current=False)
    assert kinds.shown(app) == f"{__name__}.Named"


class Named:
    """A backend class. `Celery(backend=…)` accepts a class, too."""
