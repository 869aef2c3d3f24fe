"""The Slack messages that runs owe: the outbox."""

from typing import ClassVar, Self

from django.db import models

from bot.core.model import EDITS, NoticeKind
from bot.core.reasons import Reason
from bot.models.primary import Primary


class NoticeState(models.TextChoices):
    """The delivery states of a notice."""

    OWED = "owed"
    BEHIND = "behind"  # waits for another notice of its run
    CLAIMED = "claimed"
    SENT = "sent"
    PARKED = "parked"


class Notice(models.Model):
    """A Slack message that a run owes. The row is saved in the transaction that makes the message true."""

    run = models.ForeignKey("runtask.Run", on_delete=models.CASCADE, related_name="notices")
    installation = models.CharField(max_length=65, blank=True, default="", help_text="its run's")
    # A run has at most one notice of each kind. The kinds of notices to approvers have numbers: ask:0, ask:1, …
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in NoticeKind])
    recipient = models.CharField(  # noqa: DJ001  # processes of the previous version write NULL
        max_length=32, null=True, blank=True, help_text="the Slack account it is for, if it isn't for the run's thread"
    )
    rank = models.PositiveSmallIntegerField(help_text="order within its run")
    state = models.CharField(max_length=16, choices=NoticeState.choices, default=NoticeState.OWED)
    version = models.PositiveIntegerField(default=0, help_text="counts how often it was owed again")
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True, help_text="start of the first try whose answer was lost")
    # The claim is kept after the try: if it has changed, a deliverer has tried since the row was read.
    claim = models.CharField(max_length=32, blank=True, help_text="identifies the try that is sending it")
    claimed_until = models.DateTimeField(null=True, blank=True)
    full_at = models.DateTimeField(
        null=True, blank=True, help_text="since the last try, its channel may have a whole burst again then"
    )
    channel = models.CharField(max_length=32, blank=True, help_text="where it goes, or went")
    ts = models.CharField(max_length=32, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(
        max_length=300,
        blank=True,
        help_text="why it isn't sent yet or never will be: a reason (bot.core.reasons.Reason.dump)",
    )

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        ordering = ["run", "rank"]
        constraints = [models.UniqueConstraint(fields=["run", "kind"], name="runtask_one_notice_of_a_kind")]
        indexes = [
            models.Index(fields=["installation", "state", "due_at", "id"], name="runtask_notice_due"),
            models.Index(fields=["installation", "channel", "full_at"], name="runtask_notice_pace"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of run {self.run_id}"

    @property
    def is_edit(self) -> bool:
        return NoticeKind.of(self.kind) in EDITS

    @property
    def reason(self) -> Reason | None:
        return Reason.load(self.problem) if self.problem else None
