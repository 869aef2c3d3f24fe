"""The set-up that doctor examines, and what the system checks say about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from celery import Celery
from django.core.checks import CheckMessage, Tags
from django.core.checks.registry import registry

from bot.broker.app import NoApp
from bot.checks.options import readable
from bot.checks.platform import configured_app
from bot.checks.table import BY_ID
from bot.conf import Conf
from bot.doctor.findings import Finding, Level, ok

PREFIX = "runtask."


@dataclass(frozen=True, kw_only=True)
class Subject:
    """If `conf` or `app` is None, a complaint says why."""

    conf: Conf | None
    app: Celery | None
    complaints: Mapping[str, tuple[CheckMessage, ...]]  # by the check's number, such as W004
    unloaded: str = ""  # why the tasks can't be loaded

    def judged(self, what: str, found: str, *numbers: str) -> Finding:
        """The first complaint of these checks. If there is none, a finding of the level OK with the text `found`."""
        for number in numbers:
            for complaint in self.complaints.get(number, ()):
                return complained(what, number, complaint)
        return ok(what, found)


def complained(what: str, number: str, complaint: CheckMessage) -> Finding:
    level = Level.PROBLEM if BY_ID[number].is_grave else Level.WARNING
    return Finding(what=what, found=str(complaint.msg), level=level, remedy=str(complaint.hint or ""))


def subject() -> Subject:
    """The set-up of this process. If it is wrong, complaints say so, and nothing is raised."""
    try:
        app = configured_app()
    except NoApp:
        return Subject(conf=readable(), app=None, complaints=complaints())
    return Subject(conf=readable(), app=app, complaints=complaints(), unloaded=_load_tasks(app))


def _load_tasks(app: Celery) -> str:
    """Loads tasks as the bot does when it starts. Returns why that fails, or an empty text."""
    try:
        app.loader.import_default_modules()
        app.finalize()
    except Exception as exc:  # noqa: BLE001  # the platform's own modules
        return f"{type(exc).__name__}: {exc}"
    return ""


def complaints() -> dict[str, tuple[CheckMessage, ...]]:
    """The complaints of our own checks, except those about the database, which has its own area."""
    found: dict[str, tuple[CheckMessage, ...]] = {}
    for check in registry.get_checks():
        if check.__module__.startswith("bot.checks.") and Tags.database not in check.tags:
            for message in check(app_configs=None, databases=None):
                number = str(message.id).removeprefix(PREFIX)
                found[number] = (*found.get(number, ()), message)
    return found
