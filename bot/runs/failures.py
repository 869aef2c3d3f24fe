"""Tells a database that fails from one that refuses a value."""

from django.db import InterfaceError, InternalError, OperationalError

# It may be back later. The last one: PostgreSQL is read-only, as in a switchover.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
WRONG_VALUE = 1366  # MariaDB: a character that the table can't hold, which is an OperationalError there


def is_away(exc: BaseException) -> bool:
    return isinstance(exc, DATABASE_AWAY) and exc.args[:1] != (WRONG_VALUE,)
