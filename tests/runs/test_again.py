"""Run again: the form shows the values of an earlier run, and exactly these are sent."""

import json
from dataclasses import replace
from datetime import timedelta
from inspect import signature
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from bot.core import kept
from bot.core.again import Again, Fill
from bot.core.changes import changes, since
from bot.core.model import Change, Field, RunId, ScheduleId
from bot.core.reasons import Code, Invalid
from bot.core.scrub import MASK
from bot.models import AuditRecord, Run, database_of
from bot.runs import again, basis, masks
from bot.runs.refusals import NoRunYet, NoSuchRun, NotAllowed, Orphaned
from tests.factories import ADA, TEAM, a_run, a_schedule, an_actor
from tests.fakes import FakeCatalog, FakeSender
from tests.runs.conftest import Door

SENT = {"args": "[1]", "kwargs": '{"days": 30, "token": "of-that-run"}'}


def ended(**fields: Any) -> Run:
    return a_run(**{"state": "finished", "status": "SUCCESS", "finished_at": timezone.now(), **SENT, **fields})


def shown(door: Door, run: Run) -> Again:
    _, fill = again.preview(door.admitted(), RunId(run.pk))
    assert fill.again is not None
    return fill.again


def fill(door: Door) -> Fill:
    return again.preview(door.admitted(), RunId(ended().pk))[1]


def test_a_form_shows_the_values_of_the_run_and_what_differs(door: Door) -> None:
    run = ended(
        changes=[{"name": "days", "old": "7", "new": "30"}], task="reports.tasks.old", options={"queue": "slow"}
    )
    found = shown(door, run)
    assert {field: value.compact for field, value in found.values.items()} == {
        "args": "[1]",
        "kwargs": f'{{"days": 30, "token": "{MASK}"}}',
    }
    assert found.differences == (
        Change(position=1, old=None, new="1"),
        Change(name="days", old="7", new="30"),
        Change(name="region", old='"EU"', new=None),
        Change(name="token", old=None, new=MASK),
    )
    assert found.since == (
        Change(position=1, old="1", new=None),
        Change(name="token", old=MASK, new=None),
        Change(name="region", old=None, new='"EU"'),
    )
    assert found.settings == (
        Change(name="task", old="reports.tasks.old", new="reports.tasks.nightly"),
        Change(name="queue", old="slow", new=None),
    )


def test_a_form_shows_no_differences_if_the_schedule_did_not_change(door: Door) -> None:
    """When the run was sent, the schedule's expiry had passed, so the message had none."""
    passed = timezone.now() - timedelta(days=9)
    stored = {"args": "[]", "kwargs": '{"days": 7, "region": "EU"}'}
    door.catalog.schedules[ScheduleId(7)] = a_schedule(columns={"priority": 3, "expires": passed})
    found = shown(door, ended(**stored, options={"priority": 3, "headers": {"runtask_requester": "ada"}}))
    assert (found.differences, found.since, found.settings) == ((), (), ())


TEXTS = st.text("abcxyz", max_size=12)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
NAMES = ["days", "token", "smtp_token", "nested", "note"]
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner), max_leaves=6
)
PLAIN_CALLS = st.tuples(st.lists(LEAVES, max_size=2), st.dictionaries(st.sampled_from("abc"), LEAVES, max_size=3))


@given(stored=PLAIN_CALLS, sent=PLAIN_CALLS, now=PLAIN_CALLS)
def test_changes_of_stored_values_are_found_from_the_runs_own_record(stored: Any, sent: Any, now: Any) -> None:
    made = changes(stored, sent, ("token",))
    found = {(one.position, one.name): (one.old, one.new) for one in since(sent, made, now, ("token",))}
    exact = {(one.position, one.name): (one.old, one.new) for one in changes(stored, now, ("token",))}
    assert found == exact


