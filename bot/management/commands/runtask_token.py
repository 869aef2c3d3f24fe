"""`runtask token`: makes and removes tokens with which scripts act as users at the JSON API."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot.management.people import database_in_words, user_named, warn_unless_staff
from bot.models import ApiToken
from bot.web import tokens


class Command(BaseCommand):
    """Tokens are made only here: on a page, the secret would get into cookies, caches and histories."""

    help = "Make and remove API tokens. A token acts as its user, who must be active staff to run anything."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="make a token and show it once")
        add.add_argument("user", metavar="USER", help="the user's natural key, usually the user name")
        add.add_argument("--name", required=True, help='what it is for, like "nightly CI"')
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
        token, secret = tokens.issue(user, options["name"])
        self.stderr.write(f"Token {token.pk} acts as {user.get_username()}. It is not shown again:")
        self.stdout.write(secret)
        warn_unless_staff(self, user)

    def _remove(self, options: dict[str, Any]) -> None:
        removed, _ = ApiToken.objects.filter(pk=options["id"]).delete()
        if not removed:
            raise CommandError(f"There is no token {options['id']}.")
        self.stdout.write(f"Token {options['id']} is no longer valid.")

    def _list(self, _: dict[str, Any]) -> None:
        for token in ApiToken.objects.select_related("user").order_by("pk"):
            used = f"last used {token.used_on}" if token.used_on else "never used"
            self.stdout.write(f"{token.pk}  {token.user.get_username()}  {token.name}  {used}")
