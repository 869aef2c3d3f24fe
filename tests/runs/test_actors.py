"""The permission check reads people's groups and permissions."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission, User

from bot.conf import conf
from bot.core.model import RunId
from bot.core.rights import NONE
from bot.core.status import RunState
from bot.runs import see, stop
from bot.runs.actors import of_user
from bot.runs.refusals import NotAllowed
from tests.factories import a_run
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, asked, in_force, person


@pytest.fixture
def by_permissions(settings: Any) -> Iterator[None]:
    settings.RUNTASK = {**settings.RUNTASK, "ALLOW": "permissions"}
    conf.cache_clear()
    yield
    conf.cache_clear()


def test_groups_are_read_at_each_request_if_a_rule_names_any(door: Door, django_assert_num_queries: Any) -> None:
    ben, root = person("ben", "support", "ops"), person("root", "ops", is_superuser=True)
    assert of_user(User.objects.create_user("guest")).rights == NONE
    door.admitted()  # this process may know the rules of another test
    for actor in (ben, root):
        with django_assert_num_queries(1):  # the state of the site
            door.admitted(actor)
    in_force(a_rule(see=("support",)))  # also for those whose actor was made before
    door.admitted(root)  # reads the rules
    with django_assert_num_queries(2):
        assert door.admitted(ben).actor.rights.groups == frozenset({"support", "ops"})
    with django_assert_num_queries(1):  # lists of groups don't matter to superusers
        door.admitted(root)
    User.objects.get(username="ben").groups.clear()
    assert door.admitted(ben).actor.rights.groups == frozenset()


@pytest.mark.usefixtures("by_permissions")
def test_if_permissions_count_staff_may_do_only_what_those_permit(door: Door) -> None:
    run, given = RunId(a_run().pk), ["view_periodictask", "run_periodictask", "stop_periodictask"]
    for number in range(len(given) + 1):
        ben = person(f"ben{number}")
        user = get_user_model().objects.get(pk=str(ben.user))
        group = Group.objects.create(name=f"group {number}")
        group.permissions.set(Permission.objects.filter(codename__in=given[:number]))
        user.groups.add(group)
        ben = of_user(get_user_model().objects.get(pk=str(ben.user)))
        may = []
        for act in (
            lambda who: see.find(door.admitted(who), "", 10),
            lambda who: door.start(asked(who), who),
            lambda who: stop.stop(door.admitted(who), run),
        ):
            with contextlib.suppress(NotAllowed):
                act(ben)
                may.append(True)
        assert len(may) == number
    root = person("root", is_superuser=True)
    assert door.start(asked(root), root).state == RunState.SENT


def test_migrations_make_our_permissions(db: None) -> None:
    found = Permission.objects.filter(content_type__app_label="django_celery_beat", codename__contains="_periodictask")
    assert {"run_periodictask", "stop_periodictask", "approve_periodictask", "view_periodictask"} <= set(
        found.values_list("codename", flat=True)
    )
