"""Asks RabbitMQ for the queues that messages go to. Changes nothing there.

Only RabbitMQ compares a declared queue with the one that exists, and refuses messages to queues that don't.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from celery import Celery
from kombu.exceptions import ChannelError

from bot.broker import answers
from bot.broker.connection import connect, own_connection
from bot.core.reasons import Reason

ABSENT = 404  # AMQP's reply code


@dataclass
class Examined:
    """What became of each queue that was asked for."""

    there: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    refused: dict[str, Reason] = field(
        default_factory=dict
    )  # by name: they exist, but the broker refuses their declaration
    unasked: list[str] = field(default_factory=list)  # there was no time


def examine_queues(app: Celery, names: Iterable[str], within: float, *, declares: bool) -> Examined | None:
    """None: the broker isn't RabbitMQ. Raises whatever the transport raises.

    `declares`: whether this process declares queues when it sends. If so, declares those that exist once more, which changes
    nothing unless the arguments differ; then the broker refuses.
    """
    until, found = time.monotonic() + within, Examined()
    with own_connection(app) as connection:
        if connection.transport.driver_type != "amqp":
            return None
        connect(connection, within)
        for name in names:
            if time.monotonic() >= until:
                found.unasked.append(name)
            else:
                _examine_one(app, connection, name, found, declares=declares)
    return found


def _examine_one(app: Celery, connection: Any, name: str, found: Examined, *, declares: bool) -> None:
    channel = connection.channel()  # each its own, as the broker closes it when it refuses
    try:
        channel.queue_declare(name, passive=True)
        if declares and (queue := _known(app, name)) is not None and not queue.no_declare:
            queue.bind(channel).queue_declare()
    except ChannelError as exc:
        refusal = answers.refusal(exc, "amqp", name)
        if refusal is None:
            raise
        if exc.reply_code == ABSENT:
            found.absent.append(name)
        else:
            found.refused[name] = refusal.reason
    else:
        found.there.append(name)
        channel.close()


def _known(app: Celery, name: str) -> Any:
    """As this process declares it. None: it may not make queues that its settings don't name; the form says so."""
    try:
        return app.amqp.queues[name]
    except KeyError:
        return None
