"""`runtask cleanup`: deletes old rows, even if they are so many that the hourly clean-up refuses to."""

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from bot.core.model import InstallationId
from bot.management.options import readable_options
from bot.management.people import database_in_words
from bot.models import Installation
from bot.runs import cleanup, clock
from bot.runs.installations import NAMELESS


class Command(BaseCommand):
    """Shows the operator what would be deleted, and the time of the database. Deletes it only with `--yes`."""

    help = (
        "Delete runs that are older than RUNTASK_KEEP, records of the audit log that are older than RUNTASK_KEEP_AUDIT,"
        " and links of deleted users, however many they are."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do it. Without this, only say what would be deleted")

    def handle(self, *_: Any, **options: Any) -> None:
        found = readable_options()
        keep, keep_audit = timedelta(seconds=found.keep), timedelta(seconds=found.keep_audit)
        with database_in_words():
            now = clock.now()
            self.stdout.write(f"By the database's clock it is {now:%Y-%m-%d %H:%M:%S %Z}.")
            for key in list(Installation.objects.values_list("pk", flat=True)) or [NAMELESS]:
                self._look(InstallationId(key), now - keep)
                if options["yes"]:
                    self._delete(InstallationId(key), keep, now)
            self.stdout.write(f"{cleanup.old_records(now - keep_audit).count():,} old records of the audit log.")
            if options["yes"]:
                while cleanup.forget_old_records(NAMELESS, keep=keep_audit, now=now, knowingly=True):
                    pass
                cleanup.forget_gone_users(knowingly=True)
            else:
                self.stdout.write(
                    "Nothing was deleted. --yes deletes them, and the links of users who don't exist any more."
                )

    def _look(self, installation: InstallationId, before: datetime) -> None:
        whose = f"of {installation}, or " if installation else ""
        self.stdout.write(f"{cleanup.old(installation, before).count():,} old runs, {whose}without messages in Slack.")

    def _delete(self, installation: InstallationId, keep: timedelta, now: datetime) -> None:
        while cleanup.forget_old_runs(installation, keep=keep, now=now, knowingly=True):
            pass
