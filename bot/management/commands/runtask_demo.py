"""`runtask demo`: starts everything on this computer, with the local Slack. It needs no account and no server."""

import importlib.util
import signal
from contextlib import chdir
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot import env
from bot.conf import BAD_SETUP
from bot.management.serving import stopping_on_signals

NOT_HERE = (
    "The demo and its local Slack are a package of their own. In a checkout of runtask: pip install ./localslack."
    " Or install its wheel file, django_runtask_localslack-….whl."
)


class Command(BaseCommand):
    """Imports the demo by its name, because it is in another distribution."""

    help = "Start everything on this computer: a local Slack, the bot, a worker with tasks to try, and the site."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8787, help="of the local Slack (default: 8787)")
        parser.add_argument("--web-port", type=int, default=8000, help="of the site (default: 8000)")
        parser.add_argument("--schedules", type=int, default=0, metavar="N", help="add schedules until there are N")
        parser.add_argument("--http", action="store_true", help="signed HTTP requests instead of Socket Mode")
        parser.add_argument(
            "--data", type=Path, default=Path("var"), metavar="DIR", help="keep all data there (default: var)"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if importlib.util.find_spec("runtask_demo") is None:
            raise CommandError(NOT_HERE, returncode=BAD_SETUP)
        wanted = {name: options[name] for name in ("port", "web_port", "schedules", "http")}
        plan = importlib.import_module("runtask_demo.plan").Plan(data=options["data"].absolute(), **wanted)
        if problems := plan.problems():
            raise CommandError("\n".join(problems), returncode=BAD_SETUP)
        # Its processes look for modules in the current folder first, where others may have left some. So that is the demo's own.
        with chdir(plan.data), stopping_on_signals() as stopping:
            signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))  # the terminal was closed
            run = importlib.import_module("runtask_demo.supervisor").run
            code = run(plan, env.environ(), stopping, self._say)
        if code:
            raise SystemExit(code)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()  # a program may read it from a pipe
