"""The start of a run: the permission check, the other checks, and what is saved. tests.runs.test_fate has uncertain sends."""

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.model import Actor, ChannelId, Destination, Field, MessageTs, NoticeKind, Place, Schedule, ScheduleId
from bot.core.ports import NotSent
from bot.core.reasons import Code, Invalid, Problem
from bot.models import Notice, Run
from bot.runs import see, start
from bot.runs.budget import Budget
from bot.runs.refusals import NotAllowed, Refused
from bot.texts import problem_text
from tests.factories import CHANNEL, INSTALLATION, a_preview, a_schedule, an_actor, sealed, unreachable
from tests.runs.conftest import Door

FIRST_NOTICES = [NoticeKind.ROOT, NoticeKind.ID]
Elsewhere = Callable[[Callable[[], object]], object]


def refusal(door: Door, **changes: Any) -> list[Problem]:
    with pytest.raises(Refused) as caught:
        door.start(replace(door.request, **changes))
    return caught.value.problems


def codes(door: Door, **changes: Any) -> list[Code]:
    return [problem.code for problem in refusal(door, **changes)]


def owed(run: Run) -> list[str]:
    return list(Notice.objects.filter(run=run).values_list("kind", flat=True))


def shown(door: Door, **changes: Any) -> Schedule:
    """Changes the schedule, and makes the request of a form that shows it."""
    schedule = a_schedule(**changes)
    door.catalog.schedules = {schedule.id: schedule}
    door.request = replace(door.request, schedule=schedule.id, fingerprint=sealed(schedule.fingerprint))
    return schedule


def test_a_run_is_sent_as_typed_and_its_first_notices_are_owed(door: Door) -> None:
    run = door.start()
    (sent,) = door.sender.sent
    assert (sent.task, sent.args, sent.kwargs) == ("reports.tasks.nightly", [], {"days": 30, "region": "EU"})
    assert sent.task_id == run.task_id
    assert (run.state, run.channel, str(run.user_id)) == ("sent", CHANNEL, door.actor.user)
    assert run.sent_at is not None
    assert run.changes == [{"name": "days", "old": "7", "new": "30"}]
    assert owed(run) == FIRST_NOTICES
    assert door.rings == ["ring"]


def test_a_field_that_nobody_typed_into_is_sent_as_stored(door: Door) -> None:
    run = door.start(replace(door.request, args=None, kwargs=None))
    assert door.sender.sent[0].kwargs == {"days": 7, "region": "EU"}
    assert run.changes == []


def test_a_stored_blank_is_sent_as_no_arguments(door: Door) -> None:
    shown(door, args="", kwargs=" ")
    run = door.start(replace(door.request, args=None, kwargs=None))
    assert (run.args, run.kwargs) == ("[]", "{}")


def test_unreadable_stored_values_can_be_corrected_in_the_form(door: Door) -> None:
    shown(door, kwargs="{broken")
    assert door.start().changes == [
        {"name": "days", "old": None, "new": "30"},
        {"name": "region", "old": None, "new": '"EU"'},
    ]


def test_a_run_without_a_channel_has_no_notices(door: Door) -> None:
    run = door.start(replace(door.request, destination=None))
    assert (run.state, run.channel, owed(run)) == ("sent", "", [])


def test_a_run_keeps_the_message_below_which_it_was_asked_for(door: Door) -> None:
    place = Place(channel=ChannelId("C5"), parent=MessageTs("1.5"))
    destination = Destination(installation=INSTALLATION, place=place, requester=None)
    there = door.start(replace(door.request, destination=destination))
    elsewhere = door.start(replace(door.request, key="slack:V2"))
    assert [(run.channel, run.parent) for run in (there, elsewhere)] == [("C5", "1.5"), ("C0001", None)]


@pytest.mark.parametrize(
    "actor",
    [an_actor(is_staff=False), an_actor(user=None), an_actor(unknown_because="timeout")],
    ids=["no staff", "no link", "unknown"],
)
def test_only_staff_pass_the_permission_check(door: Door, actor: Actor) -> None:
    visits: list[Callable[[], object]] = [
        lambda: door.start(actor=actor),
        lambda: see.find(door.admitted(actor), "", 10),
        lambda: see.named(door.admitted(actor), "nightly report"),
        lambda: see.preview(door.admitted(actor), ScheduleId(7)),
    ]
    for visit in visits:
        with pytest.raises(NotAllowed):
            visit()
    assert not Run.objects.exists()
    assert not door.sender.sent


def test_people_who_have_lost_the_right_can_not_repeat_a_submission(door: Door) -> None:
    door.start()
    with pytest.raises(NotAllowed):
        door.start(actor=an_actor(is_active=False))


def test_staff_can_look_at_a_schedule_and_search_for_it(door: Door) -> None:
    actor = door.actor
    assert see.preview(door.admitted(actor), ScheduleId(7)) == a_preview(a_schedule())
    assert see.preview(door.admitted(actor), ScheduleId(8)) is None
    assert see.find(door.admitted(actor), "night", 10).total == 1
    brief, matching = see.named(door.admitted(actor), "nightly report")
    assert brief is not None
    assert (brief.id, matching) == (7, 1)


def test_the_same_form_twice_is_one_run_sent_once(door: Door) -> None:
    assert door.start() == door.start()
    assert len(door.sender.sent) == 1
    assert Run.objects.count() == 1


