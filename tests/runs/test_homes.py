"""Home tabs: what they show, which of them are published again, and how many queries the look for changes takes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bot.core.model import SlackUserId
from bot.core.ports import InstallationRefused, NotDelivered, RateLimited
from bot.models import Favourite, Home, Run
from bot.runs import cleanup, clock, favourites, homes, own
from bot.runs.gate import Gate
from bot.runs.homes import Contents, Refreshing
from bot.runs.refusals import NotAllowed
from tests.factories import ADA, INSTALLATION, NOW, a_run, slack_says
from tests.fakes import FakeMessenger
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force

BEN = SlackUserId("U0BEN")


def contents(door: Door) -> Contents:
    return homes.contents(door.admitted())


def started(door: Door, **fields: object) -> Run:
    return a_run(**{"user_id": door.actor.user, **fields})


def an_open_home(door: Door, *, now: datetime = NOW, account: SlackUserId = ADA) -> Home:
    """A Home tab that was published at this moment."""
    homes.opened(INSTALLATION, account, now=now)
    published(door, now=now, account=account)
    return Home.objects.get(slack_user=account)


def published(door: Door, *, now: datetime = NOW, account: SlackUserId = ADA) -> None:
    marks = contents(door).marks
    user = door.actor.user
    homes.published(INSTALLATION, account, user=user, version="1.a", marks=marks, now=now)


def changed(now: datetime = NOW) -> list[str]:
    return [home.slack_user for home in homes.changed(INSTALLATION, now)]


def test_the_last_runs_are_the_readers_own_that_have_ended(door: Door) -> None:
    other = get_user_model().objects.create_user("ben")
    a_run(user=other, state="finished")
    ended = [started(door, state=state) for state in ("finished", "not_sent", "withdrawn", "unseen")]
    going = started(door, state="running", status="STARTED")
    found = contents(door)
    assert [run.run for run in found.last] == [run.pk for run in reversed(ended)]
    assert [run.run for run in found.now.first] == [going.pk]
    assert set(found.marks) == {str(run.pk) for run in (*ended, going)}


def test_people_who_are_not_staff_are_refused(door: Door) -> None:
    with pytest.raises(NotAllowed):
        homes.contents(door.admitted(replace(door.actor, is_staff=False)))


def test_a_reader_from_whom_all_schedules_are_hidden_sees_that_there_are_none(door: Door) -> None:
    assert contents(door).has_schedules
    in_force(a_rule(see=("finance",)))
    assert not contents(door).has_schedules


def test_a_run_of_a_hidden_schedule_does_not_cause_another_publication(door: Door) -> None:
    in_force(a_rule(see=("finance",)))
    started(door, state="running")
    an_open_home(door)
    assert (contents(door).last, contents(door).now.first) == ((), ())
    assert changed() == []


def test_a_home_takes_as_many_queries_with_many_runs_as_with_few(door: Door) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            contents(door)
        return len(found)

    favourites.add(door.admitted(), door.request.schedule)
    clock.now()
    started(door, state="finished")
    few = queries()
    for _ in range(50):
        started(door, state="finished")
    assert queries() == few
    found = contents(door)
    assert (len(found.last), len(found.marks)) == (homes.LAST, homes.LOOKED_AT)
    if connection.vendor == "sqlite":
        plan = own.of(door.actor.user)[: homes.LOOKED_AT].explain()
        assert "runtask_run_own (user_id>? AND user_id<?)" in plan
        assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda door, run: started(door), id="a new run"),
        pytest.param(lambda door, run: Run.objects.filter(pk=run.pk).update(state="finished"), id="an end"),
        pytest.param(lambda door, run: Run.objects.filter(pk=run.pk).update(status="PROGRESS"), id="another status"),
        pytest.param(lambda door, run: Run.objects.filter(pk=run.pk).update(stop_asked_at=NOW), id="a stop"),
        pytest.param(lambda door, run: run.delete(), id="a run that is deleted"),
        pytest.param(lambda door, run: homes.owe(INSTALLATION, ADA, now=NOW), id="something else"),
    ],
)
def test_a_home_is_published_again_if_a_run_of_its_reader_changes(
    door: Door, change: Callable[[Door, Run], object]
) -> None:
    run = started(door, state="running")
    an_open_home(door)
    assert changed() == []
    change(door, run)
    assert changed() == [ADA]
    published(door)
    assert changed() == []


def test_runs_of_others_publish_nothing(door: Door) -> None:
    other = get_user_model().objects.create_user("ben")
    theirs = a_run(user=other, state="running")
    an_open_home(door)
    a_run(user=other)
    Run.objects.filter(pk=theirs.pk).update(state="finished")
    assert changed() == []


def test_an_open_run_is_followed_however_many_runs_are_newer(door: Door) -> None:
    slow = started(door, state="running")
    for _ in range(homes.LOOKED_AT + 5):
        started(door, state="finished")
    an_open_home(door)
    Run.objects.filter(pk=slow.pk).update(state="finished")
    assert changed() == [ADA]


def test_a_home_opened_long_ago_or_of_another_installation_is_not_published(door: Door) -> None:
    an_open_home(door)
    started(door)
    assert changed(NOW + homes.RECENT - timedelta(seconds=1)) == [ADA]
    assert changed(NOW + homes.RECENT) == []
    Home.objects.update(installation="T0002/A0001")
    assert changed() == []


def test_for_people_who_may_see_nothing_a_home_never_changes(door: Door) -> None:
    homes.opened(INSTALLATION, BEN, now=NOW)
    homes.published(INSTALLATION, BEN, user=None, version="1.a", marks={}, now=NOW)
    started(door)
    assert changed() == []


def test_the_look_for_changes_takes_three_queries_or_one_without_open_homes(door: Door) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            homes.changed(INSTALLATION, NOW)
        return len(found)

    assert queries() == 1
    for number in range(5):
        started(door, state="finished")
        an_open_home(door, account=SlackUserId(f"U{number}"))
    for _ in range(50):
        started(door, state="finished")
    assert queries() == 3
    for number in range(homes.CHECKED):
        homes.opened(INSTALLATION, SlackUserId(f"V{number}"), now=NOW - homes.CLAIM)
    Home.objects.filter(user=None).update(user_id=door.actor.user)
    assert queries() == 3
    if connection.vendor == "sqlite":
        recent = Home.objects.filter(installation=INSTALLATION, opened_at__gt=NOW).order_by("-opened_at")[:9].explain()
        assert "runtask_home_opened (installation=? AND opened_at>?)" in recent


def test_the_newest_run_of_each_user_is_found(door: Door) -> None:
    users = [get_user_model().objects.create_user(f"user-{number}") for number in range(homes.CHECKED)]
    newest = {}
    for number in range(10):
        newest[users[number % 3].pk] = a_run(user=users[number % 3]).pk
    assert own.newest_of({user.pk for user in users}) == newest
    assert own.newest_of(()) == {}


def test_only_one_process_publishes_a_home_and_its_claim_ends(door: Door) -> None:
    home = an_open_home(door)
    assert homes.claim(home, NOW)
    assert not homes.claim(home, NOW)
    assert homes.claim(home, NOW + homes.CLAIM)
    published(door)
    Home.objects.update(hash="1.b")
    assert not homes.claim(home, NOW)  # it was published since it was read


def test_the_loop_leaves_a_home_that_was_just_opened_to_its_process(door: Door) -> None:
    homes.opened(INSTALLATION, ADA, now=NOW)
    assert changed() == []
    assert changed(NOW + homes.CLAIM) == [ADA]


def test_a_home_that_is_opened_again_keeps_its_row_and_its_version(door: Door) -> None:
    an_open_home(door)
    homes.opened(INSTALLATION, ADA, now=NOW + timedelta(hours=1))
    assert Home.objects.get().opened_at == NOW + timedelta(hours=1)
    assert homes.version(INSTALLATION, ADA) == "1.a"
    assert homes.version(INSTALLATION, BEN) == ""


@dataclass
class Publisher:
    """Notes whose Home was published, or raises the next error of `fails`."""

    fails: list[Exception] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    def __call__(self, user: SlackUserId) -> None:
        self.users.append(user)
        if self.fails:
            raise self.fails.pop(0)


@pytest.fixture
def gate() -> Gate:
    opened = Gate(FakeMessenger(), clock.last)
    opened.ask()
    return opened


def test_the_loop_publishes_changed_homes_and_continues_at_once_if_there_are_more(
    door: Door, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes, "BATCH", 2)
    now, publish = clock.now(), Publisher()
    for number in range(3):
        an_open_home(door, now=now, account=SlackUserId(f"U{number}"))
    loop = Refreshing(gate, publish)
    assert (loop.step(), publish.users) == (homes.EVERY, [])
    started(door)
    assert (loop.step(), len(publish.users)) == (0.0, 2)
    assert (loop.step(), len(set(publish.users))) == (homes.EVERY, 3)


def test_without_a_valid_token_the_loop_makes_no_query(door: Door, gate: Gate) -> None:
    gate.is_open = False
    with CaptureQueriesContext(connection) as found:
        assert Refreshing(gate, Publisher()).step() == homes.EVERY
    assert len(found) == 0


def test_the_loop_waits_as_long_as_slack_asks_for(door: Door, gate: Gate) -> None:
    for account in (ADA, BEN):
        an_open_home(door, now=clock.now(), account=account)
    started(door)
    publish = Publisher([RateLimited(slack_says("ratelimited"), 30.0)])
    assert Refreshing(gate, publish).step() == 30.0
    assert len(publish.users) == 1


def test_a_refused_token_shuts_the_gate(door: Door, gate: Gate) -> None:
    an_open_home(door, now=clock.now())
    started(door)
    assert Refreshing(gate, Publisher([InstallationRefused(slack_says("invalid_auth"))])).step() == homes.EVERY
    assert not gate.is_open


def test_a_home_that_can_not_be_published_does_not_block_the_others(door: Door, gate: Gate) -> None:
    for account in (ADA, BEN):
        an_open_home(door, now=clock.now(), account=account)
    started(door)
    publish = Publisher([NotDelivered(slack_says("internal_error"))])
    Refreshing(gate, publish).step()
    assert set(publish.users) == {ADA, BEN}


def test_rows_that_are_older_than_a_day_are_deleted(door: Door) -> None:
    an_open_home(door)
    an_open_home(door, account=BEN, now=NOW - timedelta(days=2))
    homes.forget_old(now=NOW)
    assert Home.objects.get().slack_user == ADA


def test_favourites_of_users_who_were_deleted_elsewhere_are_deleted(door: Door) -> None:
    favourites.add(door.admitted(), door.request.schedule)
    get_user_model().objects.create_user("ben")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE id = %s", [door.actor.user])
    cleanup.forget_gone_users()
    assert not Favourite.objects.exists()
