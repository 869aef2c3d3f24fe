"""Columns and rows for the approval of a run."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from bot.core.rights import Need
from bot.models.primary import Primary


class Approvable(models.Model):
    """Columns of a run. NULL: no rule asked for approval, or a process of an older version made the run."""

    approval_needs = models.JSONField(null=True, help_text="what rules asked for (bot.core.rights.Need)")
    approval_ask = models.JSONField(null=True, help_text="Slack user groups that are asked")
    approval_digest = models.CharField(  # noqa: DJ001
        max_length=64, null=True, help_text="of all that is to be sent (bot.core.approval.digest)"
    )
    approvers_asked_at = models.DateTimeField(null=True, help_text="when they were looked for, to be told directly")

    class Meta:
        abstract = True

    @property
    def needs(self) -> tuple[Need, ...]:
        found = self.approval_needs or ()
        return tuple(Need(**{**need, "approvers": tuple(need["approvers"])}) for need in found)


class Answer(models.Model):
    """An approver's yes or no to a run. A later answer of the same person replaces it."""

    run = models.ForeignKey("runtask.Run", on_delete=models.CASCADE, related_name="answers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_constraint=False
    )
    team = models.CharField(max_length=32, blank=True, help_text="of the Slack account by which they answered")
    slack_user = models.CharField(max_length=32, blank=True)
    is_yes = models.BooleanField()
    why = models.TextField(blank=True, help_text="of a no")
    at = models.DateTimeField()

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ()
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["run", "user"], name="runtask_one_answer_a_person")]

    def __str__(self) -> str:
        return f"answer of user {self.user_id} to run {self.run_id}"
