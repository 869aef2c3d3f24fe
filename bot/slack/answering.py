"""Work that an answer to Slack waits for, with an end to the waiting: a hung database must not hang the answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from django.db import close_old_connections

from bot.core.budget import Budget

T = TypeVar("T")


class TooSlow(Exception):
    """The budget ran out; the work may still be going on."""


@dataclass(frozen=True)
class Answering:
    """A bounded pool of threads, each with its own database connection."""

    pool: ThreadPoolExecutor

    def within(self, budget: Budget, work: Callable[[], T]) -> T:
        """The result or the exception of `work`. Raises TooSlow; work that has not begun by then never does."""
        future = self.pool.submit(with_fresh_connections, work)
        try:
            return future.result(budget.left())
        except TimeoutError:
            if future.done():  # at this very moment, or its own error was a time-out, such as a socket's
                return future.result()
            future.cancel()
            raise TooSlow from None


def with_fresh_connections(work: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()
