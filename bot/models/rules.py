"""Rules, the pause, and rows to lock for schedules that may have only one run at a time."""

from typing import Any, ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from bot.models.primary import Primary

ONLY = 1  # primary key of the row of SiteState
PAUSE_REASON_LIMIT = 300  # characters


class StoredRule(models.Model):
    """A rule (bot.core.rules), with its fields as JSON. So an older version notices fields of the rule that it doesn't know."""

    name = models.CharField(max_length=200, unique=True)
    body = models.TextField(help_text="all fields but the name, as a JSON object (bot.core.rulefields)")
    position = models.PositiveIntegerField(default=0, help_text="in the file")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        ordering = ["position", "pk"]
        verbose_name = "rule"

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        # `_changed` saves the new version in this transaction, too.
        with transaction.atomic(using=type(self).objects.db):
            super().save(*args, **kwargs)


class SiteState(models.Model):
    """The version of the rules, and the pause: one row for the whole site, which every request reads."""

    version = models.CharField(max_length=32, default="", help_text="of the rules; other rules have another")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_because = models.CharField(max_length=PAUSE_REASON_LIMIT, blank=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_constraint=False
    )

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ()

    def __str__(self) -> str:
        return "paused" if self.paused_at else "not paused"


class Turn(models.Model):
    """A row to lock for each schedule that may have one run at a time."""

    schedule_id = models.BigIntegerField(primary_key=True)
    taken = models.PositiveBigIntegerField(default=0, help_text="how often")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ()

    def __str__(self) -> str:
        return f"schedule {self.schedule_id}"


@receiver([post_save, post_delete], sender=StoredRule)
def _changed(using: str, **_: Any) -> None:
    renew(using)


def renew(using: str) -> None:
    """Gives the rules a new version, so that processes read the rules again. Call this in the transaction that changes them."""
    SiteState.objects.using(using).update_or_create(pk=ONLY, defaults={"version": uuid4().hex})
