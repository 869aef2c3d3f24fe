"""`runtask cleanup`: deletes old rows, even if they are so many that the hourly clean-up refuses to delete them."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from bot import wiring
from bot.core.model import InstallationId
from bot.management.options import readable_options
from bot.management.people import database_in_words
from bot.models import Installation
from bot.runs import cleanup, clock
from bot.runs.installations import NAMELESS


class Command(BaseCommand):
    """Shows the operator the database's time and how much is old. Deletes that only with `--yes`."""

    help = (
        "Delete runs that are older than RUNTASK_KEEP, values of runs that are older than RUNTASK_KEEP_VALUES, records of the"
        " audit log that are older than RUNTASK_KEEP_AUDIT, and links of deleted users, however many they are."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do it. Without this, only say what would be deleted")

    def handle(self, *_: Any, **options: Any) -> None:
        keep = wiring.keeping(readable_options())
        with database_in_words():
            now = clock.now()
            self.stdout.write(f"By the database's clock it is {now:%Y-%m-%d %H:%M:%S %Z}.")
            for key in list(Installation.objects.values_list("pk", flat=True)) or [NAMELESS]:
                self._look(InstallationId(key), keep, now)
                if options["yes"]:
                    self._delete(InstallationId(key), keep, now)
            self.stdout.write(f"{cleanup.old_records(now - keep.records).count():,} old records of the audit log.")
            if options["yes"]:
                while cleanup.forget_old_records(NAMELESS, keep=keep.records, now=now, knowingly=True):
                    pass
                cleanup.forget_gone_users(knowingly=True)
            else:
                self.stdout.write(
                    "Nothing was deleted. --yes deletes them, and the links of users who don't exist any more."
                )

    def _look(self, installation: InstallationId, keep: cleanup.Keep, now: datetime) -> None:
        whose = f"of {installation}, or " if installation else ""
        old = cleanup.old(installation, now - keep.runs)
        self.stdout.write(f"{old.count():,} old runs, {whose}without messages in Slack.")
        if keep.values < keep.runs:
            values = cleanup.with_old_values(installation, now - keep.values)
            self.stdout.write(f"{values.count():,} runs with old values, {whose}without messages in Slack.")

    def _delete(self, installation: InstallationId, keep: cleanup.Keep, now: datetime) -> None:
        while cleanup.forget_old_runs(installation, keep=keep.runs, now=now, knowingly=True):
            pass
        if keep.values < keep.runs:
            while cleanup.forget_old_values(installation, keep=keep.values, now=now, knowingly=True):
                pass
