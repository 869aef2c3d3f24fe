"""The areas that doctor examines. Some need the models of beat and the results, and are loaded only where those are installed."""

from collections.abc import Callable, Iterable

from bot.conf import missing_apps
from bot.doctor import setup
from bot.doctor.examine import Examination
from bot.doctor.findings import Finding
from bot.doctor.subject import Subject

Part = Callable[[Subject], Iterable[Finding]]


def areas(subject: Subject) -> dict[str, Examination]:
    """By name, in the order in which they are shown."""
    parts: dict[str, Part] = {"Settings": setup.settings, "Versions": setup.versions}
    if can_examine(subject):
        parts |= _more()
    return {area: _bound(part, subject) for area, part in parts.items()}


def can_examine(subject: Subject) -> bool:
    """Whether the set-up is complete enough for all areas."""
    return subject.conf is not None and not missing_apps()


def _more() -> dict[str, Part]:
    from bot.doctor import database, people, results, schedules, slack, workers  # noqa: PLC0415  # need the models

    return {
        "Slack": slack.slack,
        "Database": database.database,
        "Celery": workers.workers,
        "Results": results.results,
        "Schedules": schedules.schedules,
        "Staff": people.staff,
        "Messages": people.messages,
    }


def _bound(part: Part, subject: Subject) -> Examination:
    return lambda: part(subject)
