"""Each number of the metrics agrees with the rows."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core.kinds import Kind
from bot.core.model import ScheduleId
from bot.core.ports import NotSent
from bot.core.reasons import Code, Reason
from bot.core.status import ENDED, UNENDED, RunState
from bot.models import AuditRecord, Installation, Notice, Run, SourceHealth
from bot.runs import clock, finish, metrics, start
from bot.runs.budget import Budget
from bot.runs.door import admit
from bot.runs.metrics import Metrics
from bot.runs.refusals import Gone, NothingSent
from tests.audit import filled
from tests.factories import INSTALLATION, NOW, a_run, slack_says, unreachable
from tests.runs.conftest import Door

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOTHING = Metrics(
    runs=dict.fromkeys(metrics.RUNS, 0),
    oldest_open_run=0,
    notices={"owed": 0, "behind": 0, "claimed": 0, "sent": 0, "parked": 0},
    failing_notices=0,
    oldest_due_notice=0,
    parked_notices={},
    refusals=dict.fromkeys(Kind, 0),
    source_lags={},
    installations={},
)


def told() -> Metrics:
    return metrics.measure(now=NOW)


def counted(numbers: Any) -> dict[Any, int]:
    """Returns the counts that aren't zero."""
    return {name: number for name, number in numbers.items() if number}


def run_of(ago: timedelta, **fields: Any) -> Run:
    run = a_run(**fields)
    Run.objects.filter(pk=run.pk).update(created_at=NOW - ago)
    return run


def notice(**fields: Any) -> None:
    defaults = {"run": a_run(), "kind": "root", "rank": 0, "due_at": NOW - MINUTE, "installation": INSTALLATION}
    Notice.objects.create(**{**defaults, **fields})


def refusal(ago: timedelta = MINUTE, **fields: Any) -> AuditRecord:
    defaults = {"at": NOW - ago, "action": "run.refused", "entry": "slack", "details": {"code": "no_link"}}
    return AuditRecord(**{**defaults, **fields})


def test_an_empty_database_gives_zeros() -> None:
    assert told() == NOTHING


@pytest.mark.parametrize("state", RunState)
def test_runs_are_counted_while_they_are_open_and_for_an_hour_after_their_end(state: RunState) -> None:
    at_end = NOW - HOUR + MINUTE
    a_run(state=state, deadline_at=at_end + (finish.WATCHED_ON if state in ENDED else timedelta()))
    assert counted(told().runs) == {(state, ""): 1}
    Run.objects.update(deadline_at=NOW - 2 * HOUR + (finish.WATCHED_ON if state in ENDED else timedelta()))
    assert counted(told().runs) == ({(state, ""): 1} if state in UNENDED else {})


def test_runs_are_counted_by_celerys_status() -> None:
    for status in ("SUCCESS", "FAILURE", "FAILURE"):
        a_run(state="finished", status=status, deadline_at=NOW + MINUTE)
    a_run(state="running", status="STARTED", source="backend")
    a_run(state="running", status="STARTED", source="rows")
    assert counted(told().runs) == {("finished", "SUCCESS"): 1, ("finished", "FAILURE"): 2, ("running", "STARTED"): 2}


def test_statuses_that_tasks_make_up_are_counted_as_one() -> None:
    for percent in range(5):
        a_run(state="running", status=f'{percent} % "done"\n')
    assert counted(told().runs) == {("running", "other"): 5}


def test_a_run_that_was_not_sent_counts_from_its_end_and_not_from_its_deadline(door: Door) -> None:
    door.sender.fails = NotSent(unreachable())
    with pytest.raises(NothingSent):
        start.start(admit(replace(door.platform, deadline=100 * 3600), door.actor), door.request, Budget())
    now = clock.now()
    assert counted(metrics.measure(now=now).runs) == {("not_sent", ""): 1}
    assert counted(metrics.measure(now=now + HOUR + MINUTE).runs) == {}


def test_the_oldest_open_run_is_one_that_was_sent_and_has_not_ended() -> None:
    run_of(9 * HOUR, state="waiting")
    run_of(9 * HOUR, state="finished", deadline_at=NOW + MINUTE)
    assert told().oldest_open_run == 0
    run_of(2 * MINUTE, state="running", status="STARTED")
    run_of(3 * HOUR, state="overdue")
    assert told().oldest_open_run == 3 * 3600


def test_notices_are_counted_while_they_wait_and_for_an_hour_after_they_were_due() -> None:
    for state in ("owed", "behind", "claimed", "sent", "parked"):
        notice(state=state, due_at=NOW - HOUR - MINUTE)
    assert counted(told().notices) == {"owed": 1, "behind": 1, "claimed": 1}
    Notice.objects.update(due_at=NOW - HOUR + MINUTE)
    assert counted(told().notices) == {"owed": 1, "behind": 1, "claimed": 1, "sent": 1, "parked": 1}


