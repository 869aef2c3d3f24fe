"""The audit log: who did what. Records are appended, and deleted when they are old. They never change, except for `count`."""

from datetime import datetime
from typing import Any, ClassVar, NoReturn, Self

from django.db import models
from django.db.models import F

from bot.core.audit import Act
from bot.core.entry import Entry
from bot.models.primary import Primary, database_of


class AppendOnly(Exception):
    """Code tried to change or delete audit records."""


class Person(models.Model):
    """A person, with the account that they used (bot.core.audit.Who). Only these rows have people's names. Records refer to them.

    Forgetting a person empties their rows. No row is deleted, because records refer to it.
    """

    key = models.CharField(max_length=64, unique=True, editable=False)
    user = models.CharField(max_length=100, blank=True, help_text="the user's primary key")
    name = models.CharField(max_length=150, blank=True, help_text="the user's name when they last acted")
    team = models.CharField(max_length=32, blank=True, help_text="Slack workspace, T…")
    slack_user = models.CharField(max_length=32, blank=True, help_text="Slack user, U… or W…")
    token = models.CharField("API token", max_length=20, blank=True, help_text="the token's number")
    os_user = models.CharField("user of the operating system", max_length=100, blank=True)
    created_at = models.DateTimeField("first seen")
    forgotten_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        verbose_name_plural = "people in the audit log"

    def __str__(self) -> str:
        slack = f"{self.team}/{self.slack_user}" if self.slack_user else ""
        token = f"token {self.token}" if self.token else ""
        return " ".join(filter(None, [self.name, slack, token, self.os_user])) or f"person {self.pk}"


class Records(models.QuerySet["AuditRecord"]):
    """A query of records that refuses to change them, except by its own two methods. `bot.runs.audit` inserts records."""

    def update(self, **_: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly

    def bulk_create(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly

    def count_again(self) -> int:
        """Counts one more equal refusal in these records. Returns how many records there are."""
        return super().update(count=F("count") + 1)

    def expire(self, before: datetime, limit: int) -> int:
        """Deletes up to `limit` records from before this time, the oldest first. Returns how many."""
        old = list(self.filter(at__lt=before).order_by("at", "pk").values_list("pk", flat=True)[:limit])
        return models.QuerySet(AuditRecord, using=self.db).filter(pk__in=old).delete()[0] if old else 0


class _Manager(models.Manager["AuditRecord"]):
    def get_queryset(self) -> Records:
        return Records(self.model, using=database_of(self.model))


class AuditRecord(models.Model):
    """A record (bot.core.audit.Record). It outlives its run and its schedule, so it has no keys to them."""

    at = models.DateTimeField("when")
    action = models.CharField(max_length=32, choices=[(act.value, act.value) for act in Act])
    # The two keys need no constraints, because no person's row is deleted. `person` needs no index of its own, because
    # `runtask_audit_person` begins with it. No query has a condition on `about`.
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    about = models.ForeignKey(
        Person,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="whom a link or a token is for",
    )
    entry = models.CharField(max_length=16, choices=[(entry.value, entry.value) for entry in Entry])
    schedule_id = models.BigIntegerField("schedule", null=True, blank=True)
    schedule_name = models.CharField(max_length=200, blank=True)
    run_id = models.BigIntegerField("run", null=True, blank=True)
    installation = models.CharField(max_length=65, blank=True, help_text="workspace and app, T…/A…")
    count = models.PositiveIntegerField(default=1, help_text="how many equal refusals there were within a minute")
    same = models.CharField(  # noqa: DJ001  # NULLs are no duplicates of each other
        max_length=64, null=True, unique=True, editable=False, help_text="a digest of what equal refusals share"
    )
    details = models.JSONField(default=dict)

    objects: ClassVar[Any] = _Manager()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["at", "id"], name="runtask_audit_at"),
            models.Index(fields=["person", "at", "id"], name="runtask_audit_person"),
            models.Index(fields=["schedule_id", "at", "id"], name="runtask_audit_schedule"),
            models.Index(fields=["action", "at", "id"], name="runtask_audit_action"),
            models.Index(fields=["run_id", "at", "id"], name="runtask_audit_run"),
        ]

    def __str__(self) -> str:
        return f"{self.action} at {self.at:%Y-%m-%d %H:%M:%S}"

    def save(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly
