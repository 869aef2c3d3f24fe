"""Favourites: the list, its limit, and who may see what."""

from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model

from bot.core.model import ScheduleId
from bot.core.reasons import Code
from bot.models import Favourite
from bot.runs import favourites
from bot.runs.door import Admitted
from bot.runs.refusals import Full, Gone, NotAllowed
from tests.factories import a_schedule
from tests.runs.conftest import Door
from tests.runs.ruled import a_rule, in_force


@pytest.fixture
def many(door: Door) -> list[ScheduleId]:
    """One more schedule than a user can keep."""
    found = [ScheduleId(100 + number) for number in range(favourites.MOST + 1)]
    door.catalog.schedules |= {one: a_schedule(id=one, name=f"No. {one}") for one in found}
    return found


def names(door: Door) -> list[str]:
    return [brief.name for brief in favourites.listed(door.admitted())]


def add(door: Door, *schedules: ScheduleId) -> None:
    for one in schedules:
        favourites.add(door.admitted(), one)


def test_favourites_are_listed_by_name_and_each_once(door: Door) -> None:
    door.catalog.schedules[ScheduleId(8)] = a_schedule(id=ScheduleId(8), name="Alpha")
    add(door, ScheduleId(7), ScheduleId(8), ScheduleId(7))
    assert names(door) == ["Alpha", "nightly report"]
    assert favourites.holds(door.admitted(), ScheduleId(7))
    favourites.remove(door.admitted(), ScheduleId(7))
    favourites.remove(door.admitted(), ScheduleId(7))
    assert names(door) == ["Alpha"]
    assert not favourites.holds(door.admitted(), ScheduleId(7))


def test_a_user_has_at_most_twenty_and_may_replace_one(door: Door, many: list[ScheduleId]) -> None:
    add(door, *many[:-1])
    with pytest.raises(Full) as full:
        add(door, many[-1])
    assert (full.value.reason.code, full.value.reason.params) == (Code.FAVOURITES_FULL, {"limit": favourites.MOST})
    assert sorted(Favourite.objects.values_list("place", flat=True)) == list(range(favourites.MOST))
    favourites.remove(door.admitted(), many[5])
    add(door, many[-1])
    assert len(names(door)) == favourites.MOST


def test_favourites_that_a_rule_hides_do_not_count_towards_the_limit(door: Door, many: list[ScheduleId]) -> None:
    """Otherwise the limit would tell how many are hidden, and nobody could remove them."""
    add(door, *many[:-1])
    in_force(a_rule(schedules=("No. 10?",), see=("finance",)))
    add(door, many[-1])
    assert names(door)[-1] == "No. 120"
    assert len(names(door)) == Favourite.objects.count() == favourites.MOST - 9


def test_of_two_processes_that_fill_the_last_place_one_is_refused(
    door: Door, many: list[ScheduleId], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(door, *many[:-2])
    taken = favourites._taken

    def slowly(admitted: Admitted) -> dict[ScheduleId, int]:
        found = taken(admitted)
        if many[-1] not in found:  # the other process is faster
            Favourite.objects.create(user_id=str(admitted.actor.user), place=favourites.MOST - 1, schedule_id=many[-1])
        return found

    monkeypatch.setattr(favourites, "_taken", slowly)
    with pytest.raises(Full):
        add(door, many[-2])
    assert Favourite.objects.count() == favourites.MOST


def test_deleted_schedules_vanish_and_no_longer_count(door: Door, many: list[ScheduleId]) -> None:
    add(door, *many[:-1])
    for one in many[:2]:
        del door.catalog.schedules[one]
    assert len(names(door)) == favourites.MOST - 2
    add(door, many[-1])
    assert len(names(door)) == favourites.MOST - 1
    assert Favourite.objects.count() == favourites.MOST - 1


@pytest.mark.parametrize("schedule", [999, -1, 2**70])
def test_an_unknown_schedule_can_be_removed_but_not_added(door: Door, schedule: int) -> None:
    with pytest.raises(Gone):
        add(door, ScheduleId(schedule))
    favourites.remove(door.admitted(), ScheduleId(schedule))


def test_each_user_has_their_own_whichever_account_they_use(door: Door) -> None:
    add(door, ScheduleId(7))
    other = get_user_model().objects.create_user("ben", is_staff=True)
    assert favourites.listed(door.admitted(replace(door.actor, user=str(other.pk)))) == ()
    assert len(favourites.listed(door.admitted(replace(door.actor, slack=None, profile=None)))) == 1


def test_people_who_may_not_see_a_schedule_neither_add_nor_read_it(door: Door) -> None:
    nobody = replace(door.actor, is_staff=False)
    for verb in (
        lambda: favourites.add(door.admitted(nobody), ScheduleId(7)),
        lambda: favourites.remove(door.admitted(nobody), ScheduleId(7)),
        lambda: favourites.listed(door.admitted(nobody)),
    ):
        with pytest.raises(NotAllowed):
            verb()
    add(door, ScheduleId(7))
    in_force(a_rule(see=("finance",)))
    assert names(door) == []
    favourites.remove(door.admitted(), ScheduleId(7))
    assert not Favourite.objects.exists()
