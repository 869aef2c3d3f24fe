"""A user's favourite schedules: the verbs that keep and forget one, and the list."""

from collections.abc import Collection

from django.db import IntegrityError

from bot.core.ids import is_id
from bot.core.model import Actor, Brief, ScheduleId
from bot.core.policy import Action
from bot.models import Favourite, atomic
from bot.runs.door import Admitted, Platform, admit
from bot.runs.refusals import Full, Gone

MOST = 20  # per user
TRIES = 5  # of taking a place that somebody else is faster at: only the same user, in another process


def add(platform: Platform, actor: Actor, schedule: ScheduleId) -> None:
    """Raises NotAllowed, Gone or Full. Changes nothing if it is one already."""
    admitted = admit(platform, actor)
    if admitted.schedule(schedule) is None:
        raise Gone
    for _ in range(TRIES):
        taken = _taken(actor)
        if schedule in taken:
            return
        free = set(range(MOST)) - set(taken.values()) or _left(admitted, taken)
        if not free:
            raise Full(MOST)
        try:
            with atomic():
                Favourite.objects.create(user_id=str(actor.user), place=min(free), schedule_id=schedule)
        except IntegrityError:  # taken meanwhile
            continue
        return
    raise Full(MOST)


def remove(platform: Platform, actor: Actor, schedule: ScheduleId) -> None:
    """Raises NotAllowed. Changes nothing if it isn't one, or if there is no such schedule."""
    admit(platform, actor)  # not to the schedule: who may not see it any more may still forget it
    if is_id(schedule):
        Favourite.objects.filter(user_id=str(actor.user), schedule_id=schedule).delete()


def holds(actor: Actor, schedule: ScheduleId) -> bool:
    """Whether it is one. For somebody who may see it."""
    return Favourite.objects.filter(user_id=str(actor.user), schedule_id=schedule).exists()


def listed(platform: Platform, actor: Actor) -> tuple[Brief, ...]:
    """Those that exist and that the actor may see, by name. Raises NotAllowed."""
    admitted = admit(platform, actor)
    return tuple(sorted(_visible(admitted, _taken(actor)), key=lambda brief: (brief.name.casefold(), brief.id)))


def _visible(admitted: Admitted, schedules: Collection[ScheduleId]) -> list[Brief]:
    found = admitted.briefs(list(schedules)).values()
    return [one for one in found if admitted.denied(Action.SEE, one, admitted.rules_of(one)) is None]


def _taken(actor: Actor) -> dict[ScheduleId, int]:
    """Places, by schedule."""
    own = Favourite.objects.filter(user_id=str(actor.user))
    return {ScheduleId(schedule): place for schedule, place in own.values_list("schedule_id", "place")}


def _left(admitted: Admitted, taken: dict[ScheduleId, int]) -> set[int]:
    """Frees the places of schedules that were deleted, or that a rule hides now: nobody finds these to remove them."""
    gone = set(taken) - {brief.id for brief in _visible(admitted, taken)}
    Favourite.objects.filter(user_id=str(admitted.actor.user), schedule_id__in=gone).delete()
    return {taken[schedule] for schedule in gone}
