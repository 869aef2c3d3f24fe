"""`runtask manifest`: the Slack app's manifest, to paste at api.slack.com/apps."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot.management.options import readable_options
from bot.slack.manifest import EVENTS_PATH, manifest


class Command(BaseCommand):
    """Prints YAML, or JSON where PyYAML isn't installed: Slack takes both. Without an option, this is manifest.yml's content."""

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
        self.stdout.write(_text(content).rstrip())


def _text(content: dict[str, Any]) -> str:
    try:
        import yaml  # noqa: PLC0415  # in the extra `standalone`
    except ImportError:
        return json.dumps(content, ensure_ascii=False, indent=2)
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))


def _endpoint(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise CommandError("Slack delivers to https addresses only: --http https://example.com")
    return address if parts.path.strip("/") else f"{address.rstrip('/')}/{EVENTS_PATH}"
