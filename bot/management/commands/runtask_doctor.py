"""`runtask doctor`: shows what works, what doesn't, and what to do."""

import logging
import re
import shutil
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from bot.conf import BAD_SETUP
from bot.doctor import screen, secret
from bot.doctor.areas import areas, can_examine
from bot.doctor.examine import examine
from bot.doctor.subject import subject
from bot.env import STANDALONE


class Command(BaseCommand):
    """Exit code 0: no problem. 1: at least one. 2: the set-up is too broken to examine all of it."""

    help = "Examine every part of the set-up: settings, Slack, database, broker, workers, results, schedules, staff."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs: ok, and findings with level and remedy")

    def handle(self, *_: Any, **options: Any) -> None:
        seen = subject()
        secrets = secret.known(seen.conf, seen.app)
        logging.disable(logging.CRITICAL)  # findings contain what libraries would log
        try:
            found = screen.hidden(examine(areas(seen)), lambda text: as_typed_here(secret.hide(text, secrets)))
        finally:
            logging.disable(logging.NOTSET)
        if options["json"]:
            self.stdout.write(screen.as_json(found))
        else:
            shown = screen.screen(found, **self._looks(no_color=options["no_color"]))
            self.stdout.write(shown.encode(self._encoding, "replace").decode(self._encoding), ending="")
        if not can_examine(seen):
            sys.exit(BAD_SETUP)
        if screen.has_problems(found):
            sys.exit(1)

    @property
    def _encoding(self) -> str:
        return getattr(self.stdout, "encoding", None) or "utf-8"

    def _looks(self, *, no_color: bool) -> dict[str, Any]:
        is_terminal = self.stdout.isatty()
        is_unicode = self._encoding.lower().replace("-", "") == "utf8"
        width = shutil.get_terminal_size((100, 24)).columns if is_terminal else 100
        return {
            "width": min(max(width, 60), 140),
            "is_plain": not (is_terminal and is_unicode),
            "is_coloured": is_terminal and not no_color,
        }


def as_typed_here(text: str) -> str:
    """In a project, replaces our commands by those of the project: ``runtask staff`` becomes ``manage.py runtask_staff``."""
    if settings.SETTINGS_MODULE == STANDALONE:
        return text
    return re.sub(r"`runtask (?=migrate)", "`manage.py ", re.sub(r"`runtask (?!migrate)", "`manage.py runtask_", text))
