"""Answers of approvers to runs that wait for approval."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from bot.models.primary import Primary


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
