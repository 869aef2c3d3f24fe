"""`runtask rules`: checks, imports and exports the rules (docs/rules.md)."""

import difflib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot.core import rulefile
from bot.core.explained import idle
from bot.core.reasons import Code, Reason
from bot.core.rules import Rule, RuleBook
from bot.management import rules
from bot.management.people import by_command, database_in_words, user_named
from bot.runs import explain, rulebook
from bot.texts import sentence
from bot.web.explained import GLOB_MATCHES_NOTHING, lines_of


class Command(BaseCommand):
    """An import replaces all rules at once, or none."""

    help = "Check, import or export the rules that say who may do what with which schedules."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="name every mistake in a file")
        check.add_argument("file", metavar="FILE")
        check.add_argument(
            "--explain",
            nargs=2,
            metavar=("USER", "SCHEDULE"),
            help="say what this user may do with this schedule, and why",
        )
        imports = actions.add_parser("import", help="replace all rules by those of a file, and show the difference")
        imports.add_argument("file", metavar="FILE")
        imports.add_argument("--empty", action="store_true", help="allow a file without rules: it deletes all")
        export = actions.add_parser("export", help="write the rules as a file")
        export.add_argument("file", metavar="FILE", nargs="?", help="by default, standard output")

    def handle(self, *_: Any, **options: Any) -> None:
        actions = {"check": self._check, "import": self._import, "export": self._export}
        with database_in_words():
            actions[options["action"]](options)

    def _check(self, options: dict[str, Any]) -> None:
        found = rules.read(options["file"])
        self._warn(found)
        if options["explain"] is None:
            self.stdout.write(f"{options['file']} is good: {_count(found)}.")
            return
        user, name = options["explain"]
        told = explain.told(user_named(user), *rules.schedule(name), book=RuleBook(found))
        self.stdout.write("\n".join(lines_of(told)))

    def _import(self, options: dict[str, Any]) -> None:
        found = rules.read(options["file"])
        if not found and not options["empty"]:
            raise CommandError(sentence(Reason(code=Code.NO_RULES)))
        self._warn(found)
        before, after = _written_now().splitlines(), rulefile.written(found).splitlines()
        difference = list(difflib.unified_diff(before, after, "before", options["file"], lineterm=""))
        rulebook.replace(found, by=by_command("`runtask rules`"))
        self.stdout.write("\n".join(difference) if difference else "The rules are the same as before.")
        self.stdout.write(f"In force: {_count(found)}.")

    def _export(self, options: dict[str, Any]) -> None:
        text = _written_now()
        if options["file"] is None:
            self.stdout.write(text, ending="")
            return
        try:
            Path(options["file"]).write_text(text, encoding="utf-8")
        except OSError as exc:
            raise CommandError(f"{options['file']} can't be written ({exc}).") from exc
        self.stdout.write(f"Written to {options['file']}.")

    def _warn(self, found: tuple[Rule, ...]) -> None:
        for rule, glob in idle(found, explain.schedules()):
            self.stderr.write(self.style.WARNING(GLOB_MATCHES_NOTHING.format(rule=rule, glob=glob)))


def _written_now() -> str:
    try:
        return rulefile.written(tuple(rulebook.stored()))
    except rulebook.Unreadable as exc:  # an import must be able to replace such rules
        return f"# {exc}\n"


def _count(found: tuple[Rule, ...]) -> str:
    return "1 rule" if len(found) == 1 else f"{len(found)} rules"
