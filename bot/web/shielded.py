"""Keeps the project's own pages working while our tables can't be read."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, connections, transaction

from bot.models import Run, database_of

log = logging.getLogger(__name__)
T = TypeVar("T")


def shielded(ask: Callable[[], T], otherwise: T) -> T:
    """What `ask` returns, or `otherwise` if our tables can't be read, as before `migrate`.

    Use this for what we add to pages that aren't ours, such as the menu of the admin.
    """
    alias = database_of(Run)
    try:
        if not connections[alias].in_atomic_block:
            return ask()
        with transaction.atomic(using=alias):  # a savepoint: the request's own transaction must stay usable
            return ask()
    except Error as exc:
        log.warning("a page is shown without runtask's part: %s", type(exc).__name__)
        return otherwise