@given(kwargs=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4), args=st.lists(VALUES, max_size=3))
def test_an_unchanged_form_submits_exactly_the_values_of_the_run(kwargs: Any, args: Any) -> None:
    """The form shows texts with masks. If nobody changes them, they are read as the values that the run had sent."""
    run = Run(args=json.dumps(args), kwargs=json.dumps(kwargs), options={}, target={}, user_id=1)
    door = Door(FakeCatalog({}), FakeSender(), an_actor(user="1"))
    of_another = replace(a_schedule(), args=run.args, kwargs=run.kwargs), an_actor(user="2")
    for schedule, actor in ((a_schedule(), door.actor), of_another):
        filled = basis.of_run(door.platform, schedule, run, actor)
        texts = {field: value.text for field, value in filled.shown().items()}
        for field, value in filled.parsed(texts).items():
            assert json.dumps(value) == json.dumps({"args": args, "kwargs": kwargs}[field])
        assert filled.parsed(dict.fromkeys(texts)) == filled.parsed(texts)


@given(kwargs=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4), args=st.lists(VALUES, max_size=3))
def test_masks_lend_no_secret_of_somebody_elses_run(kwargs: Any, args: Any) -> None:
    """The schedule stores no secret, so others can send only what they see."""
    run = Run(args=json.dumps(args), kwargs=json.dumps(kwargs), options={}, target={}, user_id=1)
    door = Door(FakeCatalog({}), FakeSender(), an_actor())
    filled = basis.of_run(door.platform, replace(a_schedule(), kwargs="{}"), run, an_actor(user="2"))
    shown = {field: value.value for field, value in filled.shown().items()}
    for texts in ({field: value.text for field, value in filled.shown().items()}, dict.fromkeys(shown)):
        if kept.has_mask([*shown.values()]):
            with pytest.raises(Invalid) as refused:
                filled.parsed(texts)
            assert {problem.code for problem in refused.value.problems} == {Code.MASK_FOREIGN}
            named = [(of, place) for of, value in filled.shown().items() for place in value.foreign]
            assert sorted(named) == sorted((one.field, one.params["where"]) for one in refused.value.problems)
        else:
            assert filled.parsed(texts) == shown


def test_a_form_names_only_the_secrets_that_its_reader_can_not_send(door: Door) -> None:
    door.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs='{"token": "shared", "api_token": "of-today"}')
    run = ended(kwargs='{"token": "shared", "api_token": "of-that-run"}')
    assert shown(door, run).values[Field.KWARGS].foreign == ("api_token",)
    run.user_id = door.actor.user
    run.save()
    assert shown(door, run).values[Field.KWARGS].foreign == ()


def test_masks_stand_for_the_secrets_of_the_run(door: Door) -> None:
    door.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs='{"days": 7, "token": "of-the-schedule"}')
    run = ended(user_id=door.actor.user)
    request = replace(
        door.request,
        again=RunId(run.pk),
        kwargs=f'{{"days": 31, "token": "{MASK}"}}',
        fingerprint=shown(door, run).fingerprint,
    )
    assert json.loads(door.start(request).kwargs) == {"days": 31, "token": "of-that-run"}
    left_out = door.start(replace(request, key="slack:V2", args=None, kwargs=None))
    assert (left_out.args, left_out.kwargs) == (SENT["args"], SENT["kwargs"])


@pytest.mark.parametrize("typed", [None, f'["{MASK}"]', f'["{MASK}", 2]'], ids=["unchanged", "as shown", "edited"])
def test_a_value_that_was_secret_in_the_run_stays_secret(door: Door, typed: str | None) -> None:
    """The parameter has got a harmless name since."""
    door.catalog.signatures["reports.tasks.nightly"] = signature(lambda plain=0, days=0: None)
    run = ended(args='["abc"]', kwargs="{}", target={"parameters": ["token"]}, user_id=door.actor.user)
    found = shown(door, run)
    assert found.values[Field.ARGS].value == [MASK]
    new = door.start(replace(door.request, again=RunId(run.pk), args=typed, kwargs="{}", fingerprint=found.fingerprint))
    assert json.loads(new.args)[0] == "abc"
    assert masks.sent(new, ("token",))[Field.ARGS][0] == MASK
    assert "abc" not in json.dumps(new.changes)


