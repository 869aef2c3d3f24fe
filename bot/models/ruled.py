"""Columns for what rules asked of a run when it was started."""

from django.db import models

from bot.core.rules import Notify


class Ruled(models.Model):
    """Columns of a run. NULL: no rule asked for this, or a process of an older version made the run."""

    reason = models.TextField(null=True, blank=True, help_text="why the requester runs it")  # noqa: DJ001
    notify = models.CharField(  # noqa: DJ001
        max_length=16, null=True, choices=[(n.value, n.value) for n in Notify], help_text="whether its end is posted"
    )
    mention = models.JSONField(null=True, help_text="Slack user groups and users to mention if it fails")

    class Meta:
        abstract = True

    def tells_of(self, status: str) -> bool:
        """Whether an end with this status is posted as a reply. Empty: the end can't be known, or the run was not run."""
        if self.notify == Notify.FAILURE:
            return status != "SUCCESS"
        return self.notify != Notify.NEVER
