"""A user's favourite schedules: adds, removes and lists them."""

from collections.abc import Collection

from django.db import IntegrityError, connections

from bot.core.ids import is_id
from bot.core.model import Brief, ScheduleId
from bot.core.rights import Action
from bot.models import Favourite, atomic, database_of
from bot.prepared import Placeholder, Prepared
from bot.runs.door import Admitted
from bot.runs.refusals import Full, Gone

MOST = 20  # per user
TRIES = 5  # tries to take a free place. Another process may be faster, but only for the same user.
HELD = Prepared(
    lambda: Favourite.objects.filter(user_id=Placeholder("user"), schedule_id=Placeholder("schedule")).values_list("pk")
)


def add(admitted: Admitted, schedule: ScheduleId) -> None:
    """Adds a favourite, or changes nothing if it is one already. Raises Gone or Full."""
    if admitted.schedule(schedule) is None:
        raise Gone
    for _ in range(TRIES):
        taken = _taken(admitted)
        if schedule in taken:
            return
        free = set(range(MOST)) - set(taken.values()) or _freed(admitted, taken)
        if not free:
            raise Full(MOST)
        try:
            with atomic():
                Favourite.objects.create(user_id=str(admitted.actor.user), place=min(free), schedule_id=schedule)
        except IntegrityError:  # another process was faster
            continue
        return
    raise Full(MOST)


def remove(admitted: Admitted, schedule: ScheduleId) -> None:
    """Removes a favourite. Does nothing if the schedule isn't one, or doesn't exist.

    People may also remove a schedule that they may not see any more.
    """
    if is_id(schedule):
        Favourite.objects.filter(user_id=str(admitted.actor.user), schedule_id=schedule).delete()


def holds(admitted: Admitted, schedule: ScheduleId) -> bool:
    """Whether the schedule is a favourite of the actor. The caller must have checked that they may see it."""
    alias = database_of(Favourite)
    user = Favourite._meta.get_field("user").get_db_prep_value(admitted.actor.user, connections[alias])  # noqa: SLF001  # documented
    return HELD.first(alias, user=user, schedule=schedule) is not None


def listed(admitted: Admitted) -> tuple[Brief, ...]:
    """The actor's favourites that exist and that they may see, sorted by name."""
    return tuple(sorted(_visible(admitted, _taken(admitted)), key=lambda brief: (brief.name.casefold(), brief.id)))


def _visible(admitted: Admitted, schedules: Collection[ScheduleId]) -> list[Brief]:
    found = admitted.briefs(list(schedules)).values()
    return [one for one in found if admitted.denied(Action.SEE, admitted.rules_of(one)) is None]


def _taken(admitted: Admitted) -> dict[ScheduleId, int]:
    """The places of the actor's favourites, by schedule."""
    own = Favourite.objects.filter(user_id=str(admitted.actor.user))
    return {ScheduleId(schedule): place for schedule, place in own.values_list("schedule_id", "place")}


def _freed(admitted: Admitted, taken: dict[ScheduleId, int]) -> set[int]:
    """Frees the places of schedules that were deleted or are hidden now: the actor can't find them to remove them."""
    gone = set(taken) - {brief.id for brief in _visible(admitted, taken)}
    Favourite.objects.filter(user_id=str(admitted.actor.user), schedule_id__in=gone).delete()
    return {taken[schedule] for schedule in gone}