def test_another_form_is_another_run(door: Door) -> None:
    assert door.start() != door.start(replace(door.request, key="slack:V2"))
    assert len({what.task_id for what in door.sender.sent}) == 2


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        pytest.param({"schedule": ScheduleId(99)}, Field.SCHEDULE, "no longer exists", id="deleted"),
        pytest.param({"fingerprint": "old"}, Field.SCHEDULE, "Pick it again", id="changed"),
        pytest.param({"args": "[1,"}, Field.ARGS, "Line 1, column 4", id="bad list"),
        pytest.param({"kwargs": " "}, Field.KWARGS, "{} sends nothing", id="blank"),
        pytest.param({"kwargs": '{"dayz": 1}'}, Field.KWARGS, 'did you mean "days"?', id="signature"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_stored(
    door: Door, changes: dict[str, Any], field: Field, words: str
) -> None:
    door.catalog.signatures["reports.tasks.nightly"] = inspect.signature(lambda days=1, region="": None)
    (problem,) = refusal(door, **changes)
    assert problem.field is field
    assert words in problem_text(problem)
    assert not Run.objects.exists()
    assert not door.sender.sent


def test_both_fields_are_checked_at_once(door: Door) -> None:
    assert [p.field for p in refusal(door, args="x", kwargs="y")] == [Field.ARGS, Field.KWARGS]


def test_a_schedule_that_can_not_be_sent_is_refused_before_anything_is_stored(door: Door) -> None:
    door.sender.unfit = Invalid([Problem(field=Field.SCHEDULE, code=Code.HEADERS_NOT_AN_OBJECT)])
    assert codes(door) == [Code.HEADERS_NOT_AN_OBJECT]
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_run_is_committed_before_the_message_is_sent(door: Door, elsewhere: Elsewhere) -> None:
    seen: list[object] = []
    door.sender.meanwhile = lambda: seen.append(elsewhere(lambda: list(Run.objects.values_list("state", flat=True))))
    run = door.start()
    assert seen == [["queued"]]
    assert elsewhere(lambda: Run.objects.get(pk=run.pk).state) == "sent"


def test_a_run_that_was_certainly_not_sent_can_be_sent_by_the_same_form(door: Door) -> None:
    door.sender.fails = NotSent(unreachable())
    (problem,) = refusal(door)
    assert problem_text(problem) == "Nothing was sent: the broker can't be reached (ConnectionRefusedError)."
    run = Run.objects.get()
    assert (run.state, run.not_sent_reason, run.sent_at, owed(run)) == ("not_sent", unreachable(), None, [])

    door.sender.fails = None
    again = door.start(replace(door.request, kwargs='{"days": 90}'))
    assert (again.pk, again.state, again.not_sent_because) == (run.pk, "sent", "")
    assert json.loads(again.kwargs) == {"days": 90} == door.sender.sent[0].kwargs
    assert door.sender.sent[0].task_id == again.task_id
    assert again.task_id != run.task_id, "each attempt has its own task's id"
    assert owed(again) == FIRST_NOTICES


def test_of_two_presses_after_a_failure_only_one_sends_the_run(door: Door) -> None:
    door.sender.fails = NotSent(unreachable())
    refusal(door)
    door.sender.fails = None
    # The other press takes the row over after this one has read it.
    actual, door.sender.unfit = door.sender.prepare, None

    def slow_prepare(*args: Any, **kwargs: Any) -> Any:
        Run.objects.update(state="queued")
        return actual(*args, **kwargs)

    door.sender.prepare = slow_prepare  # type: ignore[method-assign]
    assert codes(door) == [Code.MAYBE_SENT]
    assert not door.sender.sent


def test_of_two_first_presses_the_slower_one_sends_nothing(door: Door) -> None:
    actual = door.sender.prepare

    def slow_prepare(*args: Any, **kwargs: Any) -> Any:
        door.sender.prepare = actual  # type: ignore[method-assign]
        door.start()
        return actual(*args, **kwargs)

    door.sender.prepare = slow_prepare  # type: ignore[method-assign]
    run = door.start()
    assert run.task_id == door.sender.sent[0].task_id
    assert (Run.objects.count(), len(door.sender.sent)) == (1, 1)


def test_a_repeated_submission_starts_nothing_and_is_reported_as_repeated(door: Door) -> None:
    first = start.start(door.admitted(), door.request, Budget())
    again = start.start(door.admitted(), door.request, Budget())
    assert (first.is_repeated, again.is_repeated, again.pk) == (False, True, first.pk)
    assert len(door.sender.sent) == 1


def test_a_key_belongs_to_one_request_whether_it_was_sent_or_not(door: Door) -> None:
    asked, other = replace(door.request, digest="d1"), replace(door.request, digest="d2")
    door.sender.fails = NotSent(unreachable())
    assert codes(door, digest="d1") == [Code.BROKER_UNREACHABLE]
    door.sender.fails = None
    assert codes(door, digest=other.digest) == [Code.KEY_TAKEN]
    door.start(asked)
    assert codes(door, digest=other.digest) == [Code.KEY_TAKEN]
    assert len(door.sender.sent) == 1


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        pytest.param({}, timedelta(seconds=1800), id="the deadline"),
        pytest.param({"expire_seconds": 60}, timedelta(seconds=1800), id="expires earlier"),
        pytest.param({"expire_seconds": 7200}, timedelta(seconds=7200), id="expires later"),
        pytest.param({"expires": datetime.now(UTC) + timedelta(days=9)}, timedelta(days=8), id="expires at a moment"),
    ],
)
def test_the_deadline_is_not_before_the_expiry_of_the_message(
    door: Door, changes: dict[str, Any], least: timedelta
) -> None:
    shown(door, columns=changes)
    run = door.start()
    assert run.deadline_at >= run.created_at + least - timedelta(seconds=1)


def test_secrets_are_masked_in_what_changed(door: Door) -> None:
    run = door.start(replace(door.request, kwargs='{"days": 7, "region": "EU", "api_token": "hunter2"}'))
    assert "hunter2" not in json.dumps(run.changes)
    assert json.loads(run.kwargs)["api_token"] == "hunter2"
