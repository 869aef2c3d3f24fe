"""Distinguishes a database that fails from one that refuses a value."""

from django.db import InterfaceError, InternalError, OperationalError

# After these errors, a later try may succeed. InternalError: PostgreSQL is read-only, as in a switchover.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
WRONG_VALUE = 1366  # MariaDB raises an OperationalError with this code for a character that the table can't hold


def is_away(exc: BaseException) -> bool:
    return isinstance(exc, DATABASE_AWAY) and exc.args[:1] != (WRONG_VALUE,)
