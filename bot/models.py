"""Our own tables: who is linked to whom, the runs, and the notices they owe. The platform's tables are never written.

Keys to users have no constraint in the database: a sidecar's platform, whose Django knows nothing of our tables, must be
able to delete a user. Whoever is gone is found by no join, and bot.runs.cleanup takes out what refers to them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self, TypeVar

from django.conf import settings
from django.db import connections, models, router, transaction
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from bot.core.model import NoticeKind
from bot.core.status import RunState

M = TypeVar("M", bound=models.Model)
_writing = threading.Lock()


def database_of(model: type[models.Model]) -> str:
    """The alias that a model is written to. We read there, too: a replica may lag behind."""
    return router.db_for_write(model)


@contextmanager
def atomic() -> Iterator[None]:
    """A transaction on the database of our tables, whichever alias the project's routers give them."""
    with turn(), transaction.atomic(using=database_of(Run)):
        yield


@contextmanager
def turn() -> Iterator[None]:
    """SQLite has one writer. Threads of this process wait for it here, where the next one is woken at once.

    SQLite itself sleeps, longer each time, and takes whoever comes first then: with many, some wait for a second. By itself
    it is for a single statement, which needs no transaction.
    """
    connection = connections[database_of(Run)]
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    # No longer than SQLite would wait (5 s unless told): another process may be writing for long.
    has_turn = _writing.acquire(timeout=connection.settings_dict["OPTIONS"].get("timeout", 5.0))
    try:
        yield
    finally:
        if has_turn:
            _writing.release()


def still(state: str) -> "Exact[str]":
    """A condition on `state` for updates of rows that are known by their keys: one that no index can answer.

    With an index of states, MariaDB's UPDATE may go by that, and locks an entry of it before the row. Whoever changes a state
    has the row already and wants its entry: a deadlock.
    """
    return Exact(Coalesce("state", models.Value("")), state)


class Primary(models.Manager[M]):
    """Reads from where it writes; as base manager also what Django reads by itself (`refresh_from_db`, `notice.run`)."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().using(database_of(self.model))


class SlackLink(models.Model):
    """A Slack account that may act as a Django user, with Slack's last word on it."""

    team = models.CharField(max_length=32, help_text="Slack workspace, T…")
    slack_user = models.CharField(max_length=32, help_text="Slack user, U… or W…")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="slack_links", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="when Slack was last asked")
    home = models.CharField(
        max_length=32, blank=True, editable=False, help_text="the workspace Slack says they belong to"
    )
    is_guest = models.BooleanField(default=False, editable=False)
    is_bot = models.BooleanField(default=False, editable=False)
    is_deleted = models.BooleanField(default=False, editable=False)
    is_stranger = models.BooleanField(default=False, editable=False)

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "Slack link"
        constraints = [models.UniqueConstraint(fields=["team", "slack_user"], name="runtask_one_link_per_account")]

    def __str__(self) -> str:
        return f"{self.slack_user} in {self.team}"


