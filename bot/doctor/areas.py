"""Which areas there are. The parts that need beat's and the results' models are loaded only where those are installed."""

from collections.abc import Callable, Iterable

from bot.apps import missing_apps
from bot.doctor import setup
from bot.doctor.examine import Look
from bot.doctor.findings import Finding
from bot.doctor.subject import Subject

Part = Callable[[Subject], Iterable[Finding]]


def areas(subject: Subject) -> dict[str, Look]:
    """In the order in which they are shown."""
    parts: dict[str, Part] = {"Settings": setup.settings, "Versions": setup.versions}
    if can_look(subject):
        parts |= _more()
    return {area: _bound(part, subject) for area, part in parts.items()}


def can_look(subject: Subject) -> bool:
    """Whether the set-up allows more than to name what is wrong with it."""
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


def _bound(part: Part, subject: Subject) -> Look:
    return lambda: part(subject)
