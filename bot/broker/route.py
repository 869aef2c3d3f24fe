"""Finds where Celery would send a schedule's task.

It follows the steps of a real message: in `Task.apply_async`, the row's options override the task's own; `Router.route` adds
`task_routes` and the default queue; `AMQP.send_task_message` prefers an exchange to a queue (celery/app/task.py, routes.py,
amqp.py).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from celery import Celery
from celery.exceptions import QueueNotFound
from kombu.utils.json import JSONEncoder

from bot.core.model import Target
from bot.core.options import OPTIONS, ROUTED
from bot.core.secrets import Secrets


def target(
    app: Celery,
    task: str,
    options: Mapping[str, Any],
    args: list[Any],
    kwargs: dict[str, Any],
    *,
    headers: str = "",
    past_expires: datetime | None = None,
) -> Target:
    """The target of a message with these options of apply_async.

    If a router fails, the queue is unknown. Sending then reports the error.
    """
    wanted = _wanted(app, task, options)
    try:
        routed = _routed(app, task, wanted, args, kwargs)
    except QueueNotFound:  # the form shows the name of that queue
        routed = wanted
    except Exception:  # noqa: BLE001  # a router is the platform's own code
        routed = {name: value for name, value in wanted.items() if name != "queue"}
    place = dict(zip(("queue", "exchange", "routing_key"), _place(app, routed), strict=True))
    found = {**wanted, **{name: routed.get(name) for name in ROUTED}, **place}
    return Target(
        options={name: value for name, value in found.items() if value is not None},
        past_expires=past_expires,
        headers=headers,
        is_registered=app.tasks.get(task) is not None,
    )


def undeclared_queue(app: Celery, task: str, options: Mapping[str, Any]) -> str | None:
    """The name of the undeclared queue to which Celery refuses to send. None: Celery doesn't refuse.

    Empty: not the row, but a route or the task names the queue.
    """
    try:
        _routed(app, task, _wanted(app, task, options), [], {})
    except QueueNotFound:
        return _name(options.get("queue")) or ""
    except Exception:  # noqa: BLE001  # as in `target`
        return None
    return None


def _wanted(app: Celery, task: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The task's own options, overridden by the row's."""
    registered = app.tasks.get(task)
    names = [option.name for option in OPTIONS]
    own = {name: getattr(registered, name, None) for name in names} if registered is not None else {}
    given = {name: value for name, value in options.items() if name in names}
    return {name: value for name, value in {**own, **given}.items() if value is not None}


def _routed(app: Celery, task: str, wanted: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    options = {name: value for name, value in wanted.items() if name in ROUTED}
    router: Any = app.amqp.router
    return dict(router.route(options, task, args, kwargs, app.tasks.get(task)))


def _place(app: Celery, routed: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Queue, exchange and routing key. Each is None if it is unknown or has no effect.

    If the message goes to a named exchange, the queue is known only if that is the queue's own exchange, and its binding has
    exactly this key.
    """
    queue: Any = routed.get("queue")
    exchange = routed.get("exchange")
    routing_key = routed.get("routing_key")
    name = _name(queue)
    if getattr(getattr(queue, "exchange", None), "type", "direct") == "direct":
        if not (exchange and routing_key):
            return name, None, None
    elif exchange is None:  # a topic queue gets what matches its binding
        key = routing_key or queue.routing_key or app.conf.task_default_routing_key
        is_bound_by_key = key == queue.routing_key
        return name if is_bound_by_key else None, _name(queue.exchange), key
    return None, _name(exchange), routing_key or None


def _name(thing: Any) -> str | None:
    """The name of a queue or an exchange, which Celery passes as a name or as kombu's object. None: there is none."""
    return str(getattr(thing, "name", thing)) if thing else None


def shown_headers(headers: Mapping[str, Any], secrets: Secrets) -> str:
    """A row's own headers as one line of JSON, secrets masked. Empty if there are none."""
    return json.dumps(secrets.value(dict(headers)), ensure_ascii=False, cls=JSONEncoder) if headers else ""
