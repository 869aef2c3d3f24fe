"""The catalogue over beat's own rows: searching, freshness, and the signatures of tasks."""

from datetime import UTC, datetime
from threading import Thread
from typing import Any
from unittest.mock import Mock

import pytest
from celery import Celery
from django.db import connections
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from bot.broker import catalog as module
from bot.broker.catalog import SENT_FIELDS, BeatCatalog
from bot.core.model import ScheduleId
from bot.core.options import COLUMNS, of_row
from tests.factories import a_row, in_zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalog() -> BeatCatalog:
    return BeatCatalog(Celery("platform", set_as_current=False))


def names(catalog: BeatCatalog, query: str = "") -> list[str]:
    return [brief.name for brief in catalog.find(query, 100).first]


def test_a_schedule_has_the_values_of_its_row(catalog: BeatCatalog) -> None:
    row = a_row(args="[1]", kwargs='{"a": 1.10}', queue="q", priority=0, expire_seconds=60, headers='{"X": 1}', enabled=False,
                description="What for", exchange="e", routing_key="r")  # fmt: skip
    found = catalog.get(ScheduleId(row.pk))
    assert found is not None
    for name in ("name", "task", "args", "kwargs", "headers", "enabled", "description"):
        assert getattr(found, name) == getattr(row, name)
    assert found.columns == {name: getattr(row, name) for name in COLUMNS}
    assert (found.id, catalog.when(found)) == (row.pk, "every 10 seconds")


def test_a_schedule_that_runs_once_says_so(catalog: BeatCatalog) -> None:
    found = catalog.get(ScheduleId(a_row(one_off=True).pk))
    assert found is not None
    assert catalog.when(found) == "every 10 seconds, but only once"


def test_a_row_with_several_kinds_of_times_runs_by_its_interval_as_in_beat(catalog: BeatCatalog) -> None:
    """beat's admin refuses such a row, but SQL can make it."""
    row, night = a_row(), CrontabSchedule.objects.create(minute="0", hour="2")
    PeriodicTask.objects.filter(pk=row.pk).update(crontab=night)
    row.refresh_from_db()
    assert row.scheduler == row.interval
    found = catalog.get(ScheduleId(row.pk))
    assert found is not None
    assert catalog.when(found) == "every 10 seconds"


def test_a_time_zone_that_is_not_known_here_is_named(catalog: BeatCatalog) -> None:
    """Zones are removed from the tz database now and then; beat itself fails at such a row."""
    row = a_row("nightly report", crontab=in_zone("US/Pacific-New"))
    found = catalog.get(ScheduleId(row.pk))
    assert found is not None
    assert catalog.when(found) == "every day at 02:00, US/Pacific-New (this time zone isn't known here)"
    assert names(catalog, "nightly") == ["nightly report"]
    assert [brief.name for brief in catalog.briefs([found.id])] == ["nightly report"]


@pytest.mark.parametrize("zone", ["", "nonsense\n", "../../etc/passwd", "Europe/Berlin"])
def test_no_time_zone_breaks_the_form(catalog: BeatCatalog, zone: str) -> None:
    found = catalog.get(ScheduleId(a_row(crontab=in_zone(zone)).pk))
    assert found is not None
    assert catalog.when(found).startswith("every day at 02:00, ")


def test_a_schedule_that_is_gone_is_none(catalog: BeatCatalog) -> None:
    row = a_row()
    pk = row.pk
    row.delete()
    assert catalog.get(ScheduleId(pk)) is None
    assert catalog.get(ScheduleId(2**70)) is None


def test_a_row_without_options_has_none(catalog: BeatCatalog) -> None:
    found = catalog.get(ScheduleId(a_row().pk))
    assert found is not None
    assert (found.headers, of_row(found.columns)) == ("{}", {})


def test_reading_writes_nothing_not_even_for_a_broken_row(catalog: BeatCatalog) -> None:
    """beat's own ModelEntry disables and saves such a row."""
    row = a_row(kwargs="{broken", headers="[")
    before = PeriodicTask.objects.filter(pk=row.pk).values().get()
    catalog.get(ScheduleId(row.pk))
    names(catalog)
    assert PeriodicTask.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "other"), ("task", "other"), ("args", "[1]"), ("kwargs", '{"a": 1}'), ("queue", "q"), ("exchange", "e"),
        ("routing_key", "r"), ("priority", 0), ("expires", datetime(2030, 1, 1, tzinfo=UTC)), ("expire_seconds", 5),
        ("headers", '{"a": 1}'),
    ],
)  # fmt: skip
def test_the_fingerprint_changes_with_every_value_that_is_sent(catalog: BeatCatalog, field: str, value: Any) -> None:
    row = a_row()
    before = catalog.get(ScheduleId(row.pk))
    PeriodicTask.objects.filter(pk=row.pk).update(**{field: value})
    after = catalog.get(ScheduleId(row.pk))
    assert before is not None
    assert after is not None
    assert before.fingerprint != after.fingerprint
    assert field in SENT_FIELDS


def test_the_fingerprint_does_not_change_when_beat_runs_the_row(catalog: BeatCatalog) -> None:
    row = a_row()
    before = catalog.get(ScheduleId(row.pk))
    row.last_run_at, row.total_run_count = datetime(2026, 1, 1, tzinfo=UTC), 5
    row.save()
    assert catalog.get(ScheduleId(row.pk)) == before


