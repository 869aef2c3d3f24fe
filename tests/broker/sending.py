"""A Celery app with a broker in memory, for tests of what is sent."""

from typing import Any

from celery import Celery

from bot.broker.send import CelerySender
from bot.core.model import Schedule
from bot.core.secrets import WORDS
from tests.factories import TASK_ID


def an_app() -> Celery:
    """An app with a broker of its own, in memory."""
    app = Celery("platform", broker="memory://", set_as_current=False)
    app.conf.update(task_create_missing_queues=True, task_default_queue="tests.send")
    return app


def taken(app: Celery, queue: str = "tests.send") -> list[Any]:
    """Takes all messages from a queue."""
    with app.connection_for_read() as connection:
        box = connection.SimpleQueue(queue)
        found = []
        while len(box):
            message = box.get_nowait()
            message.ack()
            found.append(message)
        return found


def a_prepared(app: Celery, schedule: Schedule) -> tuple[CelerySender, Any]:
    """A sender, and a message of this schedule that it has prepared."""
    sender = CelerySender(app, WORDS)
    return sender, sender.prepare(schedule, TASK_ID, [1], {"days": 30}, requester="ada")
