"""People who can never approve a run, and approvals that never count."""

from dataclasses import replace

import pytest

from bot.core.entry import Entry
from bot.core.model import RunId, SlackAccount, SlackUserId
from bot.core.ports import FateUnknown
from bot.core.reasons import Code
from bot.core.rights import Action
from bot.core.status import RunState
from bot.models import Answer
from bot.runs import approve
from bot.runs.budget import Budget
from bot.runs.refusals import MaybeSent, NothingSent, NotWaiting, Void
from tests.factories import TEAM, a_run, unreachable
from tests.runs.approving import (
    TWO_PAIRS_OF_EYES,
    asked,
    kinds,
    mark,
    now_it_is,
    refused,
    says_no,
    says_yes,
    user,
    waiting,
)
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force, person

pytestmark = pytest.mark.django_db


def test_nobody_approves_their_own_run(door: Door) -> None:
    in_force(a_rule("Anybody", approvals=1))
    ana = person("ana", email="ana@example.com", is_superuser=True)
    run = asked(door, ana)
    twin = person("ana.admin", email="ANA@example.com", is_superuser=True)
    assert refused(lambda: says_yes(door, run, ana)) is Code.OWN_RUN
    assert refused(lambda: says_no(door, run, ana)) is Code.OWN_RUN
    assert refused(lambda: says_yes(door, run, twin)) is Code.OWN_RUN
    by_slack = replace(door.actor, user=ana.user, slack=SlackAccount(team=TEAM, user=SlackUserId("U0ANA2")))
    assert refused(lambda: says_yes(door, run, by_slack)) is Code.OWN_RUN  # another account that is linked to her
    moved = replace(person("ben"), slack=door.actor.slack, profile=door.actor.profile, team=TEAM)
    assert refused(lambda: says_yes(door, run, moved)) is Code.OWN_RUN  # her Slack account, linked to somebody else now
    assert now_it_is(run) == RunState.WAITING
    assert not Answer.objects.exists()


def test_no_script_approves_a_run(door: Door) -> None:
    run = waiting(door)
    script = replace(person("cara", "leads"), entry=Entry.API)
    assert refused(lambda: says_yes(door, run, script)) is Code.NOT_BY_API
    assert refused(lambda: says_no(door, run, script)) is Code.NOT_BY_API


def test_nobody_approves_without_the_right_at_that_moment(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")
    assert refused(lambda: says_yes(door, run, person("ben"))) is Code.RULE_APPROVE
    assert refused(lambda: says_yes(door, run, replace(cara, is_active=False))) is Code.INACTIVE
    hidden = replace(TWO_PAIRS_OF_EYES, see=("finance",))
    in_force(hidden)
    assert says_yes(door, run, cara) is None  # for her, there is no such run any more
    assert says_no(door, run, cara) is None
    assert now_it_is(run) == RunState.WAITING  # a refused answer changes nothing


def test_a_button_of_another_run_or_payload_approves_nothing(door: Door) -> None:
    run, other, cara = waiting(door), waiting(door, key="web:1:b"), person("cara", "leads")
    for wrong in (mark(other), "", "ä"):
        assert refused(lambda: says_yes(door, run, cara, of=wrong)) is Code.OTHER_REQUEST  # noqa: B023
    assert refused(lambda: approve.decline(door.admitted(cara), RunId(run.pk), mark(other), "no")) is Code.OTHER_REQUEST
    plain = a_run()
    with pytest.raises(NotWaiting):
        approve.approve(door.admitted(cara), RunId(plain.pk), "", Budget())
    assert {now_it_is(run), now_it_is(other)} == {RunState.WAITING}


def test_each_person_counts_once_so_two_approvals_need_two_people(door: Door) -> None:
    in_force(replace(TWO_PAIRS_OF_EYES, approvals=2))
    run = asked(door)
    cara, dora = person("cara", "leads", email="c@x"), person("dora", "leads", email="d@x")
    for _ in range(2):
        found = says_yes(door, run, cara)
        assert found is not None
        assert found.state == RunState.WAITING
    says_yes(door, run, person("cara2", "leads", email="C@x"))  # her other account
    assert now_it_is(run) == RunState.WAITING
    assert door.sender.sent == []
    says_yes(door, run, dora)
    assert now_it_is(run) == RunState.SENT


def test_a_yes_of_somebody_who_has_lost_the_right_since_does_not_count(door: Door) -> None:
    in_force(replace(TWO_PAIRS_OF_EYES, approvals=2))
    run, cara, dora, eve = asked(door), *(person(name, "leads") for name in ("cara", "dora", "eve"))
    says_yes(door, run, cara)
    user(cara).update(is_active=False)
    says_yes(door, run, dora)
    assert now_it_is(run) == RunState.WAITING
    user(dora).get().groups.clear()
    says_yes(door, run, eve)
    assert now_it_is(run) == RunState.WAITING
    user(cara).update(is_active=True)
    says_yes(door, run, eve)
    assert now_it_is(run) == RunState.SENT


def test_a_superuser_passes_the_list_of_approvers_as_one_person(door: Door) -> None:
    in_force(replace(TWO_PAIRS_OF_EYES, approvals=2))
    run, root = asked(door), person("root", is_superuser=True)
    says_yes(door, run, root)
    assert now_it_is(run) == RunState.WAITING
    says_yes(door, run, person("cara", "leads"))
    assert now_it_is(run) == RunState.SENT


def test_if_permissions_count_approvers_need_the_one_to_approve(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")
    without = replace(cara, rights=replace(cara.rights, permitted=frozenset({Action.SEE, Action.RUN})))
    assert refused(lambda: says_yes(door, run, without)) is Code.NO_PERMISSION
    assert now_it_is(run) == RunState.WAITING


def test_a_press_that_has_timed_out_sends_nothing(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")
    budget = Budget()
    budget.shut()
    with pytest.raises(NothingSent):
        approve.approve(door.admitted(cara), RunId(run.pk), mark(run), budget)
    assert (now_it_is(run), door.sender.sent) == (RunState.WAITING, [])


def test_a_run_of_unknown_fate_never_waits_again(door: Door) -> None:
    run, cara = waiting(door), person("cara", "leads")
    door.sender.fails = FateUnknown(unreachable())
    with pytest.raises(MaybeSent):
        says_yes(door, run, cara)
    assert now_it_is(run) == RunState.UNKNOWN
    door.sender.fails = None
    with pytest.raises(NotWaiting):
        says_yes(door, run, cara)
    assert door.sender.sent == []
    assert kinds(run) == ["id", "progress", "root"]


def test_a_press_that_another_one_has_overtaken_goes_by_the_rules_that_are_in_force_then(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, cara = waiting(door), person("cara", "leads")
    save = approve._saved_yes

    def overtaken(*_: object) -> None:
        monkeypatch.setattr(approve, "_saved_yes", save)
        in_force(a_rule("Six eyes", approvals=2, approvers=("leads",)))
        raise approve._Overtaken

    monkeypatch.setattr(approve, "_saved_yes", overtaken)
    with pytest.raises(Void):
        says_yes(door, run, cara)
    assert (now_it_is(run), door.sender.sent) == (RunState.WITHDRAWN, [])
