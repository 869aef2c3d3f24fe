"""`runtask token`: makes and removes tokens with which scripts act as users at the JSON API."""

import argparse
import re
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from bot.management.people import by_command, database_in_words, user_named, warn_unless_staff
from bot.models import ApiToken, atomic
from bot.runs import accounts, clock
from bot.web import tokens

COMMAND = "`runtask token`"  # in the audit log, with the user of the operating system
LONGEST = timedelta(days=3650)


class Command(BaseCommand):
    """Tokens are made only here: on a page, the secret would get into cookies, caches and histories."""

    help = "Make and remove API tokens. A token acts as its user, who must be active staff to run anything."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="make a token and show it once")
        add.add_argument("user", metavar="USER", help="the user's natural key, usually the user name")
        add.add_argument("--name", required=True, help='what it is for, like "nightly CI"')
        add.add_argument(
            "--expires",
            type=lifetime,
            default=tokens.YEAR,
            metavar="TIME",
            help="after how many days or hours it stops working, like 90d or 12h (default: 365d)",
        )
        remove = actions.add_parser("remove", help="remove a token, with immediate effect")
        remove.add_argument("id", type=int, metavar="ID", help="as `list` shows it")
        actions.add_parser("list", help="show all tokens, without their secrets")

    def handle(self, *_: Any, **options: Any) -> None:
        actions = {"add": self._add, "remove": self._remove, "list": self._list}
        with database_in_words():
            actions[options["action"]](options)

    def _add(self, options: dict[str, Any]) -> None:
        longest = ApiToken._meta.get_field("name").max_length or 0  # noqa: SLF001  # documented
        if len(options["name"]) > longest:
            raise CommandError(f"--name has {len(options['name'])} characters; at most {longest} are allowed.")
        user = user_named(options["user"])
        with atomic():
            token, secret = tokens.issue(user, options["name"], options["expires"])
            accounts.given(token, by=by_command(COMMAND))
        until = _minute(token.expires_at)
        self.stderr.write(f"Token {token.pk} acts as {user.get_username()} until {until}. It is not shown again:")
        self.stdout.write(secret)
        warn_unless_staff(self, user)

    def _remove(self, options: dict[str, Any]) -> None:
        token = ApiToken.objects.filter(pk=options["id"]).first()
        if token is None:
            raise CommandError(f"There is no token {options['id']}.")
        with atomic():
            accounts.removed(token, by=by_command(COMMAND))
            token.delete()
        self.stdout.write(f"Token {options['id']} is no longer valid.")

    def _list(self, _: dict[str, Any]) -> None:
        for token in ApiToken.objects.select_related("user").order_by("pk"):
            ends = f"{'expired' if token.has_expired(clock.now()) else 'expires'} {_minute(token.expires_at)}"
            used = f"last used {_minute(token.used_at)}" if token.used_at else "never used"
            self.stdout.write(f"{token.pk}  {token.user.get_username()}  {token.name}  {ends}  {used}")


def _minute(at: datetime) -> str:
    """`2026-11-05 12:00 CET`, in the site's zone. Without USE_TZ, the zone isn't shown."""
    shown = timezone.localtime(at) if timezone.is_aware(at) else at
    return f"{shown:%Y-%m-%d %H:%M %Z}".rstrip()


def lifetime(raw: str) -> timedelta:
    """Parses how long a token is accepted. Raises ArgumentTypeError."""
    given = re.fullmatch(r"([0-9]{1,6})([dh])", raw.strip())
    value = timedelta(**{{"d": "days", "h": "hours"}[given[2]]: int(given[1])}) if given else timedelta(0)
    if not timedelta(0) < value <= LONGEST:
        raise argparse.ArgumentTypeError(f"{raw!r} is not a time like 90d or 12h, of at most {LONGEST.days}d")
    return value
