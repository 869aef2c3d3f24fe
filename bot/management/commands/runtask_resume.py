"""`runtask resume`: ends the pause."""

from typing import Any

from django.core.management.base import BaseCommand

from bot.management.people import by_command, database_in_words
from bot.runs import rulebook


class Command(BaseCommand):
    """Runs that were refused during the pause are not sent."""

    help = "End the pause of `runtask pause`."
    requires_system_checks = []

    def handle(self, *_: Any, **__: Any) -> None:
        with database_in_words():
            resumed = rulebook.resume(by=by_command("`runtask resume`"))
        self.stdout.write("Resumed: schedules can be run again." if resumed else "There was no pause.")
