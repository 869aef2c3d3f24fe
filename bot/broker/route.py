"""Where Celery would send a schedule's task: the row's options over the task's own over the platform's routes.

The same steps as a real message takes: `Task.apply_async` lays the options over the task's own, `Router.route` fills in
`task_routes` and the default queue, `AMQP.send_task_message` prefers an exchange to a queue (celery/app/task.py,
routes.py, amqp.py).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from celery import Celery
from celery.exceptions import QueueNotFound

from bot.core.model import Target

# What `extract_exec_options` reads off a task, as far as people care (celery/app/task.py).
OF_TASK = ("queue", "exchange", "routing_key", "priority", "expires", "time_limit", "soft_time_limit")


def target(
    app: Celery, task: str, options: Mapping[str, Any], *, headers: str = "", past_expires: datetime | None = None
) -> Target:
    """What becomes of `options` (of apply_async). A router that fails leaves the queue unknown; sending will tell."""
    registered = app.tasks.get(task)
    own = {name: getattr(registered, name, None) for name in OF_TASK} if registered is not None else {}
    wanted = {name: value for name, value in own.items() if value is not None}
    wanted |= {name: value for name, value in options.items() if name in OF_TASK}
    routed = _routed(app, task, wanted)
    queue = routed.get("queue")
    exchange, routing_key = _name(routed.get("exchange")), routed.get("routing_key") or None
    is_direct = getattr(getattr(queue, "exchange", None), "type", "direct") == "direct"
    if is_direct and not (exchange and routing_key):  # Celery sends to the queue itself then
        exchange = routing_key = None
    return Target(
        queue=None if exchange or routing_key else _name(queue) or None,
        exchange=exchange,
        routing_key=routing_key,
        priority=routed.get("priority"),
        expires=routed.get("expires"),
        past_expires=past_expires,
        time_limit=routed.get("time_limit"),
        soft_time_limit=routed.get("soft_time_limit"),
        headers=headers,
        is_registered=registered is not None,
    )


def _routed(app: Celery, task: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """`wanted` as the router completes it; with a queue that isn't there, as wanted: that queue's name is what to show."""
    try:
        return dict(app.amqp.router.route(dict(wanted), task))
    except QueueNotFound:
        return wanted
    except Exception:  # noqa: BLE001  # a router is the platform's own code, which may want real arguments
        return {name: value for name, value in wanted.items() if name != "queue"}


def _name(thing: Any) -> str | None:
    """Of a queue or exchange, which Celery passes as names or as kombu's objects."""
    return str(getattr(thing, "name", thing)) if thing else None


def shown_headers(headers: Mapping[str, Any]) -> str:
    """A row's own headers as one line of JSON; empty if there are none."""
    return json.dumps(headers, ensure_ascii=False) if headers else ""