@pytest.mark.parametrize("state", ["owed", "claimed"])
def test_the_age_of_the_oldest_due_notice_is_shown(state: str) -> None:
    """A notice is due, too, if a dead deliverer has claimed it."""
    notice(state="behind", due_at=NOW - HOUR)
    notice(state="sent", due_at=NOW - HOUR)
    notice(state="owed", due_at=NOW + MINUTE)  # postponed
    assert told().oldest_due_notice == 0
    notice(state=state, due_at=NOW - MINUTE)
    notice(state=state, due_at=NOW - 5 * MINUTE)
    assert told().oldest_due_notice == 300


def test_notices_that_fail_again_and_again_count_though_each_try_postpones_them() -> None:
    notice(state="owed", attempts=3, due_at=NOW + MINUTE)
    notice(state="sent", attempts=9)
    assert told().failing_notices == 0
    notice(state="owed", attempts=4, due_at=NOW + MINUTE)
    assert told().failing_notices == 1


@pytest.mark.parametrize("installation", ["", "T0002/A0002"])
def test_notices_count_where_no_deliverer_has_ever_been(installation: str) -> None:
    Installation.objects.create(key=INSTALLATION, seen_at=NOW)
    notice(state="owed")
    notice(state="owed", installation=installation, due_at=NOW - 7 * MINUTE)
    assert counted(told().notices) == {"owed": 2}
    assert told().oldest_due_notice == 420


def test_parked_notices_are_counted_by_the_code_of_the_reason() -> None:
    for why in (slack_says("is_archived"), slack_says("channel_not_found"), Reason(code=Code.NO_CHANNEL_NO_ACCOUNT)):
        notice(state="parked", problem=why.dump())
    notice(state="parked", problem="channel_not_found", installation="T0002/A0002")  # as older versions wrote it
    notice(state="parked", problem=slack_says("is_archived").dump(), due_at=NOW - 2 * HOUR)
    notice(state="owed", problem=slack_says("is_archived").dump())
    assert told().parked_notices == {"slack_refused": 2, "no_channel_no_account": 1, "stored_text": 1}


def test_refusals_of_the_last_hour_are_counted_by_kind_with_their_repetitions() -> None:
    filled(
        [
            refusal(count=3),
            refusal(details={"code": "guest"}),
            refusal(details={"code": "rule_run", "rule": "Billing"}),
            refusal(details={"code": "argument_missing", "problems": []}),
            refusal(details={}),
            refusal(details={"code": "bad_token"}, entry="api"),
            refusal(2 * HOUR),
            refusal(action="run.ended"),
        ]
    )
    assert counted(told().refusals) == {"not_allowed": 4, "rule": 1, "bad_request": 2, "bad_token": 1}


def test_each_refusal_of_the_permission_check_is_counted(door: Door) -> None:
    for _ in range(2):
        with pytest.raises(Gone):
            door.start(replace(door.request, schedule=ScheduleId(99)))
    assert counted(metrics.measure(now=clock.now()).refusals) == {"not_found": 2}


def health(source: str, answered: datetime | None) -> None:
    SourceHealth.objects.create(source=source, answered_at=answered)


def test_a_source_lags_only_while_runs_wait_for_it() -> None:
    """A source that nobody needs any more must not raise an alarm."""
    health("rows", NOW - 9 * HOUR)
    run_of(HOUR, state="overdue", source="rows")
    run_of(HOUR, state="finished", source="rows", deadline_at=NOW + MINUTE)
    run_of(HOUR, state="sent", source="backend")
    assert told().source_lags == {"rows": 0, "backend": 3600}


@pytest.mark.parametrize(
    ("answered", "lag"),
    [(None, 300), (NOW - HOUR, 300), (NOW - MINUTE, 60), (NOW + MINUTE, 0)],
    ids=["never", "before the run", "since then", "by a clock that is ahead"],
)
def test_a_lag_begins_at_the_last_answer_or_at_the_oldest_waiting_run(answered: datetime | None, lag: int) -> None:
    health("backend", answered)
    run_of(MINUTE, state="running", status="STARTED", source="backend")
    run_of(5 * MINUTE, state="sent", source="backend")
    assert told().source_lags == {"backend": lag}


@pytest.mark.parametrize(
    ("fields", "is_up"),
    [
        ({}, True),
        ({"problem": slack_says("token_revoked").dump()}, False),
        ({"seen_at": NOW - 3 * MINUTE}, False),
    ],
    ids=["all is well", "Slack refuses it", "nobody delivers there"],
)
def test_an_installation_is_up_while_slack_takes_its_token(fields: dict[str, Any], is_up: bool) -> None:
    Installation.objects.create(**{"key": INSTALLATION, "seen_at": NOW - MINUTE, **fields})
    assert told().installations == {INSTALLATION: is_up}