def test_a_saved_a_new_and_a_deleted_row_are_seen_at_once(catalog: BeatCatalog) -> None:
    first = a_row("first")
    assert names(catalog) == ["first"]
    second = a_row("second")
    assert names(catalog) == ["first", "second"]
    first.name = "renamed"
    first.save()
    assert names(catalog) == ["renamed", "second"]
    second.delete()
    assert names(catalog) == ["renamed"]


def test_a_row_replaced_by_another_is_seen(catalog: BeatCatalog) -> None:
    a_row("first")
    names(catalog)
    PeriodicTask.objects.all().delete()
    a_row("second")
    assert names(catalog) == ["second"]


def test_a_bulk_update_is_seen_when_the_names_are_read_again(
    catalog: BeatCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`QuerySet.update` doesn't move beat's mark of the last change, so the update can't be noticed earlier."""
    a_row("before")
    names(catalog)
    PeriodicTask.objects.update(name="after", enabled=False)
    monkeypatch.setattr(module, "UNMARKED_CHANGES", -1.0)
    monkeypatch.setattr(module, "REST", 0.0)
    (brief,) = catalog.find("", 10).first
    assert (brief.name, brief.enabled) == ("after", False)


def test_names_are_not_read_again_without_need(catalog: BeatCatalog, django_assert_num_queries: Any) -> None:
    a_row("one")
    with django_assert_num_queries(2):
        names(catalog)
    with django_assert_num_queries(1):
        names(catalog, "one")
    with django_assert_num_queries(1):
        catalog.named("one")
    row = PeriodicTask.objects.get()
    row.no_changes, row.total_run_count = True, 7  # as beat saves it at each run
    row.save()
    with django_assert_num_queries(1):
        names(catalog)


def test_the_check_for_any_schedule_reads_no_names(catalog: BeatCatalog, django_assert_num_queries: Any) -> None:
    assert catalog.is_empty()
    a_row()
    with django_assert_num_queries(1):
        assert not catalog.is_empty()
    names(catalog)
    with django_assert_num_queries(0):
        assert not catalog.is_empty()


@pytest.fixture
def changed(catalog: BeatCatalog, monkeypatch: pytest.MonkeyPatch) -> BeatCatalog:
    """A catalog that has read the row "first". Since then, the row "second" was added, and the table counts as large."""
    a_row("first")
    names(catalog)
    monkeypatch.setattr(module, "READ_IN_SEARCH", 0.0)
    monkeypatch.setattr(module, "REST", 0.0)
    a_row("second")
    return catalog


def read_in_background(catalog: BeatCatalog) -> None:
    """A search uses the old index until a thread in the background has read the table."""
    assert names(catalog) == ["first"]
    with catalog._reading:  # waits until the reader has released the lock
        pass
    assert names(catalog) == ["first", "second"]


@pytest.mark.django_db(transaction=True)
def test_a_search_does_not_wait_for_a_large_table_that_changed(changed: BeatCatalog) -> None:
    read_in_background(changed)


@pytest.mark.django_db(transaction=True)
def test_a_table_is_read_later_if_no_thread_can_be_started_now(
    changed: BeatCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Thread, "start", Mock(side_effect=RuntimeError("can't start new thread")))
        assert names(changed) == ["first"]
    read_in_background(changed)


def test_a_table_without_beats_mark_of_changes_is_read_once_before_the_first_search(
    catalog: BeatCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """beat makes the mark when a schedule is saved. A new platform has none."""
    monkeypatch.setattr(connections, "close_all", lambda: None)  # it would end the test's own transaction
    catalog.read_first()
    reads = Mock(wraps=catalog._read)
    monkeypatch.setattr(catalog, "_read", reads)
    catalog.read_first()
    assert not reads.called


def test_a_reading_thread_that_hangs_does_not_block_searches_for_ever(
    catalog: BeatCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_row("first")
    assert names(catalog) == ["first"]
    a_row("second")
    monkeypatch.setattr(module, "HANGING", 0.05)
    with catalog._reading:  # like a thread whose connection gets no answer after a failover
        assert names(catalog) == ["first", "second"]
    assert not catalog._reading.locked()


def test_schedules_are_found_by_search_and_by_name(catalog: BeatCatalog) -> None:
    a_row("Nightly report", task="reports.nightly", enabled=False)
    a_row("clean up", task="ops.clean")
    assert names(catalog) == ["clean up", "Nightly report"]
    assert names(catalog, "REPORTS.") == ["Nightly report"]
    brief, matching = catalog.named("nightly")
    assert brief is not None
    assert (brief.name, brief.enabled, matching) == ("Nightly report", False, 1)


def test_a_registered_task_is_known_by_its_signature(catalog: BeatCatalog) -> None:
    @catalog.app.task(name="shop.sell", shared=False)
    def sell(days, *, region="EU"): ...

    @catalog.app.task(name="shop.bound", shared=False, bind=True)
    def bound(self, days): ...

    @catalog.app.task(name="shop.loose", shared=False, typing=False)
    def loose(days): ...

    found = {task: catalog.signature(f"shop.{task}") for task in ("sell", "bound", "loose", "elsewhere")}
    assert [known and list(known.parameters) for known in found.values()] == [["days", "region"], ["days"], None, None]
    assert catalog.names("shop.loose").possible == ("days",), (
        "the names are needed to find secrets, even if Celery doesn't check calls"
    )
