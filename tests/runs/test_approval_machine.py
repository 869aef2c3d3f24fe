"""People, rules, edits and presses in any order, over the real database. A model in this test says what may be sent."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.core.audit import By
from bot.core.model import Actor, RunId
from bot.core.ports import FateUnknown, NotSent
from bot.core.status import OPEN, RunState
from bot.models import Notice, Run, database_of
from bot.runs import clock, rulebook, stop
from bot.runs.actors import of_user
from bot.runs.approvals import Tending
from bot.runs.refusals import CantStop, Ended, NotAllowed, Refused
from tests.factories import a_schedule, an_actor, sealed, unreachable
from tests.fakes import FakeCatalog, FakeSender
from tests.runs.approving import SEVEN, asked, says_no, says_yes
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force, person

NAMES = ["ana", "twin", "ben", "cara", "dora", "root"]
IS = {"twin": "ana"}  # the account on the left belongs to the person on the right
GROUPS = {"leads", "ops"}
CHANGES = ["edit", "rules", "fewer", "ana leaves", "they leave", "pause", "nothing"]
names, runs = st.sampled_from(NAMES), st.integers(0, 5)


@dataclass
class Asked:
    """A run, as the model knows it."""

    pk: int
    by: str
    schedule: int  # the version of the schedule when the run was asked for
    rules: dict[str, int]  # how many approvals are needed, by group
    yes: set[str] = field(default_factory=set)


class Approvals(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic(using=database_of(Run))
        self.transaction.__enter__()
        self.sender = FakeSender()
        self.door = Door(FakeCatalog(), self.sender, an_actor())
        for name in NAMES:
            groups = sorted(GROUPS) if name in ("ana", "twin", "cara", "dora") else []
            person(name, *groups, email=f"{IS.get(name, name)}@example.com", is_superuser=name == "root")
        self.active, self.member = dict.fromkeys(NAMES, True), {name: name not in ("ben", "root") for name in NAMES}
        self.version, self.exists, self.paused, self.broker = 0, True, False, "takes"
        self.asking: dict[str, int] = {}
        self.asked: list[Asked] = []
        self.count = 0
        self.change_rules(leads=1, ops=0)
        self.edit()
        self.ask("ana")

    def teardown(self) -> None:
        transaction.set_rollback(True, using=database_of(Run))
        self.transaction.__exit__(None, None, None)

    # What changes around the runs

    @rule(leads=st.integers(0, 2), ops=st.integers(0, 1))
    def change_rules(self, leads: int, ops: int) -> None:
        self.asking = {group: number for group, number in (("leads", leads), ("ops", ops)) if number}
        in_force(*(a_rule(group, approvals=number, approvers=(group,)) for group, number in self.asking.items()))

    @rule()
    def edit(self) -> None:
        self.version += 1
        self.exists = True
        kwargs = f'{{"days": {self.version}}}'
        self.door.catalog.schedules[SEVEN] = a_schedule(kwargs=kwargs, fingerprint=f"f{self.version}")

    @rule(name=names)
    def turn_on_or_off(self, name: str) -> None:
        self.active[name] = not self.active[name]
        get_user_model().objects.filter(username=name).update(is_active=self.active[name])

    @rule(name=st.sampled_from(["cara", "dora", "twin"]))
    def join_or_leave(self, name: str) -> None:
        self.member[name] = not self.member[name]
        user: Any = get_user_model().objects.get(username=name)
        user.groups.set(Group.objects.filter(name__in=GROUPS) if self.member[name] else [])

    @rule()
    def pause_or_resume(self) -> None:
        self.paused = not self.paused
        if self.paused:
            rulebook.pause("p", by=By(words="a test"), user=None, now=clock.now())
        else:
            rulebook.resume(by=By(words="a test"))

    @rule()
    def all_is_well_again(self) -> None:
        for name in NAMES:
            if not self.active[name]:
                self.turn_on_or_off(name)
        if self.paused:
            self.pause_or_resume()
        self.the_broker("takes")

    @rule(mode=st.sampled_from(["takes", "refuses", "is silent"]))
    def the_broker(self, mode: str) -> None:
        self.broker = mode
        fails: dict[str, Exception | None] = {
            "refuses": NotSent(unreachable()),
            "is silent": FateUnknown(unreachable()),
        }
        self.sender.fails = fails.get(mode)

    @rule(index=runs)
    def time_passes(self, index: int) -> None:
        if (one := self._one(index)) is not None:
            Run.objects.filter(pk=one.pk, state=RunState.WAITING).update(deadline_at=clock.now())

    @rule()
    def tend(self) -> None:
        before = clock.now()
        Tending(self.door.platform).step()
        for run in Run.objects.filter(state=RunState.WAITING):
            assert run.deadline_at > before
            assert self.active[self._of(run.pk).by]

    # What people do

    @precondition(lambda self: len(self.asked) < 6 and self.asking)
    @rule(name=names)
    def ask(self, name: str) -> None:
        self.count += 1
        if not self.active[name] or self.paused:
            return
        fingerprint = sealed(f"f{self.version}")
        run = asked(
            self.door, self._actor(name), key=f"web:{self.count}", kwargs='{"days": 99}', fingerprint=fingerprint
        )
        assert run.state == RunState.WAITING
        self.asked.append(Asked(run.pk, name, self.version, dict(self.asking)))

    @rule(name=names, index=runs)
    def say_yes(self, name: str, index: int) -> None:
        if (one := self._one(index)) is None:
            return
        before, row = len(self.sender.sent), Run.objects.get(pk=one.pk)
        will = self._would_count(name, one) and row.state == RunState.WAITING and row.deadline_at > clock.now()
        will = will and self._holds(one)
        if will:
            one.yes.add(name)
        with contextlib.suppress(NotAllowed, Refused):
            says_yes(self.door, row, self._actor(name))
        row.refresh_from_db()
        if len(self.sender.sent) > before:
            assert will
            assert self._is_enough(one)
            assert self.sender.sent[before].kwargs == {"days": 99}
            assert self.sender.sent[before].task_id == row.task_id
        elif will and self._is_enough(one):
            expected = {"takes": RunState.SENT, "refuses": RunState.WAITING, "is silent": RunState.UNKNOWN}
            assert row.state == expected[self.broker]
        elif will:
            assert row.state == RunState.WAITING

    @rule(index=runs)
    def everybody_says_yes(self, index: int) -> None:
        for name in ("ana", "twin", "ben", "cara", "dora"):
            self.say_yes(name, index)

    @precondition(lambda self: len(self.asked) < 6 and self.asking)
    @rule(name=st.sampled_from(["cara", "dora", "root"]), change=st.sampled_from(CHANGES), rules=st.integers(1, 2))
    def ask_and_change_something(self, name: str, change: str, rules: int) -> None:
        """Makes one change to a run that would be sent otherwise. Random steps seldom find this case."""
        self.all_is_well_again()
        self.change_rules(leads=rules, ops=0)
        self.ask("ana")
        if not self.member[name] and name != "root":
            self.join_or_leave(name)
        if rules == 2:
            self.say_yes(name, 0)
        {  # type: ignore[no-untyped-call]  # hypothesis wraps it
            "edit": self.edit,
            "rules": lambda: self.change_rules(leads=rules, ops=1),
            "fewer": lambda: self.change_rules(leads=1, ops=0),
            "ana leaves": lambda: self.turn_on_or_off("ana"),
            "they leave": lambda: self.turn_on_or_off(name),
            "pause": self.pause_or_resume,
            "nothing": lambda: None,
        }[change]()
        self.say_yes("twin", 0)
        self.say_yes("dora" if name == "cara" else "cara", 0)

    @rule(name=names, index=runs)
    def say_no(self, name: str, index: int) -> None:
        if (one := self._one(index)) is None:
            return
        row, may = Run.objects.get(pk=one.pk), self._would_count(name, one)
        waits = row.state == RunState.WAITING and row.deadline_at > clock.now()
        with contextlib.suppress(NotAllowed, Refused):
            says_no(self.door, row, self._actor(name))
        row.refresh_from_db()
        ended = RunState.DECLINED if self.asking else RunState.WITHDRAWN  # without a rule, nobody's answer counts
        assert not may or not waits or row.state == ended

    @rule(index=runs)
    def withdraw(self, index: int) -> None:
        if (one := self._one(index)) is None or not self.active[one.by]:
            return
        waits = Run.objects.filter(pk=one.pk, state=RunState.WAITING).exists()
        try:
            stop.stop(self.door.admitted(self._actor(one.by)), RunId(one.pk))
        except (NotAllowed, Ended, CantStop):
            assert not waits
        if waits:
            assert Run.objects.get(pk=one.pk).state == RunState.WITHDRAWN

    # What always holds

    @invariant()
    def nothing_is_sent_twice_and_every_end_is_told(self) -> None:
        sent = [str(dispatch.task_id) for dispatch in self.sender.sent]
        assert len(sent) == len(set(sent))
        for run in Run.objects.all():
            kinds = set(Notice.objects.filter(run=run, recipient=None).values_list("kind", flat=True))
            assert "root" in kinds
            assert sent.count(run.task_id) == (run.state == RunState.SENT)
            assert ("id" in kinds) == (run.state in OPEN)
            assert ("closed" in kinds) == (run.state in (RunState.DECLINED, RunState.LAPSED, RunState.WITHDRAWN))

    def _one(self, index: int) -> Asked | None:
        """Chooses a run. The newest come first, because most of the others have ended."""
        return self.asked[-1 - index % len(self.asked)] if self.asked else None

    def _of(self, pk: int) -> Asked:
        return next(one for one in self.asked if one.pk == pk)

    def _actor(self, name: str) -> Actor:
        return of_user(get_user_model().objects.get(username=name))

    def _would_count(self, name: str, one: Asked) -> bool:
        """Says whether this person may answer, by the rules that are in force now."""
        is_other = IS.get(name, name) != IS.get(one.by, one.by)
        return is_other and self.active[name] and (not self.asking or self.member[name] or name == "root")

    def _holds(self, one: Asked) -> bool:
        """Says whether nothing has changed since the run was asked for, and nothing forbids to send it now."""
        return self.active[one.by] and not self.paused and self.version == one.schedule and self.asking == one.rules

    def _is_enough(self, one: Asked) -> bool:
        people = {IS.get(name, name) for name in one.yes if self._would_count(name, one)}
        return all(len(people) >= needed for needed in one.rules.values())


@pytest.mark.django_db
def test_in_any_order_of_steps_a_run_is_sent_only_as_approved() -> None:
    run_state_machine_as_test(Approvals, settings=settings(stateful_step_count=30))
