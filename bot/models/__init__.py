"""Our own tables: installations, people's accounts and tokens, drafts, Homes, runs, the notices that runs owe, the audit log, rules.

We never write to the platform's tables. Foreign keys to users have no constraint in the database: the Django of a sidecar's
platform doesn't know our tables, and must be able to delete a user. So a key may refer to a deleted user. Joins don't find
that user, and bot.runs.cleanup removes the key.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, models, transaction
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from bot.models.answer import Answer
from bot.models.audit import AppendOnly, AuditRecord, Person
from bot.models.draft import Draft
from bot.models.home import Favourite, Home
from bot.models.installation import Installation
from bot.models.menu import RunNow, RunWaiting
from bot.models.notice import Notice, NoticeState
from bot.models.people import ApiToken, SlackLink, Throttle
from bot.models.primary import Primary, database_of
from bot.models.rules import SiteState, StoredRule, Turn
from bot.models.run import Run
from bot.models.source import SourceHealth

__all__ = [
    "Answer",
    "ApiToken",
    "AppendOnly",
    "AuditRecord",
    "Draft",
    "Favourite",
    "Home",
    "Installation",
    "Notice",
    "NoticeState",
    "Person",
    "Primary",
    "Run",
    "RunNow",
    "RunWaiting",
    "SiteState",
    "SlackLink",
    "SourceHealth",
    "StoredRule",
    "Throttle",
    "Turn",
    "atomic",
    "database_of",
    "still",
    "writers_turn",
]

_writing = threading.Lock()


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction on the database of our tables, which the project's routers choose."""
    with writers_turn(), transaction.atomic(using=database_of(Run)):
        yield


@contextmanager
def writers_turn() -> Iterator[None]:
    """On SQLite, waits until no other thread of this process writes: SQLite allows one writer at a time.

    Without this, SQLite retries after longer and longer pauses and in no order: if 16 people press Run, 1 % wait for more than
    430 ms instead of 210 ms. A single statement needs only this, and no transaction.
    """
    connection = connections[database_of(Run)]
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    # Wait no longer than SQLite itself would (5 s by default). Another process may be writing.
    has_turn = _writing.acquire(timeout=connection.settings_dict["OPTIONS"].get("timeout", 5.0))
    try:
        yield
    finally:
        if has_turn:
            _writing.release()


def still(state: str) -> "Exact[str]":
    """`state = …`, written so that the database can't use the state index. Use it to update rows that are found by their keys.

    With a plain condition, MariaDB may lock an entry of the state index before the row. If another transaction has locked the
    row and waits for that entry, this is a deadlock.
    """
    return Exact(Coalesce("state", models.Value("")), state)
