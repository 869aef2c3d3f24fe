"""The demo's tasks do what their descriptions say."""

import json
import logging
from inspect import signature

import pytest
from celery import Celery, Task
from celery.exceptions import Ignore
from celery.result import EagerResult

from runtask_demo import tasks
from runtask_demo.feed import BrokenFeed
from runtask_demo.hostile import HOSTILE, TRICKS


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The progress that a task has reported."""
    seen: list[dict] = []
    monkeypatch.setattr(Task, "update_state", lambda self, task_id=None, **state: seen.append(state))
    return seen


def test_the_report_depends_on_its_parameters() -> None:
    assert tasks.sales_report.run(7)["orders"] < tasks.sales_report.run(30)["orders"]
    assert tasks.sales_report.run(region="US")["region"] == "US"
    assert tasks.sales_report.run(include_refunds=True)["refunds"] > 0


def test_the_index_reports_its_progress(updates: list[dict]) -> None:
    assert tasks.rebuild_index.run(seconds=0, parts=4) == {"index": "products", "documents": 5000}
    assert [update["state"] for update in updates] == ["PROGRESS"] * 4
    assert [update["meta"]["done"] for update in updates] == [0, 1, 2, 3]
    assert all(update["meta"]["total"] == 4 and "products" in update["meta"]["note"] for update in updates)


def test_the_feed_fails_some_calls_deep_unless_broken_lines_are_skipped() -> None:
    failed: EagerResult = tasks.partner_feed.apply()
    assert isinstance(failed.result, BrokenFeed)
    assert "line 3" in str(failed.result)
    assert all(name in str(failed.traceback) for name in ("partner_feed", "read_feed", "_rows", "InvalidOperation"))
    assert len(tasks.partner_feed.run(skip_broken_lines=True)["prices"]) == 3


def test_rates_are_shown_as_they_came() -> None:
    assert tasks.book_rates.run(größe=12345678901234567890, text="µ") == {
        "größe": "12345678901234567890",
        "text": "'µ'",
    }


def test_a_newsletter_goes_to_nobody_while_testing() -> None:
    assert "0 of 2" in tasks.send_newsletter.run("Hello", ["a", "b"])
    assert "2 of 2" in tasks.send_newsletter.run("Hello", ["a", "b"], test_only=False)


def test_the_smaller_tasks_return_what_they_describe() -> None:
    assert tasks.yearly_archive.run(2025) == "reports-2025.tar.gz (1,204 files)"
    assert tasks.yearly_archive.run(2025, compress=False) == "reports-2025.tar (1,204 files)"
    assert tasks.pay_refunds.run() == "Refunds of 7 days paid, at most 500 EUR each"
    assert tasks.send_invoice.run(7) == "Invoice 7 sent"
    assert tasks.send_invoice.run(7, "ana@example.com") == "Invoice 7 sent, copy to ana@example.com"
    assert tasks.close_month.run("2026-10") == "2026-10 is closed"


def test_a_key_never_leaves_its_task() -> None:
    said = tasks.rotate_key.run("acme", "tok-123", {"url": "https://partner.example", "secret": "hush"})
    assert "tok-123" not in said
    assert "hush" not in said


def test_the_clean_up_keeps_no_result_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    assert tasks.clear_sessions.ignore_result
    with caplog.at_level(logging.INFO, tasks.log.name):
        tasks.clear_sessions.run(5)
    assert "5 days" in caplog.text


def test_a_closed_shop_asks_to_be_ignored() -> None:
    assert tasks.sync_stock.run("all") == "431 articles updated"
    with pytest.raises(Ignore):
        tasks.sync_stock.run("closed")


def test_compacting_has_a_limit_shorter_than_it_takes() -> None:
    takes = signature(tasks.compact_database.run).parameters["seconds"].default
    assert 0 < (tasks.compact_database.soft_time_limit or 0) < takes
    assert tasks.compact_database.run(0) == "done"


def test_comments_hold_every_trick_and_fit_a_result() -> None:
    assert len(HOSTILE) >= 200_000
    assert all(trick in HOSTILE for trick in TRICKS)
    assert json.loads(json.dumps(tasks.export_comments.run())) == HOSTILE
    with pytest.raises(ValueError, match="<!channel>"):
        tasks.export_comments.run(fail=True)


def test_resizing_kills_its_own_process_and_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr("os.kill", lambda pid, _: killed.append(pid))
    monkeypatch.setattr("os.getpid", lambda: 4711)
    tasks.resize_images.run()
    assert killed == [4711]


def test_every_task_has_a_description_for_colleagues() -> None:
    app = Celery("described", set_as_current=False)
    app.loader.import_task_module("runtask_demo.tasks")
    ours = [task for name, task in app.tasks.items() if name.startswith("demo.")]
    assert len(ours) == 15
    assert all((task.__doc__ or "").endswith(".") for task in ours)
