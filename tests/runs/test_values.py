"""Values of runs are kept for a time of their own. After it, arguments and results are emptied, and the run's row stays."""

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from bot.conf import Conf
from bot.core.model import NoticeKind, RunId, RunRequest, TaskId
from bot.core.ports import NotSent
from bot.core.reasons import Code, Reason
from bot.core.secrets import WORDS
from bot.core.status import RunState
from bot.models import Installation, Notice, Run
from bot.runs import again, cleanup, clock, finish, loops, outbox
from bot.runs.cleanup import Keep
from bot.runs.refusals import Refused, ValuesDeleted
from bot.runs.report import Site, report, stopped
from bot.slack.messages import message
from bot.wiring import keeping
from tests.audit import records
from tests.factories import INSTALLATION, NOW, a_run, an_outcome, unreachable
from tests.runs.conftest import Door

pytestmark = pytest.mark.django_db
KEEP = timedelta(days=1)
HELD = "4111111111111111"  # a value that a person typed, or that a task returned
FILLED: dict[str, Any] = {
    "args": f'["{HELD}"]',
    "kwargs": f'{{"card": "{HELD}"}}',
    "changes": [{"name": "card", "old": None, "new": f'"{HELD}"'}],
    "result": f"charged {HELD}",
    "result_length": 24,
    "traceback": f"ValueError: {HELD}",
    "later_ends": [{"status": "FAILURE", "result": HELD, "at": NOW.isoformat()}],
    "not_sent_because": Reason(code=Code.CELERY_REFUSED, params={"error": f"can't encode {HELD}"}).dump(),
}
ENDED = {
    RunState.FINISHED,
    RunState.UNSEEN,
    RunState.NOT_SENT,
    RunState.WITHDRAWN,
    RunState.DECLINED,
    RunState.LAPSED,
}


@pytest.fixture(autouse=True)
def here() -> Installation:
    """An installation whose last clean-up was an hour ago."""
    return Installation.objects.create(key=INSTALLATION, seen_at=NOW, cleaned_at=NOW - timedelta(hours=1))


def aged(state: RunState = RunState.FINISHED, age: timedelta = KEEP * 2, **fields: Any) -> Run:
    run = a_run(**{**FILLED, "state": state, "status": "SUCCESS", "reason": "asked by the auditor", **fields})
    Run.objects.filter(pk=run.pk).update(created_at=NOW - age, deadline_at=NOW - age)
    run.refresh_from_db()
    return run


forget = partial(cleanup.forget_old_values, INSTALLATION, keep=KEEP, now=NOW)


def everything(run: Run) -> str:
    """All columns, as one text."""
    return json.dumps(Run.objects.filter(pk=run.pk).values().get(), default=str)


def test_only_old_runs_that_have_ended_are_emptied_and_their_rows_stay() -> None:
    ended = [aged(state) for state in ENDED]
    others = [aged(state) for state in set(RunState) - ENDED]
    others += [aged(state, KEEP / 2) for state in RunState]
    assert forget() == len(ended)
    for before in ended:
        assert HELD in str(vars(before))
        assert HELD not in everything(before)
        now = Run.objects.get(pk=before.pk)
        assert now.values_deleted_at == NOW
        for kept in (
            "state",
            "status",
            "schedule_name",
            "task",
            "slack_user",
            "created_at",
            "reason",
            "key",
            "task_id",
        ):
            assert getattr(now, kept) == getattr(before, kept)
        assert [end["status"] for end in now.later_ends] == ["FAILURE"]
        assert now.not_sent_reason == Reason(code=Code.CELERY_REFUSED, params={"error": "…"})
    assert all(HELD in everything(run) for run in others)
    assert forget() == 0


def test_a_large_backlog_goes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 2)
    runs = [aged() for _ in range(3)]
    assert [forget() for _ in range(3)] == [2, 1, 0]
    assert not any(HELD in everything(run) for run in runs)


def test_each_installation_empties_its_own_runs_and_those_that_name_none() -> None:
    theirs, nobodys, ours = (aged(installation=key) for key in ("T0001/A0002", "", INSTALLATION))
    assert forget() == 2
    assert [HELD in everything(run) for run in (theirs, nobodys, ours)] == [True, False, False]


def test_a_clock_that_jumped_empties_nothing(here: Installation) -> None:
    runs = [aged() for _ in range(3)]
    later = NOW + timedelta(days=300)
    with pytest.raises(cleanup.Unusual, match="values of runs"):
        forget(now=later)
    assert all(HELD in everything(run) for run in runs)
    assert forget(now=later, knowingly=True) == 3


