"""Asks RabbitMQ if it has the queues that messages go to. Changes nothing there.

Only RabbitMQ compares a declaration with the existing queue. And only RabbitMQ can return a message whose queue doesn't exist: it
does so because bot/broker/send.py sets `mandatory`.
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
    """The names of the queues, grouped by what RabbitMQ said of them."""

    there: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    # The reasons by name: these queues exist, but RabbitMQ refuses this process's declaration of them.
    refused: dict[str, Reason] = field(default_factory=dict)
    unasked: list[str] = field(default_factory=list)  # RabbitMQ wasn't asked: the time was up


def examine_queues(app: Celery, names: Iterable[str], within: float, *, declares: bool) -> Examined | None:
    """Asks for each queue. None: the broker isn't RabbitMQ. Raises the transport's errors.

    `declares`: whether this process declares queues when it sends. If so, this function also declares those that exist. That
    changes nothing: RabbitMQ refuses a declaration whose arguments differ.
    """
    until = time.monotonic() + within
    found = Examined()
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
    channel = connection.channel()  # a channel for each queue, because RabbitMQ closes the channel when it refuses
    try:
        channel.queue_declare(name, passive=True)
        if declares and (queue := _declared(app, name)) is not None and not queue.no_declare:
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


def _declared(app: Celery, name: str) -> Any:
    """The queue as this process declares it.

    None: `task_queues` doesn't name it, and `task_create_missing_queues` is off. The form says that such a queue isn't declared.
    """
    try:
        return app.amqp.queues[name]
    except KeyError:
        return None
