"""Whether a run still has the values that people have given it or got from it."""

from django.db import models


class Emptied(models.Model):
    """A column of a run."""

    values_deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="since then, arguments, changes, result and traceback are empty (bot.runs.cleanup)",
    )

    class Meta:
        abstract = True
