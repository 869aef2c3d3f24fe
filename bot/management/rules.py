"""Functions that the commands about rules share."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError

from bot.core import rulefile
from bot.core.reasons import Invalid
from bot.core.rules import Rule
from bot.runs import explain
from bot.texts import problem_text


def read(file: str) -> tuple[Rule, ...]:
    """The file's rules. Raises CommandError with every mistake."""
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise CommandError(f"{file} can't be read ({exc}).") from exc
    try:
        return rulefile.read(text, explain.groups())
    except Invalid as exc:
        raise CommandError("\n".join([f"{file}:", *map(problem_text, exc.problems)])) from exc


def schedule(named: str) -> tuple[str, str]:
    """The name and the task of a schedule, by its exact name or its id. Raises CommandError."""
    rows: Any = apps.get_model("django_celery_beat", "PeriodicTask").objects.values_list("name", "task")
    found = rows.filter(name=named).first() or (rows.filter(pk=int(named)).first() if named.isdecimal() else None)
    if found is None:
        raise CommandError(f"There is no schedule {named!r}.")
    return str(found[0]), str(found[1])
