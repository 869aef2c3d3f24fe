"""A second person's yes sends exactly the payload that was asked for, once. If it sends nothing, it says why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from bot.core.audit import By
from bot.core.entry import Entry
from bot.core.model import Actor, RunId
from bot.core.ports import NotSent
from bot.core.reasons import Code
from bot.core.rules import Rule
from bot.core.status import RunState
from bot.models import Answer, Run, SlackLink
from bot.runs import again, clock, finish, rulebook, see, stop
from bot.runs.approvals import waiting_for
from bot.runs.follow import follow
from bot.runs.refusals import CantStop, Ended, NothingSent, NotWaiting, Refused, Void
from tests.factories import ADA, TEAM, a_run, a_schedule, unreachable
from tests.runs.approving import (
    SEVEN,
    TWO_PAIRS_OF_EYES,
    asked,
    kinds,
    mark,
    now_it_is,
    refused,
    says_no,
    says_yes,
    waiting,
)
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force, person

pytestmark = pytest.mark.django_db
DAYS = {"properties": {"days": {"type": "integer", "maximum": 7}}, "required": ["days"]}


def test_a_run_waits_and_nothing_is_sent_if_a_rule_asks_for_approval(door: Door) -> None:
    in_force(replace(TWO_PAIRS_OF_EYES, approval_hours=0.5, ask=("S1",)))
    preview = see.preview(door.admitted(person("ben")), SEVEN)
    assert preview is not None
    assert preview.limits.denied is None
    assert [(need.rule, need.needed, need.approvers) for need in preview.limits.needs] == [("Four eyes", 1, ("leads",))]
    run = asked(door)
    assert (run.state, run.sent_at, door.sender.sent) == (RunState.WAITING, None, [])
    assert timedelta(minutes=29) < run.deadline_at - clock.now() < timedelta(minutes=31)
    assert (run.approval_ask, len(run.approval_digest or "")) == (["S1"], 64)
    assert kinds(run) == ["root"]  # but no task's id
    assert asked(door, key="web:1:a").pk == run.pk  # pressed twice


def test_a_yes_sends_exactly_the_payload_that_was_asked_for(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")
    found = says_yes(door, run, cara)
    assert found is not None
    assert found.state == RunState.SENT
    assert [(one.task_id, one.kwargs) for one in door.sender.sent] == [(found.task_id, {"days": 30, "region": "EU"})]
    assert kinds(run) == ["id", "progress", "root"]
    answer = Answer.objects.get()
    assert (str(answer.user_id), answer.is_yes) == (cara.user, True)
    assert found.deadline_at > clock.now() + timedelta(minutes=29)
    with pytest.raises(NotWaiting):
        says_yes(door, run, cara)
    assert len(door.sender.sent) == 1


def test_a_no_ends_the_run_and_keeps_its_reason(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")
    for why, code in (("", Code.WHY_MISSING), ("  ", Code.WHY_MISSING), ("x" * 501, Code.REASON_TOO_LONG)):
        with pytest.raises(Refused) as caught:
            says_no(door, run, cara, why)
        assert [problem.code for problem in caught.value.problems] == [code]
    found = says_no(door, run, cara, " not today\0 ")
    assert found is not None
    assert (found.state, Answer.objects.get().why) == (RunState.DECLINED, "not today\N{REPLACEMENT CHARACTER}")
    assert kinds(run) == ["closed", "progress", "root"]
    for late in (says_yes, says_no):
        with pytest.raises(NotWaiting):
            late(door, run, cara)
    assert door.sender.sent == []


def user_of(run: Run) -> Any:
    return get_user_model().objects.filter(pk=str(run.user_id))


VOIDED: dict[str, tuple[Callable[[Door, Run], object], Code]] = {
    "stored value": (
        lambda door, _: edited(door, kwargs='{"days": 8, "region": "EU"}', fingerprint="f2"),
        Code.SCHEDULE_CHANGED,
    ),
    "queue": (lambda door, _: edited(door, columns={"queue": "slow"}, fingerprint="f2"), Code.SCHEDULE_CHANGED),
    "name": (lambda door, _: edited(door, name="Nightly", fingerprint="f2"), Code.SCHEDULE_CHANGED),
    "requester inactive": (lambda _, run: user_of(run).update(is_active=False), Code.REQUESTER_GONE),
    "requester no staff": (lambda _, run: user_of(run).update(is_staff=False), Code.REQUESTER_MAY_NOT),
    "requester may not run": (lambda *_: in_force(ruled(run=("ops",))), Code.REQUESTER_MAY_NOT),
    "not from the pages": (lambda *_: in_force(ruled(entries=(Entry.SLACK,))), Code.REQUESTER_MAY_NOT),
    "more approvals": (lambda *_: in_force(ruled(approvals=2)), Code.RULES_CHANGED),
    "other approvers": (lambda *_: in_force(ruled(approvers=("leads", "ops"))), Code.RULES_CHANGED),
    "no approval": (lambda *_: in_force(ruled(approvals=0)), Code.RULES_CHANGED),
    "values": (lambda *_: in_force(ruled(arguments=DAYS)), Code.RULES_CHANGED),
}


def ruled(**fields: Any) -> Rule:
    return replace(TWO_PAIRS_OF_EYES, **fields)


def edited(door: Door, **fields: Any) -> None:
    door.catalog.schedules[SEVEN] = a_schedule(**fields)


@pytest.mark.parametrize("what", VOIDED)
def test_a_change_since_the_request_voids_the_run_and_its_thread_is_told(door: Door, what: str) -> None:
    run, cara = waiting(door), person("cara", "leads", "ops")
    change, code = VOIDED[what]
    change(door, run)
    with pytest.raises(Void) as caught:
        says_yes(door, run, cara)
    assert caught.value.reason.code is code
    ended = Run.objects.get()
    assert (ended.state, door.sender.sent, Answer.objects.count()) == (RunState.WITHDRAWN, [], 0)
    assert ended.not_sent_reason == caught.value.reason
    assert kinds(run) == ["closed", "progress", "root"]
    if code is Code.SCHEDULE_CHANGED:
        assert caught.value.reason.params["what"] in ("days", "queue", "name")


def test_the_requester_can_ask_again_with_the_same_values(door: Door) -> None:
    ana = person("ana", email="ana@example.com")
    run = waiting(door, requester=ana)
    edited(door, kwargs='{"days": 8, "region": "EU"}', fingerprint="f2")
    with pytest.raises(Void):
        says_yes(door, run, person("cara", "leads"))
    _, fill = again.preview(door.admitted(ana), RunId(run.pk))
    assert fill.again is not None
    assert '"days": 30' in str(fill.again.values)
    once_more = asked(door, ana, key="web:1:c", args=None, kwargs=None, again=RunId(run.pk), fingerprint=None)
    assert (once_more.state, once_more.kwargs) == (RunState.WAITING, run.kwargs)


def test_a_requester_from_slack_must_still_have_their_account_there(door: Door) -> None:
    in_force(TWO_PAIRS_OF_EYES)
    cara, kept, lost = person("cara", "leads"), door.request, replace(door.request, key="slack:V2")
    link = SlackLink.objects.create(team=TEAM, slack_user=ADA, user_id=str(door.actor.user), home=TEAM)
    first, second, third = door.start(kept), door.start(lost), door.start(replace(lost, key="slack:V3"))
    says_yes(door, first, cara)
    assert now_it_is(first) == RunState.SENT
    SlackLink.objects.update(is_deleted=True)
    with pytest.raises(Void):
        says_yes(door, second, cara)
    link.delete()
    with pytest.raises(Void) as caught:
        says_yes(door, third, cara)
    assert caught.value.reason.code is Code.REQUESTER_MAY_NOT
    assert len(door.sender.sent) == 1


def test_a_run_whose_process_dies_while_sending_is_never_sent_again(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")

    def dies() -> None:
        raise SystemExit

    door.sender.meanwhile = dies
    with pytest.raises(SystemExit):
        says_yes(door, run, cara)
    door.sender.meanwhile = lambda: None
    assert now_it_is(run) == RunState.QUEUED
    with pytest.raises(NotWaiting):
        says_yes(door, run, cara)
    Run.objects.update(deadline_at=clock.now())
    finish.mark_overdue(now=clock.now())
    assert (now_it_is(run), door.sender.sent) == (RunState.OVERDUE, [])
    assert kinds(run) == ["deadline", "id", "progress", "root"]  # it may or may not have been sent


def test_enabling_or_disabling_the_schedule_voids_nothing(door: Door) -> None:
    run = waiting(door)
    edited(door, enabled=False)
    says_yes(door, run, person("cara", "leads"))
    assert now_it_is(run) == RunState.SENT


def test_a_yes_is_refused_with_a_code_and_the_run_waits_on_if_it_cannot_be_sent_now(door: Door) -> None:
    busy = ruled(one_at_a_time=True)
    in_force(busy)
    run, cara = asked(door), person("cara", "leads")
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    assert refused(lambda: says_yes(door, run, cara)) is Code.PAUSED
    rulebook.resume(by=By(words="a test"))
    in_force(busy, a_rule("Closed", closed=("00:00-24:00 UTC",)))
    assert refused(lambda: says_yes(door, run, cara)) is Code.CLOSED
    in_force(busy)
    other = a_run(state="running", deadline_at=clock.now() + timedelta(hours=1))
    assert refused(lambda: says_yes(door, run, cara)) is Code.BUSY
    assert (now_it_is(run), Answer.objects.count(), door.sender.sent) == (RunState.WAITING, 0, [])
    other.delete()
    says_yes(door, run, cara)
    assert now_it_is(run) == RunState.SENT


def test_a_waiting_run_does_not_count_as_running(door: Door) -> None:
    in_force(ruled(one_at_a_time=True))
    assert asked(door).state == asked(door, key="web:1:b").state == RunState.WAITING


def test_if_the_broker_is_down_the_run_waits_again_until_another_press_sends_it(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")
    until = run.deadline_at
    door.sender.fails = NotSent(unreachable())
    with pytest.raises(NothingSent) as caught:
        says_yes(door, run, cara)
    run.refresh_from_db()
    assert (run.state, run.not_sent_reason, run.sent_at) == (RunState.WAITING, caught.value.reason, None)
    assert run.deadline_at == until
    assert kinds(run) == ["progress", "root"]
    assert [one.run for one in waiting_for(door.admitted(cara)).first] == [run.pk]
    door.sender.fails = None
    follow(door.admitted(cara), RunId(run.pk))
    assert (door.sender.sent, now_it_is(run)) == ([], RunState.WAITING)
    says_yes(door, run, cara)  # the same button
    run.refresh_from_db()
    assert (run.state, run.not_sent_because, len(door.sender.sent)) == (RunState.SENT, "", 1)


def test_a_press_after_the_deadline_ends_the_run_as_lapsed(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")
    Run.objects.update(deadline_at=clock.now())
    assert waiting_for(door.admitted(cara)).first == ()
    for verb in (says_yes, says_no):
        with pytest.raises(NotWaiting):
            verb(door, run, cara)
    assert (now_it_is(run), door.sender.sent) == (RunState.LAPSED, [])
    assert kinds(run) == ["closed", "progress", "root"]


def test_stop_withdraws_a_waiting_run(door: Door) -> None:
    in_force(ruled(stop=("ops",)))
    ana, cara = person("ana"), person("cara", "leads")
    own, others, kept = (asked(door, ana, key=f"web:1:{key}") for key in "abc")
    assert stop.hindrance(door.platform, own, now=clock.now()) is None
    seen = door.admitted(ana).run(RunId(own.pk))
    assert seen is not None
    assert stop.denied(door.admitted(ana), seen) is None
    found = stop.stop(door.admitted(ana), RunId(own.pk))
    assert found is not None
    assert (found.state, found.stop_standing) == (RunState.WITHDRAWN, "never_sent")
    assert stop.stop(door.admitted(person("ops", "ops")), RunId(others.pk)) is not None
    assert refused(lambda: stop.stop(door.admitted(person("ben")), RunId(kept.pk))) is Code.RULE_STOP
    assert door.stopper.told == []
    assert kinds(own) == ["closed", "progress", "root"]
    with pytest.raises(NotWaiting):
        says_yes(door, own, cara)
    with pytest.raises(Ended):
        stop.stop(door.admitted(person("ops2", "ops")), RunId(own.pk))
    assert door.sender.sent == []


def test_a_stop_is_refused_with_the_reason_if_the_run_was_just_approved(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = person("ana")
    run = waiting(door, requester=ana)

    def approved_meanwhile(*_: object, **__: object) -> None:
        Run.objects.update(state=RunState.SENT)

    monkeypatch.setattr("bot.runs.stop.unsent.end", approved_meanwhile)
    with pytest.raises(CantStop) as caught:
        stop.stop(door.admitted(ana), RunId(run.pk))
    assert caught.value.reason.code is Code.JUST_APPROVED


def test_the_list_of_an_approver_has_what_they_may_approve_and_have_not_approved(door: Door) -> None:
    in_force(ruled(approvals=2))
    ana, cara = person("ana", "leads"), person("cara", "leads")
    run = asked(door, ana)

    def listed(actor: Actor) -> list[int]:
        return [one.run for one in waiting_for(door.admitted(actor)).first]

    assert listed(cara) == [run.pk]
    assert listed(ana) == listed(person("ben")) == []
    one = waiting_for(door.admitted(cara)).first[0]
    assert (one.mark, one.name, one.changes[0].new) == (mark(run), "ana", "30")
    says_yes(door, run, cara)
    assert listed(cara) == []
    assert listed(person("dora", "leads")) == [run.pk]
    in_force(replace(TWO_PAIRS_OF_EYES, see=("finance",)))
    assert listed(person("eve", "leads")) == []
