"""`runtask manifest`: the Slack app's manifest, to paste at api.slack.com/apps."""

from typing import Any
from urllib.parse import urlsplit

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot.management.options import readable_options
from bot.slack.manifest import EVENTS_PATH, manifest


class Command(BaseCommand):
    """Prints YAML. Without an option, it is the manifest of Socket Mode, as in manifest.yml."""

    help = "Print the Slack app's manifest for Socket Mode, or for HTTP mode at an address."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--http",
            metavar="ADDRESS",
            help=f"https address of the site (/{EVENTS_PATH} is added), or of the endpoint itself",
        )

    def handle(self, *_: Any, http: str | None, **__: Any) -> None:
        content = manifest(readable_options().command, _endpoint(http) if http else "")
        self.stdout.write(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), ending="")


def _endpoint(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise CommandError("Slack delivers to https addresses only: --http https://example.com")
    return address if parts.path.strip("/") else f"{address.rstrip('/')}/{EVENTS_PATH}"
