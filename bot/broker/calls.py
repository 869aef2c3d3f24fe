"""Finds the signatures of the tasks that this process knows, and the names of their positional values.

Decorators and `__call__` may add arguments that nobody sends, so the signature of a task's own function isn't always that of its
message.
"""

import inspect
from inspect import Signature
from types import MethodType
from typing import Any

from celery import Celery, Task

from bot.core import signature as inspected
from bot.core.signature import UNKNOWN, Names


def signature(app: Celery, task: str) -> Signature | None:
    """The signature by which Celery checks arguments before it sends them (celery/app/task.py, apply_async).

    None: Celery sends whatever it gets, because the task isn't registered here, has `typing=False`, or is made from a class.
    """
    known = app.tasks.get(task)
    header = getattr(known, "__header__", None) if known is not None and known.typing else None
    return None if header is None else inspected.of(header)


def names(app: Celery, task: str) -> Names:
    known = app.tasks.get(task)
    if known is None:
        return UNKNOWN
    own, innermost = inspected.of(_own(known.run), follow=False), inspected.of(known.run)
    # Before Celery sends a function's arguments, it compares them with the function, whatever `__call__` does.
    is_direct = hasattr(known, "__header__") or type(known).__call__ is Task.__call__
    return inspected.names(own if is_direct else None, innermost, is_sure=known.typing)


def _own(run: Any) -> Any:
    """The function inside the wrappers that Celery itself adds (autoretry, pydantic). They change no arguments."""
    while (inner := getattr(run, "__wrapped__", None)) is not None and _is_celerys(run):
        run = MethodType(inner, run.__self__) if inspect.ismethod(run) and inspect.isfunction(inner) else inner
    return run


def _is_celerys(function: Any) -> bool:
    return str(getattr(function, "__globals__", {}).get("__name__", "")).startswith("celery.")