@pytest.mark.parametrize(
    ("conf", "is_emptied"), [(Conf(), False), (Conf(keep_values=86_400.0), True), (Conf(keep_values=10**8), False)]
)
def test_without_the_option_values_are_kept_as_long_as_their_runs(
    conf: Conf, monkeypatch: pytest.MonkeyPatch, *, is_emptied: bool
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    run = aged()
    loops.cleanup_step(keeping(conf), INSTALLATION)
    assert (HELD not in everything(run)) is is_emptied
    assert keeping(conf).runs == timedelta(days=90)


def test_a_full_batch_is_followed_by_another_one_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(cleanup, "BATCH", 2)
    for _ in range(3):
        aged()
    keep = Keep(runs=KEEP * 90, values=KEEP, records=KEEP * 90)
    assert [loops.cleanup_step(keep, INSTALLATION) for _ in range(2)] == [loops.BUSY, loops.HOUR]


def test_after_a_batch_that_would_delete_unusually_much_the_next_step_comes_in_an_hour(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Although there are more old records. Otherwise, the error would be logged five times a second until these are gone."""

    def unusual(*_: Any, **__: Any) -> int:
        raise cleanup.Unusual("runs")

    monkeypatch.setattr(cleanup, "forget_old_records", lambda *_, **__: cleanup.BATCH)
    monkeypatch.setattr(cleanup, "forget_old_runs", unusual)
    keep = Keep(runs=KEEP, values=KEEP, records=KEEP)
    assert loops.cleanup_step(keep, INSTALLATION) == loops.HOUR
    assert "would delete most runs" in caplog.text


def test_the_result_of_a_stop_stays_in_an_emptied_run() -> None:
    asked: dict[str, Any] = {"stop_asked_at": NOW, "stop_way": "terminate"}
    run = aged(status="REVOKED", result="terminated", **asked)
    before = stopped(run)
    forget()
    run.refresh_from_db()
    assert stopped(run) == before


def test_an_emptied_run_gets_only_the_status_of_a_late_end() -> None:
    """The run had ended as unseen. A later end is told by its status alone."""
    run = aged(RunState.UNSEEN, status="")
    forget()
    late = an_outcome(task_id=TaskId(run.task_id), result=HELD, traceback=HELD, result_length=16)
    finish.record([late], now=NOW, deadline=1800, secret_keys=WORDS)
    run.refresh_from_db()
    assert (run.state, run.status) == ("finished", "SUCCESS")
    assert HELD not in everything(run)


def test_a_late_message_does_not_say_that_emptied_values_were_sent_as_stored() -> None:
    run = aged()
    outbox.owe(run, NoticeKind.ROOT, now=NOW)
    forget()
    notice = Notice.objects.select_related("run").get(run=run)
    told = json.dumps(message(report(notice, Site())))
    assert "SUCCESS" in told
    assert "stored" not in told
    assert HELD not in told


def repeating(door: Door, run: Run, fingerprint: str | None = None) -> RunRequest:
    return replace(door.request, again=RunId(run.pk), fingerprint=fingerprint, args=None, kwargs=None)


def test_an_emptied_run_can_not_be_run_again_and_no_form_offers_it(door: Door) -> None:
    gone, there = aged(), aged(age=KEEP / 2)
    forget()
    with pytest.raises(ValuesDeleted):
        again.preview(door.admitted(), RunId(gone.pk))
    with pytest.raises(ValuesDeleted):
        door.start(repeating(door, gone))
    _, fill = again.preview(door.admitted(), RunId(there.pk))
    assert [run.run for run in fill.recent] == [there.pk]


def test_a_form_sends_nothing_if_its_run_was_emptied_meanwhile(door: Door) -> None:
    run = aged()
    _, fill = again.preview(door.admitted(), RunId(run.pk))
    assert fill.again is not None
    forget()
    with pytest.raises(ValuesDeleted):
        door.start(repeating(door, run, fingerprint=fill.again.fingerprint))
    assert door.sender.sent == []


def test_a_request_that_is_tried_again_has_values_again(door: Door) -> None:
    door.sender.fails = NotSent(unreachable())
    with pytest.raises(Refused):
        door.start()
    Run.objects.update(state=RunState.NOT_SENT, deadline_at=NOW - KEEP * 2, installation=INSTALLATION)
    assert forget() == 1
    door.sender.fails = None
    run = door.start()
    run.refresh_from_db()
    assert run.values_deleted_at is None
    assert json.loads(run.kwargs)["days"] == 30


def test_if_values_are_kept_for_less_time_the_audit_log_names_fields_without_values(door: Door) -> None:
    """Nothing can be deleted from the audit log later."""
    with_values, without = (Conf(keep_values=value).audits_values for value in (None, 86_400.0))
    assert (with_values, without) == (True, False)
    door.start()
    door.audits_values = False
    door.start(replace(door.request, key="slack:V2"))
    first, second = (row.details["changes"] for row in records(action="run.asked"))
    assert first == [{"name": "days", "old": "7", "new": "30"}]
    assert second == [{"name": "days"}]


def test_the_audit_log_has_no_text_of_celery_or_the_broker(door: Door) -> None:
    door.sender.fails = NotSent(Reason(code=Code.CELERY_REFUSED, params={"error": HELD}))
    with pytest.raises(Refused):
        door.start()
    [row] = records(action="run.not_sent")
    assert row.details["code"] == "celery_refused"
    assert HELD not in json.dumps(row.details)


def test_the_next_runs_to_empty_are_found_by_an_index() -> None:
    """The number of runs that were emptied already makes no difference."""
    plan = cleanup.with_old_values(INSTALLATION, NOW).order_by("deadline_at")[:500].explain()
    if connection.vendor == "sqlite":
        assert "runtask_run_values (values_deleted_at=? AND deadline_at<?)" in plan
