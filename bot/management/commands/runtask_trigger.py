"""`runtask trigger add|remove|show`: lets PostgreSQL notify runtask of results, so that they reach Slack at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from bot.broker import trigger


class Command(BaseCommand):
    help = (
        "Let PostgreSQL notify runtask of each result, by a trigger on django-celery-results' table. "
        "runtask changes nothing else in the platform's tables, and `remove` removes the trigger and its function."
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
            raise CommandError(f"There is nothing to {what}: {exc}") from exc
        except DatabaseError as exc:
            raise CommandError(f"The database refuses this. The owner of the results table may do it: {exc}") from exc
        self.stdout.write(
            f"The trigger {trigger.NAME} is installed: PostgreSQL notifies runtask of results."
            if there
            else "There is no trigger: runtask looks for results by itself."
        )
