"""`runtask events add|remove|show`: the queue in which RabbitMQ keeps workers' events for runtask."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bot import wiring
from bot.broker import eventqueue
from bot.broker.app import platform_app
from bot.broker.eventqueue import EventQueue, NotPossible, Refused
from bot.conf import BAD_SETUP
from bot.core.ports import NotSetUp


class Command(BaseCommand):
    help = (
        "Make, remove or show the queue in which RabbitMQ keeps workers' events for runtask (RUNTASK_OUTCOMES=events). "
        "`runtask notify` creates the queue, if its account is allowed to. Stop that before you remove the queue."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["add", "remove", "show"])

    def handle(self, *_: Any, what: str, **__: Any) -> None:
        try:
            options = wiring.readable_options()
            app, queue = platform_app(options.celery_app), EventQueue.of(options)
        except NotSetUp as exc:
            raise CommandError(str(exc), returncode=BAD_SETUP) from exc
        try:
            if what == "add":
                eventqueue.add(app, queue)
            elif what == "remove":
                eventqueue.remove(app, queue)
            there = eventqueue.waiting(app, queue)
        except NotPossible as exc:
            raise CommandError(f"There is nothing to {what}: {exc}.") from exc
        except Refused as exc:
            raise CommandError(
                f"RabbitMQ refuses the queue {queue.name}: {exc}. If its length or its expiry differ from these settings, "
                "remove it and add it again. If its account may not, use one that may."
            ) from exc
        except Exception as exc:  # whatever the transport raises; its text may hold an address with a password
            raise CommandError(f"The broker can't be asked: {type(exc).__name__}") from exc
        if there is None:
            self.stdout.write(f"There is no queue {queue.name}: RabbitMQ keeps no events for runtask.")
            return
        waiting, readers = there
        self.stdout.write(
            f"The queue {queue.name} exists. Messages in it: {waiting:,}. Processes that read it: {readers}."
        )
