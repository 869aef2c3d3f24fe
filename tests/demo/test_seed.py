"""The demo's first content is complete, and never overwrites people's changes."""

import json
from inspect import signature

import pytest
from celery import Celery, Task
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django_celery_beat.models import PeriodicTask

from bot.core.audit import By
from bot.runs import rulebook
from bot.runs.actors import of_user, with_groups
from runtask_demo import tasks
from runtask_demo.schedules import TIME_ZONE
from runtask_demo.seed import ENTRIES, many, seed

pytestmark = pytest.mark.django_db

BROKEN = {"Monthly tax report"}
UNKNOWN = {"Legacy nightly export"}
NAMES = [entry.name for entry in ENTRIES]


@pytest.fixture
def seeded() -> dict[str, PeriodicTask]:
    seed()
    return {row.name: row for row in PeriodicTask.objects.all()}


def registered() -> dict[str, Task]:
    return {task.name: task for task in vars(tasks).values() if isinstance(task, Task)}


def test_every_schedule_is_there_once(seeded: dict[str, PeriodicTask]) -> None:
    seed()
    assert sorted(PeriodicTask.objects.values_list("name", flat=True)) == sorted(NAMES)
    assert User.objects.count() == 4


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_is_valid_unless_it_is_the_broken_one(seeded: dict[str, PeriodicTask], name: str) -> None:
    row = seeded[name]
    row.full_clean()
    assert row.description
    assert isinstance(json.loads(row.args), list)
    if name in BROKEN:
        with pytest.raises(json.JSONDecodeError):
            json.loads(row.kwargs)
    else:
        assert isinstance(json.loads(row.kwargs), dict)


@pytest.mark.parametrize("name", sorted(set(NAMES) - BROKEN - UNKNOWN))
def test_each_schedules_task_takes_its_arguments(seeded: dict[str, PeriodicTask], name: str) -> None:
    row = seeded[name]
    signature(registered()[row.task].run).bind(*json.loads(row.args), **json.loads(row.kwargs))


def test_one_task_is_known_to_no_worker_and_each_known_one_has_a_schedule(seeded: dict[str, PeriodicTask]) -> None:
    used = {row.task for row in seeded.values()}
    assert used - set(registered()) == {seeded[name].task for name in UNKNOWN}
    assert set(registered()) - used == set()


def test_the_schedules_contain_each_kind_of_trouble(seeded: dict[str, PeriodicTask]) -> None:
    assert [name for name, row in seeded.items() if not row.enabled] == ["Close the month"]
    assert {row.queue for row in seeded.values()} == {None, "reports"}
    assert len(seeded["Send newsletter"].kwargs) > 3000
    assert "api_token" in seeded["Rotate partner key"].kwargs
    assert "12345678901234567890" in seeded["Book exchange rates"].kwargs
    assert "1.10" in seeded["Book exchange rates"].kwargs
    assert max(map(len, seeded)) > 75


def test_all_kinds_of_times_are_used_and_clock_times_are_local(seeded: dict[str, PeriodicTask]) -> None:
    kinds = {
        kind for row in seeded.values() for kind in ("interval", "crontab", "solar", "clocked") if getattr(row, kind)
    }
    assert kinds == {"interval", "crontab", "solar", "clocked"}
    assert {str(row.crontab.timezone) for row in seeded.values() if row.crontab} == {TIME_ZONE}


def test_changes_by_people_stay(seeded: dict[str, PeriodicTask]) -> None:
    report = seeded["Nightly sales report"]
    report.kwargs, report.enabled, report.description = '{"days": 30}', False, "mine"
    report.save()
    ana = User.objects.get(username="ana")
    ana.is_staff, ana.email = False, "ana@elsewhere.example"
    ana.save()
    admin = User.objects.get(username="admin")
    admin.set_password("better")
    admin.save()

    seed()
    report.refresh_from_db()
    ana.refresh_from_db()
    assert (report.kwargs, report.enabled, report.description) == ('{"days": 30}', False, "mine")
    assert (ana.is_staff, ana.email) == (False, "ana@elsewhere.example")
    assert authenticate(username="admin", password="better") is not None


def test_three_rules_are_there_at_first_and_stay_away_once_they_are_deleted(seeded: dict[str, PeriodicTask]) -> None:
    assert [rule.name for rule in rulebook.stored()] == [
        "Partners' keys",
        "Invoices are for accounting",
        "Refunds need a second person",
    ]
    book = rulebook.in_force().book
    assert all(any(rule in book.of(row.name, row.task) for row in seeded.values()) for rule in book.rules)
    cara, ana = (with_groups(of_user(User.objects.get(username=name)), book) for name in ("cara", "ana"))
    assert cara.rights.groups == frozenset({"partners", "accounting"})
    assert not ana.rights.groups
    rulebook.replace([], by=By(words="a test"))
    seed()
    assert rulebook.stored() == []


def test_the_users_are_the_people_of_the_local_slack(seeded: dict[str, PeriodicTask]) -> None:
    people = {user.username: (user.is_staff, user.email) for user in User.objects.exclude(username="admin")}
    assert people == {
        "ana": (True, "ana@example.com"),
        "cara": (True, "cara@example.com"),
        "ben": (False, "ben@example.com"),
    }
    admin = authenticate(username="admin", password="admin")
    assert isinstance(admin, User)
    assert admin.is_superuser


def test_many_fills_up_to_a_number_and_not_beyond(seeded: dict[str, PeriodicTask]) -> None:
    many(60)
    many(250)
    many(250)
    many(100)
    assert PeriodicTask.objects.count() == 250


def test_the_demos_tasks_are_loaded_by_name_alone() -> None:
    app = Celery("named", set_as_current=False)
    app.conf.imports = ["runtask_demo.tasks"]
    app.loader.import_default_modules()
    assert set(registered()) <= set(app.tasks)
