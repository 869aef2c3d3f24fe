"""`runtask pause`: refuses every new run."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot.core.text import one_line
from bot.management.people import by_command, database_in_words
from bot.models.rules import PAUSE_REASON_LIMIT
from bot.runs import clock, rulebook


class Command(BaseCommand):
    """Runs that were sent go on, and can be stopped."""

    help = "Refuse every new run, until `runtask resume`. People read the reason in the form."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reason", metavar="REASON", help="what people read, in quotes")

    def handle(self, *_: Any, **options: Any) -> None:
        reason = one_line(options["reason"])
        if not 0 < len(reason) <= PAUSE_REASON_LIMIT:
            raise CommandError(f"REASON must have 1 to {PAUSE_REASON_LIMIT} characters.")
        with database_in_words():
            rulebook.pause(reason, by=by_command("`runtask pause`"), user=None, now=clock.now())
        self.stdout.write("Paused: every new run is refused until `runtask resume`.")