def test_a_secret_of_the_headers_is_masked_in_what_the_thread_and_the_audit_log_say(door: Door) -> None:
    door.catalog.schedules[ScheduleId(7)] = a_schedule(
        kwargs='{"url": "https://h/?k=s3cr3t-abcdef"}', headers='{"api_token": "s3cr3t-abcdef"}'
    )
    run = door.start(replace(door.request, kwargs='{"url": "https://h/"}'))
    assert run.changes == [{"name": "url", "old": f'"https://h/?k={MASK}"', "new": '"https://h/"'}]
    assert "s3cr3t" not in json.dumps([record.details for record in AuditRecord.objects.all()])
    found = shown(door, ended(args="[]", kwargs='{"url": "s3cr3t-abcdef"}'))
    assert (found.differences[0].new, found.since[0].old) == (MASK, MASK)
    door.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs='{"url": "s3cr3t-abcdef"}')
    of_run = shown(door, ended(args="[]", kwargs="{}", options={"headers": {"api_token": "s3cr3t-abcdef"}}))
    assert (of_run.differences[0].old, of_run.since[0].new) == (MASK, MASK)


def test_people_without_the_right_and_unknown_runs_are_refused(door: Door) -> None:
    run, actor = ended(), door.actor
    with pytest.raises(NotAllowed):
        again.preview(door.admitted(an_actor(is_staff=False)), RunId(run.pk))
    for number in (run.pk + 1, 0, -1, 2**70):
        with pytest.raises(NoSuchRun):
            again.preview(door.admitted(actor), RunId(number))
    with pytest.raises(NoSuchRun):
        again.earlier_of(door.admitted(actor), a_schedule(id=ScheduleId(8)), RunId(run.pk))
    own = ended(user_id=actor.user)
    door.catalog.schedules.clear()
    with pytest.raises(Orphaned):
        again.preview(door.admitted(actor), RunId(own.pk))
    with pytest.raises(NoSuchRun):  # its schedule was deleted, and the actor isn't its requester
        again.preview(door.admitted(actor), RunId(run.pk))


def test_a_request_is_refused_if_its_run_has_another_schedule(door: Door) -> None:
    other = ended(schedule_id=8)
    with pytest.raises(NoSuchRun):
        door.start(replace(door.request, again=RunId(other.pk), fingerprint=None))
    assert door.sender.sent == []


def test_the_last_own_run_is_of_the_actor_and_from_any_entry(door: Door) -> None:
    actor = door.actor
    me = get_user_model().objects.get(pk=str(actor.user))
    with pytest.raises(NoRunYet):
        again.own_last(door.admitted(actor))
    ended(user=me)
    own = ended(user=me, installation="", team="", slack_user="")  # from the page, or by the API
    ended(user=get_user_model().objects.create_user("ben"))
    assert again.own_last(door.admitted(actor)) == own.pk


def test_the_menu_reads_a_bounded_number_of_runs(door: Door) -> None:
    """The number of runs and the planner's statistics make no difference."""
    for number in range(again.LOOKED_AT + 5):
        ended(kwargs=f'{{"days": {number}}}')
    found = fill(door).recent
    assert len(found) == again.SETS
    alias = database_of(Run)
    assert len(again.RECENT.rows(alias, schedule=7, state="finished")) == again.LOOKED_AT
    if connections[alias].vendor == "sqlite":
        plan = (
            Run.objects.filter(schedule_id=7, state__gte="finished", state__lte="finished")
            .order_by("-state", "-pk")[:20]
            .explain()
        )
        assert "runtask_run_schedule" in plan
        assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(("team", "named"), [(TEAM, ADA), ("T0002", "")])
def test_the_requester_is_mentioned_only_in_their_own_workspace(door: Door, team: str, named: str) -> None:
    run = ended(team=team, installation=f"{team}/A0001", changes=[])
    assert shown(door, run).run.requester == named


def test_stored_values_that_can_not_be_read_are_compared_with_nothing(door: Door) -> None:
    door.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs="{")
    found = shown(door, ended())
    assert (found.differences, found.since) == ((), ())
    assert door.start(replace(door.request, again=found.run.run, fingerprint=found.fingerprint)).state == "sent"
