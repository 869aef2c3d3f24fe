"""Who acts as which user, by Slack or by a script."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from bot.models.primary import Primary


class SlackLink(models.Model):
    """A Slack account that may act as a Django user, and what Slack last said about that account."""

    team = models.CharField(max_length=32, help_text="Slack workspace, T…")
    slack_user = models.CharField(max_length=32, help_text="Slack user, U… or W…")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="slack_links", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when Slack was last asked about the account"
    )
    home = models.CharField(
        max_length=32, blank=True, editable=False, help_text="the workspace that Slack says the account belongs to"
    )
    is_guest = models.BooleanField(default=False, editable=False)
    is_bot = models.BooleanField(default=False, editable=False)
    is_deleted = models.BooleanField(default=False, editable=False)
    is_stranger = models.BooleanField(default=False, editable=False)

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "Slack link"
        constraints = [models.UniqueConstraint(fields=["team", "slack_user"], name="runtask_one_link_per_account")]

    def __str__(self) -> str:
        return f"{self.slack_user} in {self.team}"


class ApiToken(models.Model):
    """Lets a script act as a user at the JSON API. Only a digest of the token is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="runtask_tokens", db_constraint=False
    )
    name = models.CharField(max_length=100, help_text="what it is for")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256, in hexadecimal")
    created_at = models.DateTimeField(auto_now_add=True)
    used_on = models.DateField(null=True, blank=True, editable=False, help_text="the last day it was used")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name
