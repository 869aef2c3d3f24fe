"""What people who write rules ask the database: names that rules may contain, and what somebody may do with a schedule."""

from typing import Any

from django.apps import apps

from bot.core.explained import Explained, explained
from bot.core.rules import RuleBook
from bot.runs import actors, clock, rulebook


def schedules() -> list[tuple[str, str]]:
    """The name and the task of every schedule."""
    model: Any = apps.get_model("django_celery_beat", "PeriodicTask")
    return list(model.objects.values_list("name", "task"))


def groups() -> frozenset[str]:
    """The names of Django's groups."""
    model: Any = apps.get_model("auth", "Group")
    return frozenset(model.objects.values_list("name", flat=True))


def told(user: Any, name: str, task: str, *, book: RuleBook | None = None) -> Explained:
    """What this user may do now with a schedule of this name and task. `book`: instead of the rules in force."""
    in_force = rulebook.in_force()
    book = in_force.book if book is None else book
    return explained(
        actors.with_groups(actors.of_user(user), book),
        book,
        name=name,
        task=task,
        now=clock.aware_now(),
        paused=in_force.paused,
    )
