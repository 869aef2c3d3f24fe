"""Entries of the admin's menu that lead to our pages. They have no tables."""

from contextvars import ContextVar

from django.utils.functional import lazy

from bot.models.run import Run

# How many runs wait for the person who reads the menu.
number_waiting: ContextVar[int] = ContextVar("number_waiting", default=0)


def _waiting() -> str:
    number = number_waiting.get()
    return f"Waiting for you ({number})" if number else "Waiting for you"


class RunNow(Run):
    """The run page."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "run page"
        verbose_name_plural = "Run a schedule"


class RunWaiting(Run):
    """The list of runs that wait for the reader's approval. Its name contains their number (bot.admin)."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "run that waits for you"
        verbose_name_plural = lazy(_waiting, str)()
