"""Our own tables: installations, people's accounts and tokens, drafts, Homes, runs, the notices that runs owe, the audit log, rules.

We never write to the platform's tables. Foreign keys to users have no constraint in the database: the Django of a sidecar's
platform doesn't know our tables, and must be able to delete a user. So a key may refer to a deleted user. Joins don't find
that user, and bot.runs.cleanup removes the key.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils import timezone

from bot.core.model import Change, Source
from bot.core.reasons import Reason
from bot.core.status import RunState
from bot.core.stops import Standing, Way, standing
from bot.models.approvable import Answer, Approvable
from bot.models.audit import AppendOnly, AuditRecord, Person
from bot.models.draft import Draft
from bot.models.home import Favourite, Home
from bot.models.installation import Installation
from bot.models.notice import Notice, NoticeState
from bot.models.people import ApiToken, SlackLink, Throttle
from bot.models.primary import Primary, database_of
from bot.models.ruled import Ruled
from bot.models.rules import SiteState, StoredRule, Turn
from bot.models.source import SourceHealth
from bot.models.stoppable import Stoppable
from bot.models.values import Emptied

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
    """A transaction on the database of our tables. The project's routers choose its alias."""
    with writers_turn(), transaction.atomic(using=database_of(Run)):
        yield


@contextmanager
def writers_turn() -> Iterator[None]:
    """On SQLite, waits until no other thread of this process writes: SQLite allows one writer at a time.

    Without this, SQLite retries after longer and longer pauses and in no order: if 16 people press Run, 1 % wait for more than
    430 ms instead of 210 ms.
    A single statement needs only this, and no transaction.
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
    """A condition on `state` that no index can answer. Use it to update rows that are found by their keys.

    With a plain condition, MariaDB may lock an entry of the state index before the row. If another transaction has locked the
    row and waits for that entry, this is a deadlock.
    """
    return Exact(Coalesce("state", models.Value("")), state)


class Run(Ruled, Approvable, Stoppable, Emptied):
    """A request to run a schedule now, and its result.

    The schedule's name and task are copied: a run outlives its schedule, and our tables have no keys into the platform's.
    `args` and `kwargs` are JSON, as they were sent. Reasons are stored as codes (bot.core.reasons).
    """

    key = models.CharField(
        max_length=128, unique=True, help_text="one per opened form, so that a repeated submission starts nothing"
    )
    digest = models.CharField(
        max_length=64, blank=True, help_text="of a script's request, so that its key can't be used for another request"
    )
    task_id = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=16, choices=[(s.value, s.value) for s in RunState], default=RunState.QUEUED)

    schedule_id = models.BigIntegerField()
    schedule_name = models.CharField(max_length=200)
    task = models.CharField(max_length=200)
    args = models.TextField(default="[]")
    kwargs = models.TextField(default="{}")
    changes = models.JSONField(default=list, help_text="the values that differ from the stored ones, secrets masked")
    options = models.JSONField(default=dict, help_text="queue, priority, … as sent")
    target = models.JSONField(default=dict, help_text="where it was sent (bot.core.model.Target.options)")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="runtask_runs",
        verbose_name="requester",
        db_constraint=False,
        db_index=False,  # runtask_run_own begins with it
    )
    # Empty: the run has no messages, or RUNTASK_ANNOUNCE names a channel without its installation.
    installation = models.CharField(max_length=65, blank=True, default="", help_text="workspace and app, T…/A…")
    team = models.CharField(max_length=32, blank=True)
    slack_user = models.CharField(max_length=32, blank=True)
    channel = models.CharField(max_length=32, blank=True, help_text="the channel that its messages go to")
    redirected_from = models.CharField(max_length=32, blank=True, help_text="the channel that was asked for")
    redirected_because = models.CharField(max_length=64, blank=True, help_text="Slack's error code")
    thread = models.CharField(max_length=32, blank=True, help_text="Slack's ts of the root message")
    # NULL if there is none: processes of the previous version write that.
    parent = models.CharField(  # noqa: DJ001
        max_length=32, null=True, blank=True, help_text="Slack's ts of the message that all of them are replies to"
    )

    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    not_sent_because = models.TextField(blank=True, help_text="a reason (bot.core.reasons.Reason.dump)")
    # A run that waits for approval lapses then. If no worker has reported on an open run by then, its thread says so.
    # An ended run: watchers look for another end until then.
    # A run that was never run: when it ended.
    deadline_at = models.DateTimeField()

    source = models.CharField(max_length=16, choices=[(s.value, s.value) for s in Source], default=Source.ROWS)
    status = models.CharField(max_length=50, blank=True, help_text="Celery's status, as last recorded")
    seen = models.CharField(
        max_length=100, blank=True, help_text="what the source said when it was last recorded, as a token"
    )
    seen_at = models.DateTimeField(null=True, blank=True, help_text="when this became so")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.TextField(blank=True, help_text="shortened; django-celery-results keeps all of it")
    result_length = models.PositiveIntegerField(default=0)
    traceback = models.TextField(blank=True)
    worker = models.CharField(max_length=100, blank=True)
    unseen_because = models.TextField(
        blank=True, help_text="why its end can't be known, or, while it is open, may stay unknown: a reason, as above"
    )
    later_ends = models.JSONField(default=list)  # ends that came after the first one: status, result, at

    objects: ClassVar["Primary[Self]"] = Primary()
    is_repeated = False  # not a column. True if `start` returns a run that an earlier submission has started.

    class Meta:
        base_manager_name = "objects"
        ordering = ["-id"]
        # Not partial: with a partial index and without ANALYZE, SQLite chooses bad plans for watching runs.
        indexes = [
            # No other index may begin with the state: PostgreSQL would use it while its statistics contain no open runs.
            models.Index(fields=["state", "deadline_at"], name="runtask_run_deadline"),
            models.Index(fields=["schedule_id", "state", "id"], name="runtask_run_schedule"),
            models.Index(fields=["stop_due_at"], name="runtask_run_stop"),
            models.Index(fields=["user", "id"], name="runtask_run_own"),
            models.Index(fields=["values_deleted_at", "deadline_at"], name="runtask_run_values"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.schedule_name}"

    @property
    def duration(self) -> float | None:
        """Seconds that the task took. None if its start isn't known (without `task_track_started`), or lies after its end."""
        if self.finished_at is None or self.started_at is None or self.started_at > self.finished_at:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def changed_values(self) -> tuple[Change, ...]:
        return tuple(Change(**change) for change in self.changes)

    @property
    def not_sent_reason(self) -> Reason | None:
        return Reason.load(self.not_sent_because) if self.not_sent_because else None

    @property
    def unseen_reason(self) -> Reason | None:
        return Reason.load(self.unseen_because) if self.unseen_because else None

    @property
    def stop_standing(self) -> Standing | None:
        """How far the Stop is. None: nobody has asked to stop the run."""
        if self.stop_asked_at is None:
            return None
        return standing(
            RunState(self.state),
            self.status,
            self.result,
            way=Way(self.stop_way),
            asked_at=self.stop_asked_at,
            ended_at=self.finished_at,
        )

    @property
    def entry(self) -> str:
        """The entry through which the run was asked for (slack, web, api): the first word of its key."""
        return self.key.partition(":")[0]


from bot.models.menu import RunNow, RunWaiting  # noqa: E402  # they need Run
