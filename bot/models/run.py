"""A run: what was asked for, what was sent, and how it ended."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from bot.core.model import Change, Source
from bot.core.reasons import Reason
from bot.core.rights import Need
from bot.core.rules import Notify
from bot.core.status import RunState
from bot.core.stops import Standing, Way, standing
from bot.models.primary import Primary


class Run(models.Model):
    """A request to run a schedule now, and its result.

    The schedule's name and task are copied: a run outlives its schedule, and our tables have no keys into the platform's.
    `args` and `kwargs` are JSON, as they were sent. Reasons are stored as codes (bot.core.reasons).

    A query for runs that haven't ended must not order them by the primary key. Otherwise, PostgreSQL may read that key downwards,
    through all finished runs, instead of using the index of states. Python sorts these runs, or the query orders them by an
    expression (`F("pk") + 0`).
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
    # NULL if there is no such message, because processes of the previous version write NULL.
    parent = models.CharField(  # noqa: DJ001
        max_length=32, null=True, blank=True, help_text="Slack's ts of the message that all of them are replies to"
    )

    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    not_sent_because = models.TextField(blank=True, help_text="a reason (bot.core.reasons.Reason.dump)")
    # For a run that waits for approval: when it lapses. For an open run: when it becomes overdue.
    # For an ended run: until when watchers look for another end. For a run that was never run: when it ended.
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

    # What rules asked of the run when it was started. NULL: no rule asked for this, or an older version made the run.
    reason = models.TextField(null=True, blank=True, help_text="why the requester runs it")  # noqa: DJ001
    notify = models.CharField(  # noqa: DJ001
        max_length=16, null=True, choices=[(n.value, n.value) for n in Notify], help_text="whether its end is posted"
    )
    mention = models.JSONField(null=True, help_text="Slack user groups and users to mention if it fails")
    approval_needs = models.JSONField(null=True, help_text="what rules asked for (bot.core.rights.Need)")
    approval_ask = models.JSONField(null=True, help_text="Slack user groups that are asked")
    approval_digest = models.CharField(  # noqa: DJ001
        max_length=64, null=True, help_text="of all that is to be sent (bot.core.approval.digest)"
    )
    approvers_asked_at = models.DateTimeField(null=True, help_text="when they were looked for, to be told directly")

    # NULL: nobody has asked to stop it.
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_constraint=False
    )
    stopped_by_slack = models.CharField(max_length=32, blank=True, default="", help_text="in the run's workspace")
    stop_way = models.CharField(
        max_length=16,
        blank=True,
        default="",
        choices=[(w.value, w.value) for w in Way],
        help_text="what workers are told",
    )
    stop_tries = models.PositiveIntegerField(default=0, help_text="how often workers were told, or tried to be")
    stop_due_at = models.DateTimeField(null=True, blank=True, help_text="when they are told again")

    # NULL: it still has its values.
    values_deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="since then, arguments, changes, result and traceback are empty (bot.runs.cleanup)",
    )

    objects: ClassVar["Primary[Self]"] = Primary()
    is_repeated = False  # not a column. True if `start` returns a run that an earlier submission has started

    class Meta:
        base_manager_name = "objects"
        ordering = ["-id"]
        # No index is partial: with a partial index and without ANALYZE, SQLite chooses bad plans for watching runs.
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
    def needs(self) -> tuple[Need, ...]:
        found = self.approval_needs or ()
        return tuple(Need(**{**need, "approvers": tuple(need["approvers"])}) for need in found)

    def tells_of(self, status: str) -> bool:
        """Whether an end with this status is posted as a reply. No status: the end can't be known, or the task was not run."""
        if self.notify == Notify.FAILURE:
            return status != "SUCCESS"
        return self.notify != Notify.NEVER

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
