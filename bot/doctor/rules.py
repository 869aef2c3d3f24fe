"""Rules: whether they can be read and checked here, and whether the site is paused."""

from collections.abc import Iterator

from django_celery_beat.models import PeriodicTask

from bot.conf import STAFF
from bot.core.explained import idle
from bot.core.schemas import EXTRA, ExtraMissing, validator
from bot.doctor.findings import Finding, note, ok, problem
from bot.doctor.subject import Subject
from bot.runs import rulebook


def rules(subject: Subject) -> Iterator[Finding]:
    try:
        in_force = rulebook.in_force()
    except rulebook.Unreadable as exc:
        yield problem(
            "rules", f"{exc}: nobody can do anything", "Delete it in the admin, or run `runtask rules import FILE`."
        )
        return
    found = in_force.book.rules
    everybody = "active staff may do what Django's permissions on schedules allow"
    if subject.conf is None or subject.conf.allow == STAFF:
        everybody = "active staff may do everything"
    yield ok("rules", f"{len(found)} in force" if found else f"none: {everybody}")
    if in_force.paused is not None:
        yield note("pause", f"nothing can be run: “{in_force.paused}”", "`runtask resume` ends it.")
    for rule, glob in idle(found, PeriodicTask.objects.values_list("name", "task") if found else ()):
        yield note("globs", f"no schedule matches {glob} of the rule “{rule}”", "Is it misspelled?")
    if any(rule.arguments is not None for rule in found):
        yield from _checked()


def _checked() -> Iterator[Finding]:
    try:
        validator({})
    except ExtraMissing:
        told = "rules limit arguments, and this process can't check them: it refuses these runs"
        yield problem("arguments", told, f"Install django-runtask with the extra `{EXTRA}`.")
