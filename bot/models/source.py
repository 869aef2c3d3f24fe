"""The health of the sources of outcomes."""

from typing import ClassVar, Self

from django.db import models

from bot.models.primary import Primary


class SourceHealth(models.Model):
    """Whether a source of outcomes answers, as the process that watches it last saved."""

    source = models.CharField(max_length=16, primary_key=True)
    answered_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, help_text="why it doesn't answer: a reason")

    # Only for a source that one process at a time may follow. NULL: no process ever has.
    holder = models.CharField(max_length=32, null=True, blank=True, help_text="the process that follows it")  # noqa: DJ001
    held_until = models.DateTimeField(null=True, blank=True, help_text="then another process may take over")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.source
