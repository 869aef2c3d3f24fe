"""`runtask staff`: links Slack accounts to users."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot.conf import is_apart, is_sidecar
from bot.core.ids import MEMBER, WORKSPACE
from bot.management.options import readable_options
from bot.management.people import by_command, database_in_words, is_active_staff, user_named, warn_unless_staff
from bot.models import SlackLink, atomic
from bot.runs import accounts
from bot.texts import NOT_A_MEMBER, NOT_A_WORKSPACE

COMMAND = "`runtask staff`"  # in the audit log, with the user of the operating system


class Command(BaseCommand):
    """A user must be active staff to run anything. That is checked at each request, not here."""

    help = "Link Slack accounts to users of the site. Linked users who are active staff may run schedules from Slack."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="link a Slack account to a user")
        add.add_argument("slack_user", metavar="U…", help="Slack user id (in their profile, «Copy member ID»)")
        add.add_argument("user", metavar="USER", help="the user's natural key, usually the user name")
        add.add_argument("--create", action="store_true", help="make the user: active staff, without a password")
        add.add_argument("--email", default="", help="with --create: the user's e-mail address")
        remove = actions.add_parser("remove", help="remove a link")
        remove.add_argument("slack_user", metavar="U…")
        for subparser in (add, remove):
            subparser.add_argument(
                "--team", metavar="T…", help="Slack workspace id; by default that of the bot's token"
            )
        actions.add_parser("list", help="show all links")

    def handle(self, *_: Any, **options: Any) -> None:
        actions = {"add": self._add, "remove": self._remove, "list": self._list}
        with database_in_words():
            actions[options["action"]](options)

    def _add(self, options: dict[str, Any]) -> None:
        if not MEMBER.match(options["slack_user"]):
            raise CommandError(f"{options['slack_user']!r}: {NOT_A_MEMBER}")
        if options["team"] and not WORKSPACE.match(options["team"]):
            raise CommandError(f"{options['team']!r}: {NOT_A_WORKSPACE} Without --team, it is that of the bot's token.")
        if options["email"] and not options["create"]:
            raise CommandError("--email is for a user that --create makes.")
        team = self._team(options)
        account = {"team": team, "slack_user": options["slack_user"]}
        with atomic():
            user = self._made(options) if options["create"] else self._named(options["user"])
            earlier = SlackLink.objects.filter(**account).first()
            link, _ = SlackLink.objects.update_or_create(
                **account, defaults={"user": user, "by_email": False, "checked_at": None}
            )
            accounts.given(link, by=by_command(COMMAND), before=earlier)
        self.stdout.write(f"{options['slack_user']} in {team} may act as {user.get_username()}.")
        warn_unless_staff(self, user)

    def _named(self, name: str) -> Any:
        try:
            return user_named(name)
        except CommandError as exc:
            raise CommandError(f"{exc} To make that user, add --create." if _users_are_ours() else str(exc)) from exc

    def _made(self, options: dict[str, Any]) -> Any:
        """A user who acts in Slack only: without a password, nobody can log in as them."""
        model: Any = get_user_model()
        if not _users_are_ours():
            raise CommandError("--create makes no users here, for they are the platform's. Make the user there.")
        name, email = options["user"], options["email"]
        if model.objects.filter(username=name).exists():
            raise CommandError(f"There is a user {name!r} already. Link them without --create.")
        user = model(username=name, email=model.objects.normalize_email(email), is_staff=True)
        user.set_unusable_password()
        try:
            user.full_clean()
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc
        user.save()
        self.stdout.write(f"{name} is a new user: active staff, without a password.")
        return user

    def _remove(self, options: dict[str, Any]) -> None:
        team = self._team(options)
        link = SlackLink.objects.filter(team=team, slack_user=options["slack_user"]).first()
        if link is None:
            raise CommandError(f"{options['slack_user']} in {team} has no link.")
        with atomic():
            accounts.removed(link, by=by_command(COMMAND))
            link.delete()
        self.stdout.write(f"The link of {options['slack_user']} in {team} is removed.")

    def _list(self, _: dict[str, Any]) -> None:
        for link in SlackLink.objects.select_related("user").order_by("team", "slack_user"):
            user: Any = link.user
            notes = (("by e-mail", link.by_email), ("not active staff", not is_active_staff(user)))
            told = ", ".join(text for text, is_so in notes if is_so)
            self.stdout.write(f"{link.team}  {link.slack_user}  {user.get_username()}{f'  ({told})' if told else ''}")

    def _team(self, options: dict[str, Any]) -> str:
        if options["team"]:
            return str(options["team"])
        readable_options(checks=["W006"])
        from bot import wiring  # noqa: PLC0415  # needs the models that the check asks for

        team = wiring.installation().team()
        if not team:
            raise CommandError(
                f"Slack doesn't say which workspace this is ({wiring.installation().problem})."
                " Correct SLACK_BOT_TOKEN, or name the workspace with --team T…"
            )
        return team


def _users_are_ours() -> bool:
    """Whether users are Django's own, and not in a platform's database. Another model may need more than a name."""
    is_djangos = get_user_model()._meta.label == "auth.User"  # noqa: SLF001  # documented
    return is_djangos and (is_apart() or not is_sidecar())
