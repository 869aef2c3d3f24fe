"""`runtask audit`: prints the audit log, or makes it forget a person."""

import argparse
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q, QuerySet
from django.utils import timezone

from bot.core.audit import Act
from bot.core.ids import id_in
from bot.core.text import one_line
from bot.management.people import database_in_words, operator, user_named
from bot.models import AuditRecord
from bot.runs import audit, clock, forgetting, people
from bot.runs.refusals import NotAllowed
from bot.texts import moment, sentence

TIMES = "7d, 12h, 2026-11-05 or 2026-11-05T12:00"
CHUNK = 1000  # records in memory at once
Moment = datetime | timedelta


class Command(BaseCommand):
    """Prints the oldest records first."""

    help = "Print the audit log: who ran, stopped, linked or was refused what. With --json, for other programs."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=parsed, metavar="TIME", help=f"only records from then on, like {TIMES}")
        parser.add_argument("--until", type=parsed, metavar="TIME", help=f"only records before then, like {TIMES}")
        parser.add_argument(
            "--person", metavar="WHO", help="a user name, a Slack id, a user of the operating system, or #12"
        )
        parser.add_argument("--schedule", metavar="WHICH", help="a schedule's number or exact name")
        parser.add_argument("--action", choices=[act.value for act in Act], metavar="ACTION", help="like run.asked")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        what = parser.add_subparsers(dest="what")
        forget = what.add_parser("forget", help="empty the rows that say who a person was. What they did stays")
        forget.add_argument("name", metavar="USER", help="as --person")
        forget.add_argument(
            "--by", required=True, metavar="SUPERUSER", help="the superuser who decides it, somebody else"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        with database_in_words():
            if options["what"] == "forget":
                self._forget(options["name"], options["by"])
            else:
                self._print(options)

    def _print(self, options: dict[str, Any]) -> None:
        line = json_line if options["json"] else text_line
        for row in in_order(chosen(options)):
            self.stdout.write(line(row))

    def _forget(self, name: str, by: str) -> None:
        try:
            count = forgetting.forget(name, superuser=user_named(by), operator=operator().os_user)
        except NotAllowed as exc:
            raise CommandError(sentence(exc.denied)) from exc
        if not count:
            raise CommandError(f"The audit log has nobody of the name {name!r}.")
        self.stdout.write(
            f"Forgotten. {count} rows named this person, by the accounts that they used. Their records stay."
        )


def parsed(raw: str) -> Moment:
    """A date and time, or how long ago. Raises ArgumentTypeError."""
    if ago := re.fullmatch(r"([0-9]{1,6})([dh])", raw.strip()):
        return timedelta(**{{"d": "days", "h": "hours"}[ago[2]]: int(ago[1])})
    try:
        return datetime.fromisoformat(raw.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{raw!r} is not a time like {TIMES}") from None


def chosen(options: dict[str, Any]) -> "QuerySet[AuditRecord]":
    """The records that the options select. Raises CommandError if nobody has the name in `--person`."""
    found: QuerySet[AuditRecord] = AuditRecord.objects.select_related("person", "about")
    if since := options["since"]:
        found = found.filter(at__gte=_stored(since))
    if until := options["until"]:
        found = found.filter(at__lt=_stored(until))
    if options["action"]:
        found = found.filter(action=options["action"])
    if which := options["schedule"]:
        number = id_in(which)
        found = found.filter(Q(schedule_name=which) if number is None else Q(schedule_id=number))
    if options["person"]:
        by = people.named(options["person"])
        if not by:
            raise CommandError(f"The audit log has nobody of the name {options['person']!r}.")
        found = found.filter(person__in=by)
    return found


def in_order(records: "QuerySet[AuditRecord]") -> Iterator[AuditRecord]:
    """Yields the oldest records first, with few in memory. Uses no server-side cursor, because poolers forbid it."""
    rest = records.order_by("at", "pk")
    while found := list(rest[:CHUNK]):
        yield from found
        last = found[-1]
        rest = records.filter(Q(at__gt=last.at) | Q(at=last.at, pk__gt=last.pk), at__gte=last.at).order_by("at", "pk")


def json_line(row: AuditRecord) -> str:
    return json.dumps(audit.shown(row))


def text_line(row: AuditRecord) -> str:
    who = str(row.person or "")
    about = f"for {row.about}" if row.about else ""
    run = f"run {row.run_id}" if row.run_id is not None else ""
    schedule = row.schedule_name or (f"schedule {row.schedule_id}" if row.schedule_id is not None else "")
    times = f"{row.count} times" if row.count > 1 else ""
    details = json.dumps(row.details, ensure_ascii=False) if row.details else ""
    at = timezone.localtime(row.at) if timezone.is_aware(row.at) else row.at  # in the zone of --since and --until
    parts = [moment(at), row.action, row.entry, who, about, run, schedule, times, details]
    return "  ".join(filter(None, map(one_line, parts)))


def _stored(at: Moment) -> datetime:
    """The time as the database stores it. A time without a zone is in the site's zone."""
    if isinstance(at, timedelta):
        return clock.now() - at
    is_aware = timezone.is_aware(clock.now())
    if timezone.is_naive(at) and is_aware:
        return timezone.make_aware(at)
    return timezone.make_naive(at) if timezone.is_aware(at) and not is_aware else at
