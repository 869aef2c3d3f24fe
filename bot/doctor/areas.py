"""The areas that doctor examines. Most need models of beat and runtask: their modules are imported only if both are installed."""

from collections.abc import Callable, Iterable
from functools import partial

from bot.conf import missing_apps
from bot.doctor import setup
from bot.doctor.examine import Examination
from bot.doctor.findings import Finding
from bot.doctor.subject import Subject


def areas(subject: Subject) -> dict[str, Examination]:
    """The examinations by area, in the order in which doctor shows them."""
    parts: dict[str, Callable[[Subject], Iterable[Finding]]] = {"Settings": setup.settings, "Versions": setup.versions}
    if can_examine(subject):
        from bot.doctor import database, people, results, rules, schedules, slack, workers  # noqa: PLC0415  # need the models

        parts |= {
            "Slack": slack.slack,
            "Database": database.database,
            "Celery": workers.workers,
            "Results": results.results,
            "Schedules": schedules.schedules,
            "Staff": people.staff,
            "Rules": rules.rules,
            "Messages": people.messages,
        }
    return {area: partial(part, subject) for area, part in parts.items()}


def can_examine(subject: Subject) -> bool:
    """Whether the set-up is complete enough for all areas."""
    return subject.conf is not None and not missing_apps()
