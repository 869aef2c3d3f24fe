"""`runtask trigger add|remove|show`: whether PostgreSQL tells of results, so that they reach Slack at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from bot.broker import trigger


class Command(BaseCommand):
    help = (
        "Let PostgreSQL tell of each written result, by a trigger on django-celery-results' table. "
        "It is the only thing of ours on a table of the platform, and `remove` leaves nothing."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["add", "remove", "show"])

    def handle(self, *_: Any, what: str, **__: Any) -> None:
        try:
            if what != "show":
                (trigger.add if what == "add" else trigger.remove)()
            there = trigger.is_there()
        except trigger.NotPossible as exc:
            raise CommandError(f"nothing to {what}: {exc}") from exc
        except DatabaseError as exc:
            raise CommandError(f"the database refuses it; the owner of the results table may do it: {exc}") from exc
        self.stdout.write(
            f"{trigger.NAME} is there: results are told at once" if there else "no trigger: results are looked for"
        )
