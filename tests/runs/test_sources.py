"""runtask notes whether sources answer. If the result of a run can't be known any more, the run ends as unseen."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bot.core.model import LastRun, RunId, ScheduleId, Source, TaskId
from bot.core.ports import SourceSilent
from bot.core.reasons import Code, Reason
from bot.core.secrets import WORDS
from bot.models import Notice, Run, SourceHealth
from bot.runs import see, sources
from bot.runs.follow import follow
from bot.runs.loops import AFTER_ERROR, Watcher
from tests.factories import NOW, a_run, an_outcome
from tests.fakes import FakeOutcomes
from tests.runs.conftest import Door

pytestmark = pytest.mark.django_db
SILENT = SourceSilent(Reason(code=Code.SOURCE_SILENT, params={"error": "ConnectionError"}))


def a_watcher(outcomes: FakeOutcomes) -> Watcher:
    return Watcher(outcomes, deadline=1800, wake=lambda: None, secret_keys=WORDS)


def open_run(**fields: Any) -> Run:
    return a_run(**{"deadline_at": timezone.now() + timedelta(hours=1), **fields})


def aged(run: Run, seconds: float) -> Run:
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(seconds=seconds))
    return run


def state(run: Run) -> str:
    run.refresh_from_db()
    return run.state


def test_a_source_that_answers_is_noted() -> None:
    assert a_watcher(FakeOutcomes()).step()
    assert sources.problem(Source.ROWS) is None
    assert SourceHealth.objects.get().answered_at is not None


def test_a_silent_source_is_noted_and_no_run_becomes_overdue_meanwhile() -> None:
    run = open_run(deadline_at=timezone.now() - timedelta(seconds=1))
    outcomes = FakeOutcomes(silent=SILENT)
    watcher = a_watcher(outcomes)
    assert watcher.step() == AFTER_ERROR
    assert sources.problem(Source.ROWS) == SILENT.reason
    assert state(run) == "sent"
    outcomes.silent = None
    watcher.step()
    assert sources.problem(Source.ROWS) is None
    assert state(run) == "overdue"


def test_a_run_of_another_source_that_becomes_overdue_meanwhile_is_told_at_once() -> None:
    run = open_run(source="backend", deadline_at=timezone.now() - timedelta(seconds=1))
    rings = list[str]()
    watcher = replace(a_watcher(FakeOutcomes(silent=SILENT)), wake=lambda: rings.append("ring"))
    watcher.step()
    assert (state(run), rings) == ("overdue", ["ring"])
    watcher.step()
    assert rings == ["ring"]


def test_a_run_ends_unseen_if_its_result_may_have_expired() -> None:
    lost, young = aged(open_run(), 700), open_run()
    there = aged(open_run(), 700)
    outcomes = FakeOutcomes(life=600, news=[an_outcome("STARTED", task_id=TaskId(there.task_id))])
    sources.answered(outcomes, now=timezone.now())
    assert [state(run) for run in (lost, young, there)] == ["unseen", "sent", "sent"]
    assert lost.unseen_reason == Reason(code=Code.RESULT_EXPIRED, params={"seconds": 600})
    assert Notice.objects.filter(run=lost, kind="unseen").exists()


def test_a_run_that_waited_for_approval_counts_from_its_sending() -> None:
    late = aged(open_run(), 700)
    Run.objects.filter(pk=late.pk).update(sent_at=timezone.now())
    sources.answered(FakeOutcomes(life=600), now=timezone.now())
    assert state(late) == "sent"


def test_every_run_whose_result_may_have_expired_ends_however_many() -> None:
    runs = [aged(open_run(), 700) for _ in range(3)]
    sources.answered(FakeOutcomes(life=600), now=timezone.now())
    assert {state(run) for run in runs} == {"unseen"}


def test_a_run_with_a_source_of_a_later_version_becomes_overdue_too(door: Door) -> None:
    run = open_run(source="events", schedule_id=7)
    found = follow(door.admitted(), RunId(run.pk))
    assert found is not None
    assert found.run.state == "sent"
    Run.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    found = follow(door.admitted(), RunId(run.pk))
    assert found is not None
    assert found.run.state == "overdue"
    assert see.preview(door.admitted(), ScheduleId(7)) is not None


def test_a_long_run_stays_open_while_its_source_is_asked_often_enough() -> None:
    run = aged(open_run(), 700)
    outcomes = FakeOutcomes(life=600)
    SourceHealth.objects.create(source="rows", answered_at=timezone.now() - timedelta(seconds=30))
    sources.answered(outcomes, now=timezone.now())
    assert state(run) == "sent"


def test_if_results_never_expire_no_run_ends_unseen() -> None:
    run = aged(open_run(), 10**6)
    sources.answered(FakeOutcomes(), now=timezone.now())
    assert state(run) == "sent"


def test_following_a_run_ends_it_unseen_if_its_result_has_expired(door: Door) -> None:
    run = aged(open_run(), 700)
    door.outcomes.life = 600
    found = follow(door.admitted(), RunId(run.pk))
    assert found is not None
    assert found.run.state == "unseen"


def test_following_a_run_with_a_silent_source_shows_its_last_known_state(door: Door) -> None:
    run = open_run()
    door.outcomes.silent = SILENT
    found = follow(door.admitted(), RunId(run.pk))
    assert found is not None
    assert found.run.state == "sent"


def test_a_form_reads_outcomes_first_so_an_ended_run_is_not_shown_as_running(door: Door) -> None:
    run = open_run(schedule_id=7)
    door.outcomes.news = [an_outcome("SUCCESS", task_id=TaskId(run.task_id))]
    shown = see.preview(door.admitted(), ScheduleId(7))
    assert shown is not None
    assert shown.running is None
    assert shown.last == LastRun(status="SUCCESS", at=NOW)


def test_a_form_shows_the_open_run_even_if_its_source_is_silent(door: Door) -> None:
    run = open_run(schedule_id=7)
    door.outcomes.silent = SILENT
    shown = see.preview(door.admitted(), ScheduleId(7))
    assert shown is not None
    assert shown.running is not None
    assert shown.running.run == run.pk


def test_the_last_run_is_read_from_our_rows_if_the_source_knows_none(door: Door) -> None:
    a_run(schedule_id=7, state="finished", status="FAILURE", finished_at=NOW)
    a_run(schedule_id=8, state="finished", status="SUCCESS", finished_at=NOW)
    shown = see.preview(door.admitted(), ScheduleId(7))
    assert shown is not None
    assert shown.last == LastRun(status="FAILURE", at=NOW)


def test_without_results_a_run_ends_as_soon_as_it_is_sent(door: Door) -> None:
    door.outcomes.source = Source.NONE
    run = door.start()
    assert (run.state, run.unseen_reason, run.source) == ("unseen", Reason(code=Code.NO_RESULTS), "none")
    assert set(Notice.objects.values_list("kind", flat=True)) == {"root", "id", "progress", "unseen"}


def test_a_run_of_unknown_fate_without_results_ends_at_its_deadline() -> None:
    run = open_run(state="unknown", source="none", deadline_at=timezone.now() - timedelta(seconds=1))
    a_watcher(FakeOutcomes()).step()
    assert state(run) == "unseen"


@pytest.mark.parametrize(
    ("eventless", "code"), [(frozenset(), None), (frozenset({"reports.tasks.nightly"}), Code.NO_EVENTS)]
)
def test_a_run_with_events_as_source_notes_if_its_task_sends_none(
    door: Door, eventless: frozenset[str], code: Code | None
) -> None:
    door.outcomes.source, door.sender.eventless = Source.EVENTS, eventless
    run = door.start()
    assert (run.state, run.source) == ("sent", "events"), "a worker may send some all the same"
    assert (run.unseen_reason and run.unseen_reason.code) == code


def test_other_sources_need_no_events(door: Door) -> None:
    door.sender.eventless = frozenset({"reports.tasks.nightly"})
    assert door.start().unseen_because == ""
