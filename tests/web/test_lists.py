"""The admin's lists: nobody can guess masked values by filters in the address."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bot.models import Notice, Run, RunNow, RunWaiting, StoredRule
from bot.web import visible
from bot.web.lists import Guarded
from tests.factories import a_row
from tests.factories import a_run as a_stored_run
from tests.runs.ruled import a_rule, in_force

pytestmark = pytest.mark.django_db
OURS = [one for model, one in admin.site._registry.items() if model._meta.app_label == "runtask"]
# RunNow and RunWaiting have no lists, and the list of StoredRule is for superusers.
LISTS = [one for one in OURS if one.model not in (RunNow, RunWaiting, StoredRule)]
TESTS = ("", "__contains", "__startswith", "__regex", "__isnull", "__in", "__gt", "__length")
OWN = {f"{name}__{test}" for name in ("state", "kind") for test in ("exact", "isnull")} | {
    f"created_at__{test}" for test in ("gte", "lt", "isnull")
}
ELSEWHERE = ("run__kwargs", "run__user__password", "user__password", "notices__problem", "changes__0__new", "pk")


def a_run(**fields: Any) -> Run:
    """A run of an existing schedule."""
    return a_stored_run(**{"schedule_id": (PeriodicTask.objects.first() or a_row()).pk, **fields})


def lookups(one: Any) -> Iterator[str]:
    for column in [*(field.attname for field in one.opts.concrete_fields), *ELSEWHERE]:
        yield from (f"{column}{test}" for test in TESTS if f"{column}{test}" not in OWN)


@pytest.fixture
def viewer(client: Client) -> Client:
    """The browser of a user who may view all our tables, but change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    looking = Permission.objects.filter(content_type__app_label="runtask", codename__startswith="view_")
    user.user_permissions.set(looking)
    client.force_login(user)
    return client


def test_every_admin_of_ours_is_guarded() -> None:
    assert len(OURS) > 4
    assert [one for one in OURS if not isinstance(one, Guarded)] == []


@pytest.mark.parametrize(
    "lookup", ["kwargs__contains=very-secret", "kwargs__startswith={", "args=[]", "options__queue=a"]
)
def test_masked_values_can_not_be_guessed(viewer: Client, lookup: str) -> None:
    a_run(kwargs='{"api_token": "very-secret"}')
    assert viewer.get(f"/admin/runtask/run/?{lookup}").status_code == 400


@pytest.mark.parametrize("one", LISTS, ids=lambda one: one.opts.model_name)
def test_the_address_of_a_list_can_not_query_a_column(one: Any) -> None:
    for lookup in lookups(one):
        request = RequestFactory().get("/", {lookup: "1"})
        request.user = User(is_superuser=True)
        # Django itself refuses a lookup from which it can't make a query.
        with pytest.raises((DisallowedModelAdminLookup, IncorrectLookupParameters)):
            one.get_changelist_instance(request)


def test_a_row_is_not_found_by_another_column_than_its_key(viewer: Client) -> None:
    run = a_run(slack_user="U0ANA")
    assert viewer.get(f"/admin/runtask/run/{run.pk}/change/?_to_field=id").status_code == 200
    assert viewer.get("/admin/runtask/run/U0ANA/change/?_to_field=slack_user").status_code == 400
    assert viewer.get("/admin/runtask/run/?_popup=1&_to_field=kwargs").status_code == 400


def test_suggestions_find_what_lists_show(viewer: Client) -> None:
    a_run(kwargs='{"api_token": "very-secret"}', schedule_name="nightly")
    address = "/admin/autocomplete/?app_label=runtask&model_name=notice&field_name=run&term="
    assert viewer.get(f"{address}very-secret").json()["results"] == []
    assert len(viewer.get(f"{address}nightly").json()["results"]) == 1


@pytest.mark.parametrize("path", [f"/admin/runtask/{one.opts.model_name}/" for one in LISTS])
def test_the_lists_own_filters_work(viewer: Client, path: str) -> None:
    Notice.objects.create(run=a_run(state="sent"), kind="root", rank=0, state="parked", due_at=timezone.now())
    filters: Any = viewer.get(path).context["cl"]
    for shown in filters.filter_specs:
        for choice in shown.choices(filters):
            assert viewer.get(path + choice["query_string"]).status_code == 200


@pytest.mark.parametrize("one", LISTS, ids=lambda one: one.opts.model_name)
def test_a_filter_that_no_database_takes_shows_the_whole_list(viewer: Client, one: Any) -> None:
    path = f"/admin/runtask/{one.opts.model_name}/"
    parameters = {
        parameter for shown in viewer.get(path).context["cl"].filter_specs for parameter in shown.expected_parameters()
    }
    for parameter in parameters | {"q", "of", "by", "o", "p"}:
        answer = viewer.get(f"{path}?{parameter}=%00")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"{path}?e=1")
    assert viewer.get(f"{path}?e=1").status_code == 200


def test_a_text_that_no_database_takes_gets_no_suggestions(viewer: Client) -> None:
    a_run()
    address = "/admin/autocomplete/?app_label=runtask&model_name=notice&field_name=run&term="
    assert len(viewer.get(address).json()["results"]) == 1
    assert viewer.get(f"{address}%00").json()["results"] == []


def test_runs_are_sorted_by_nothing_but_their_number(viewer: Client) -> None:
    """Sorting by a column without an index would read all of history."""
    for name in ("b", "a", "c"):
        a_run(schedule_name=name)
    for wanted, order in (("?o=0", "bac"), ("?o=-0", "cab"), ("?o=1", "cab"), ("?o=3", "cab")):
        runs = viewer.get(f"/admin/runtask/run/{wanted}").context["cl"].result_list
        assert "".join(run.schedule_name for run in runs) == order


@pytest.mark.skipif(connection.vendor != "sqlite", reason="executes logged queries, as only SQLite's can be")
def test_of_the_readers_own_runs_only_those_of_deleted_schedules_are_read(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the others, the schedules say whether the reader may see them."""
    in_force(a_rule("Finance only", schedules=("Payroll",), see=("finance",)))
    user, gone = User.objects.get(username="viewer"), a_row().pk + 1
    for name in ("Old", "Payroll", "Mine"):
        a_stored_run(schedule_id=gone, schedule_name=name, user=user)
    for _ in range(3):
        a_run(user=user)
    counts = []
    for most in (10, 6, 5, 3):
        monkeypatch.setattr(visible, "OWN", most)
        with CaptureQueriesContext(connection) as asked:
            shown = viewer.get("/admin/runtask/run/").context["cl"].result_list
        [reading] = [query["sql"] for query in asked if '"user_id" >= ' in query["sql"]]
        with connection.cursor() as cursor:
            cursor.execute(reading)
            counts.append((len(cursor.fetchall()), len(shown)))
    assert counts == [(3, 5), (3, 5), (2, 4), (0, 3)]
