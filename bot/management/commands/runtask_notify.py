"""`runtask notify`: watches runs and delivers notices, for HTTP mode or with `runtask slack --no-deliver`."""

from typing import Any

from django.core.management.base import BaseCommand

from bot.management.serving import delivering, look_for_tables, require, stopping_on_signals, write_log


class Command(BaseCommand):
    """Any number of these processes may run."""

    help = "Watch runs and deliver their messages to Slack."
    requires_system_checks = []

    def handle(self, *_: Any, **__: Any) -> None:
        write_log()
        require("notify")
        look_for_tables()
        with stopping_on_signals() as stopping, delivering(enabled=True):
            stopping.wait()
