"""A column that says whether the values of a run were deleted."""

from django.db import models


class Emptied(models.Model):
    """A column of a run. NULL: the run still has its values."""

    values_deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="since then, arguments, changes, result and traceback are empty (bot.runs.cleanup)",
    )

    class Meta:
        abstract = True
