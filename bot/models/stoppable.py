"""Columns for a Stop of a run."""

from django.conf import settings
from django.db import models

from bot.core.stops import Way


class Stoppable(models.Model):
    """Columns of a run. `stop_asked_at` is NULL if nobody has asked to stop it."""

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

    class Meta:
        abstract = True