class Run(models.Model):
    """One request to run a schedule now: who, what, where, with which values, and how it ended.

    Schedule and task are copied, not referenced: a run outlives its schedule, and our tables hold no key into the
    platform's. JSON texts are as sent.
    """

    key = models.CharField(
        max_length=128, unique=True, help_text="one per opened form: a repeated submission starts nothing"
    )
    digest = models.CharField(
        max_length=64, blank=True, help_text="of a script's request: its key stands for no other one"
    )
    task_id = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=16, choices=[(s.value, s.value) for s in RunState], default=RunState.QUEUED)

    schedule_id = models.BigIntegerField()
    schedule_name = models.CharField(max_length=200)
    task = models.CharField(max_length=200)
    args = models.TextField(default="[]")
    kwargs = models.TextField(default="{}")
    changes = models.JSONField(default=list, help_text="what differs from the stored values, secrets masked")
    options = models.JSONField(default=dict, help_text="queue, priority, … as sent")
    target = models.JSONField(default=list, help_text="where it went, in words (bot.core.target)")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="runtask_runs",
        verbose_name="requester",
        db_constraint=False,
    )
    team = models.CharField(max_length=32, blank=True)
    slack_user = models.CharField(max_length=32, blank=True)
    channel = models.CharField(max_length=32, blank=True, help_text="where its messages go now")
    redirected_from = models.CharField(
        max_length=32, blank=True, help_text="the channel that was asked for, if it is closed to us"
    )
    redirected_because = models.CharField(max_length=64, blank=True)
    thread = models.CharField(max_length=32, blank=True, help_text="Slack's ts of the root message")

    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    not_sent_because = models.TextField(blank=True)
    deadline_at = models.DateTimeField(help_text="without any word until then, the thread is told")

    status = models.CharField(max_length=50, blank=True, help_text="Celery's word, as last seen")
    seen_at = models.DateTimeField(null=True, blank=True, help_text="date of the result row as last recorded")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.TextField(blank=True, help_text="shortened; the result itself stays with django-celery-results")
    result_length = models.PositiveIntegerField(default=0)
    traceback = models.TextField(blank=True)
    worker = models.CharField(max_length=100, blank=True)

    objects: ClassVar["Primary[Self]"] = Primary()
    is_repeated = False  # not stored: whether `start` returns a run that an earlier submission started

    class Meta:
        base_manager_name = "objects"
        ordering = ["-id"]
        # Not partial: SQLite without ANALYZE plans around a partial one badly when runs are watched.
        indexes = [
            # The only one that begins with the state: PostgreSQL takes another for as good while statistics know no open runs.
            models.Index(fields=["state", "deadline_at"], name="runtask_run_deadline"),
            models.Index(fields=["schedule_id", "state"], name="runtask_run_schedule"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.schedule_name}"

    @property
    def duration(self) -> float | None:
        """Seconds the task took; None if it never said that it started (without `task_track_started`)."""
        if self.finished_at is None or self.started_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def entry(self) -> str:
        """Through which entry it was asked for: the word that its key begins with."""
        return self.key.partition(":")[0]


class NoticeState(models.TextChoices):
    """How far a notice is."""

    OWED = "owed"
    CLAIMED = "claimed"
    SENT = "sent"
    PARKED = "parked"


class Notice(models.Model):
    """A Slack message that a run owes; written in the transaction that makes it true."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in NoticeKind])
    rank = models.PositiveSmallIntegerField(help_text="order within its run")
    state = models.CharField(max_length=16, choices=NoticeState.choices, default=NoticeState.OWED)
    version = models.PositiveIntegerField(default=0, help_text="counts how often it was owed again")
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True, help_text="begin of the first try whose answer was lost")
    # Stays when that is over: so it can be seen whether somebody tried since a look.
    claim = models.CharField(max_length=32, blank=True, help_text="names the try that is sending it")
    claimed_until = models.DateTimeField(null=True, blank=True)
    channel = models.CharField(max_length=32, blank=True)
    ts = models.CharField(max_length=32, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, help_text="why it isn't sent yet, or never will be")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        ordering = ["run", "rank"]
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="runtask_one_notice_of_a_kind")]
        indexes = [models.Index(fields=["state", "due_at"], name="runtask_notice_due")]

    def __str__(self) -> str:
        return f"{self.kind} of run {self.run_id}"


class ApiToken(models.Model):
    """Lets a script act as a user at the JSON endpoint. Only a digest of it is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="runtask_tokens", db_constraint=False
    )
    name = models.CharField(max_length=100, help_text="what it is for")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256, in hexadecimal")
    created_at = models.DateTimeField(auto_now_add=True)
    used_on = models.DateField(null=True, blank=True, editable=False, help_text="the last day it was used")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name


class RunNow(Run):
    """The run page's entry in the admin's menu; no table of its own."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "run page"
        verbose_name_plural = "Run a schedule"
