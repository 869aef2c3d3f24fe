"""Queries whose SQL is built once return the same rows as Django's own queries, and read them anew each time."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django_celery_beat.models import CrontabSchedule

from bot.models import Run, database_of
from bot.prepared import Placeholder, Prepared, columns, padded
from tests.factories import a_run

pytestmark = pytest.mark.django_db

ALIAS = database_of(Run)
EVERYTHING = (*columns(Run), "user__username", "user__is_active", "user__date_joined")


def runs(**found: Any) -> QuerySet[Run, tuple[Any, ...]]:
    return Run.objects.filter(**found).order_by("pk").values_list(*EVERYTHING)


def test_values_are_those_of_the_fields() -> None:
    user = User.objects.create_user("ana")
    a_run(user=user, changes=[{"name": "days", "old": "1", "new": "2"}])
    a_run(user=None)
    prepared = Prepared(lambda: runs(state=Placeholder("state")))
    assert prepared.rows(ALIAS, state="sent") == list(runs(state="sent"))
    assert prepared.rows(ALIAS, state="nothing") == []


def test_an_object_can_be_made_from_all_columns_of_its_row() -> None:
    stored = CrontabSchedule.objects.create(hour="2", timezone="Europe/Berlin")
    prepared = Prepared(
        lambda: CrontabSchedule.objects.filter(pk=Placeholder("pk")).values_list(*columns(CrontabSchedule))
    )
    row = prepared.first(ALIAS, pk=stored.pk)
    assert row is not None
    made = CrontabSchedule.from_db(ALIAS, columns(CrontabSchedule), row)
    assert (made, made.hour, made.timezone) == (stored, "2", stored.timezone)


def test_a_query_is_built_once_and_executed_each_time() -> None:
    made = []

    def make() -> QuerySet[Run, tuple[Any, ...]]:
        made.append(1)
        return Run.objects.filter(key=Placeholder("key")).values_list("state")

    prepared, run = Prepared(make), a_run()
    assert prepared.first(ALIAS, key=run.key) == ("sent",)
    Run.objects.filter(pk=run.pk).update(state="running")
    assert prepared.first(ALIAS, key=run.key) == ("running",)
    assert prepared.first(ALIAS, key="another") is None
    assert len(made) == 1


def test_a_filled_in_value_is_never_read_as_sql() -> None:
    users = get_user_model()._default_manager
    users.create_user('it\'s "100%"; --')
    prepared = Prepared(lambda: users.filter(username=Placeholder("name")).values_list("username"))
    assert prepared.rows(connection.alias, name='it\'s "100%"; --') == [('it\'s "100%"; --',)]
    assert prepared.rows(connection.alias, name="' OR 1=1 --") == []


def test_lists_of_values_are_padded_to_a_few_lengths() -> None:
    assert padded([]) == []
    assert padded([7]) == [7]
    assert padded(["a", "b", "c", "d", "e"]) == ["a", "b", "c", "d", "e", "-1", "-2", "-3"]
    assert {len(padded(range(count))) for count in range(1, 501)} == {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}


def test_the_values_that_pad_a_list_find_nothing() -> None:
    task_ids = [a_run().task_id for _ in range(3)]
    assert set(Run.objects.filter(task_id__in=padded(task_ids)).values_list("task_id", flat=True)) == set(task_ids)
