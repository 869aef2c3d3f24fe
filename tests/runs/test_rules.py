"""Rules in the permission check: a hidden schedule doesn't exist anywhere, and people see a refusal before they press Run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from inspect import signature
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bot.core.audit import By
from bot.core.entry import Entry
from bot.core.model import Actor, ChannelId, Destination, Field, Place, RunId, ScheduleId, SlackAccount
from bot.core.reasons import Code
from bot.core.rules import Notify, Rule, RuleBook
from bot.core.status import RunState
from bot.models import Run, SiteState, StoredRule
from bot.runs import again, clock, rulebook, see, start, stop
from bot.runs.follow import follow
from bot.runs.refusals import Gone, NoRunYet, NoSuchRun, NotAllowed, Refused
from bot.runs.rulebook import Unreadable
from tests.factories import ADA, CHANNEL, INSTALLATION, TEAM, a_run, a_schedule
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, asked, in_force, person

SECRET = a_rule("Finance only", see=("finance",))
SEVEN = ScheduleId(7)


def refusal(door: Door, actor: Actor, **changes: Any) -> Code:
    with pytest.raises(NotAllowed) as caught:
        door.start(asked(actor, **changes), actor)
    assert door.sender.sent == []
    return caught.value.denied.code


def test_a_hidden_schedule_exists_nowhere(door: Door) -> None:
    in_force(SECRET)
    run, ben = a_run(state="finished"), person("ben", "support")
    Run.objects.filter(pk=run.pk).update(user_id=ben.user)  # also a run of their own
    assert not see.has_schedules(door.admitted(ben))
    assert see.find(door.admitted(ben), "", 10).total == 0
    assert see.named(door.admitted(ben), "nightly report") == (None, 0)
    assert see.preview(door.admitted(ben), SEVEN) is None
    assert follow(door.admitted(ben), RunId(run.pk)) is None
    assert stop.stop(door.admitted(ben), RunId(run.pk)) is None
    with pytest.raises(NoSuchRun):
        again.preview(door.admitted(ben), RunId(run.pk))
    with pytest.raises(NoRunYet):
        again.own_last(door.admitted(ben))
    for check in (lambda request, who: start.check(door.admitted(who), request), door.start):
        with pytest.raises(Gone):
            check(asked(ben), ben)
    with pytest.raises(Gone):
        door.start(asked(ben, again=RunId(run.pk)), ben)
    assert door.sender.sent == []


def test_a_hidden_schedule_costs_as_many_queries_as_an_unknown_one(door: Door) -> None:
    in_force(SECRET, *(a_rule(f"rule {number}", tasks=(f"other{number}.*",)) for number in range(20)))
    run, ben, compared = RunId(a_run(state="finished").pk), person("ben"), list[tuple[str, str]]()
    book = rulebook.in_force().book

    class Counting(RuleBook):
        def of(self, name: str, task: str) -> tuple[Rule, ...]:
            compared.append((name, task))
            return super().of(name, task)

    rulebook._held = replace(rulebook._held, book=Counting(book.rules))
    costs = []
    for schedule in (SEVEN, ScheduleId(9)):
        compared.clear()
        with CaptureQueriesContext(connection) as queries:
            assert see.preview(door.admitted(ben), schedule) is None
        costs.append((len(queries), len(compared)))
    assert costs[0] == costs[1] == (2, 1)  # the queries are for the state of the site, and for groups
    costs = []
    for number in (run, RunId(run + 1)):
        compared.clear()
        with CaptureQueriesContext(connection) as queries:
            assert follow(door.admitted(ben), number) is None
        costs.append((len(queries), len(compared)))
    assert costs[0] == costs[1] == (3, 1)


def test_a_hidden_schedule_exists_for_its_group_and_for_superusers(door: Door) -> None:
    in_force(SECRET)
    run = a_run(state="finished")
    for actor in (person("fay", "finance"), person("root", is_superuser=True)):
        assert see.find(door.admitted(actor), "", 10).total == 1
        assert see.preview(door.admitted(actor), SEVEN) is not None
        assert follow(door.admitted(actor), RunId(run.pk)) is not None


def test_a_repeated_key_does_not_reveal_a_run_that_is_hidden_now(door: Door) -> None:
    ben = person("ben", "finance")
    request = asked(ben)
    door.start(request, ben)
    in_force(SECRET)
    door.sender.sent.clear()
    with pytest.raises(Gone):
        door.start(request, person("other ben"))


def test_a_press_that_is_repeated_is_answered_though_a_rule_would_refuse_it_now(door: Door) -> None:
    ben = person("ben")
    first = door.start(asked(ben), ben)
    in_force(a_rule(run=("finance",), one_at_a_time=True))
    assert door.start(asked(ben), ben).pk == first.pk
    assert len(door.sender.sent) == 1


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (a_rule(run=("finance",)), Code.RULE_RUN),
        (a_rule(entries=(Entry.SLACK, Entry.API)), Code.RULE_ENTRIES),
        (a_rule(closed=("00:00-24:00 UTC",)), Code.CLOSED),
    ],
)
def test_a_refusal_is_shown_when_a_schedule_is_picked_and_when_it_is_run(door: Door, rule: Any, expected: Code) -> None:
    in_force(rule)
    ben = person("ben")
    preview = see.preview(door.admitted(ben), SEVEN)
    assert preview is not None
    assert preview.limits.denied is not None
    assert preview.limits.denied.code is expected
    assert refusal(door, ben) is expected


def test_runs_from_slack_keep_to_their_channels(door: Door) -> None:
    in_force(a_rule(channels=("C9",)))
    ada = door.actor
    elsewhere, here = (
        see.preview(door.admitted(ada), SEVEN, CHANNEL),
        see.preview(door.admitted(ada), SEVEN, ChannelId("C9")),
    )
    assert elsewhere is not None
    assert here is not None
    assert elsewhere.limits.denied is not None
    assert here.limits.denied is None
    with pytest.raises(NotAllowed):
        door.start()
    with pytest.raises(NotAllowed):
        door.start(replace(door.request, destination=None))
    there = Destination(
        installation=INSTALLATION,
        place=Place(channel=ChannelId("C9")),
        requester=SlackAccount(team=TEAM, user=ADA),
    )
    assert door.start(replace(door.request, destination=there)).state == RunState.SENT


def test_a_pause_refuses_every_new_run_and_nothing_else(door: Door) -> None:
    root, run = person("root", is_superuser=True), a_run()
    rulebook.pause("the books are closed", by=By(words="a test"), user=root.user, now=clock.now())
    assert refusal(door, root) is Code.PAUSED
    preview = see.preview(door.admitted(root), SEVEN)
    assert preview is not None
    assert preview.limits.denied is not None
    assert preview.limits.denied.params == {"reason": "the books are closed"}
    assert stop.stop(door.admitted(root), RunId(run.pk)) is not None
    assert rulebook.resume(by=By(words="a test"))
    assert not rulebook.resume(by=By(words="a test"))
    assert door.start(asked(root), root).state == RunState.SENT


DAYS = {"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]}


@pytest.mark.parametrize("kwargs", ['{"days": 9999}', '{"days": "9999"}', '{"days": [99]}', "{}"])
def test_a_value_that_a_rule_forbids_is_named_at_its_field(door: Door, kwargs: str) -> None:
    in_force(a_rule(arguments=DAYS))
    ben = person("ben")
    for check in (lambda request, who: start.check(door.admitted(who), request), door.start):
        with pytest.raises(Refused) as caught:
            check(asked(ben, kwargs=kwargs), ben)
        assert [problem.field for problem in caught.value.problems] == [Field.KWARGS]
    door.catalog.signatures["reports.tasks.nightly"] = signature(lambda days: None)
    with pytest.raises(Refused) as caught:
        door.start(asked(ben, args="[9999]", kwargs="{}"), ben)
    assert [problem.field for problem in caught.value.problems] == [Field.ARGS]
    assert door.sender.sent == []


def test_a_rule_checks_stored_values_too_and_the_form_says_so(door: Door) -> None:
    in_force(a_rule(arguments=DAYS))
    door.catalog.schedules[SEVEN] = a_schedule(kwargs='{"days": 365}')
    ben = person("ben")
    preview = see.preview(door.admitted(ben), SEVEN)
    assert preview is not None
    assert [problem.code for problem in preview.limits.problems] == [Code.RULE_REFUSES_VALUE]
    with pytest.raises(Refused):
        door.start(asked(ben, args=None, kwargs=None), ben)


def test_a_rule_checks_the_values_of_an_earlier_run_too(door: Door) -> None:
    in_force(a_rule(arguments=DAYS))
    run, ben = a_run(state="finished", kwargs='{"days": 365}'), person("ben")
    _, fill = again.preview(door.admitted(ben), RunId(run.pk))
    assert fill.again is not None
    assert [problem.code for problem in fill.again.problems] == [Code.RULE_REFUSES_VALUE]
    with pytest.raises(Refused):
        door.start(asked(ben, args=None, kwargs=None, fingerprint=None, again=RunId(run.pk)), ben)


def test_a_reason_is_asked_for_and_kept(door: Door) -> None:
    in_force(a_rule(reason=True, notify=Notify.FAILURE, mention=("S1",)))
    ben = person("ben")
    preview = see.preview(door.admitted(ben), SEVEN)
    assert preview is not None
    assert preview.limits.reason_for == "r"
    for reason, code in (("", Code.REASON_MISSING), ("  ", Code.REASON_MISSING), ("x" * 501, Code.REASON_TOO_LONG)):
        with pytest.raises(Refused) as caught:
            door.start(asked(ben, reason=reason), ben)
        assert [(one.field, one.code) for one in caught.value.problems] == [(Field.REASON, code)]
    run = door.start(asked(ben, reason=" month's end "), ben)
    assert (run.reason, run.notify, run.mention) == ("month's end", "failure", ["S1"])


def test_one_at_a_time_counts_every_open_run(door: Door) -> None:
    in_force(a_rule(one_at_a_time=True))
    ben = person("ben")
    for state in ("queued", "sent", "unknown", "running", "overdue"):
        run = a_run(state=state, deadline_at=clock.now() + timedelta(hours=1))
        assert refusal(door, ben) is Code.BUSY
        preview = see.preview(door.admitted(ben), SEVEN)
        assert preview is not None
        assert preview.limits.denied is not None
        assert preview.limits.denied.params == {"rule": "r", "run": run.pk}
        Run.objects.filter(pk=run.pk).update(state="finished")
    a_run(schedule_id=8)
    assert door.start(asked(ben), ben).state == RunState.SENT


def test_a_rule_says_who_may_stop_a_run(door: Door) -> None:
    in_force(a_rule(stop=("ops",), kill=False))
    door.may_kill = True
    run = RunId(a_run().pk)
    with pytest.raises(NotAllowed) as caught:
        stop.stop(door.admitted(person("ben")), run)
    assert caught.value.denied.code is Code.RULE_STOP
    with pytest.raises(NotAllowed) as caught:
        stop.stop(door.admitted(person("root", is_superuser=True)), run, kill=True)
    assert caught.value.denied.code is Code.RULE_KILL
    assert stop.stop(door.admitted(person("ops", "ops")), run) is not None


def test_a_request_reads_one_row_and_no_rules_again(door: Door) -> None:
    in_force(*(a_rule(f"rule {number}", tasks=(f"other{number}.*",)) for number in range(20)))
    ben = person("ben")
    see.find(door.admitted(ben), "", 10)
    with CaptureQueriesContext(connection) as asked_for:
        see.find(door.admitted(ben), "n", 10)
    assert len(asked_for) == 1
    assert "sitestate" in asked_for[0]["sql"]


def test_changed_rules_are_in_force_at_once(door: Door) -> None:
    ben = person("ben")
    changes: list[tuple[Callable[[], object], int]] = [
        (lambda: in_force(SECRET), 0),
        (lambda: StoredRule.objects.all().delete(), 1),
        (lambda: StoredRule(name="x", body='{"tasks": ["*"], "see": ["a"]}').save(), 0),
        (in_force, 1),
    ]
    for change, visible in changes:
        change()
        assert see.find(door.admitted(ben), "", 10).total == visible


@pytest.mark.parametrize("body", ["{", "[]", '{"tasks": ["*"], "colour": "red"}', '{"tasks": "*"}', "null"])
def test_a_rule_that_can_not_be_read_stops_everything(door: Door, body: str) -> None:
    StoredRule(name="from tomorrow", body=body).save()
    with pytest.raises(Unreadable, match="from tomorrow"):
        see.find(door.admitted(person("root", is_superuser=True)), "", 10)


def test_rules_come_back_from_the_database_as_they_were(db: None) -> None:
    rules = [a_rule("B", arguments=DAYS, approval_hours=0.5), a_rule("a", schedules=("ä*",), kill=False)]
    in_force(*rules)
    assert rulebook.stored() == rules
    in_force(*reversed(rules))
    assert rulebook.stored() == rules[::-1]
    assert SiteState.objects.count() == 1
