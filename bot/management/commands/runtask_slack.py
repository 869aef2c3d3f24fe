"""`runtask slack`: serves Slack over Socket Mode, and delivers notices."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from bot.management.serving import delivering, look_for_tables, require, require_tasks, stopping_on_signals, write_log


class Command(BaseCommand):
    """On SIGTERM it first finishes pending acknowledgements and messages that are being sent."""

    help = "Serve Slack over Socket Mode, watch runs and deliver their messages."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-deliver", action="store_true", help="leave watching and delivering to `runtask notify`"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        write_log()
        require("slack")
        from bot import wiring  # noqa: PLC0415  # needs the models that `require` asks for

        require_tasks()
        socket_mode, warm_up = wiring.socket_mode(), wiring.warm_up()
        look_for_tables()
        with stopping_on_signals() as stopping, delivering(enabled=not options["no_deliver"]):
            warm_up.start()
            socket_mode.serve(stopping)
