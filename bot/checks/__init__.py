"""System checks: a wrong set-up is named with its remedy. Warnings but for one, so that none stops `migrate` or `shell`.

The exception is a sidecar beside a database that it doesn't fit (runtask.E001): there `migrate` could only fail halfway.
"""

from django.core.checks import CheckMessage
from django.core.checks import Warning as Notice


def notice(number: int, text: str, hint: str) -> CheckMessage:
    """A warning with our prefix."""
    return Notice(text, hint=hint, id=f"runtask.W{number:03}")
