"""Slack accounts and API tokens that may act as Django users, and counts that limit how often."""

from datetime import datetime
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
    by_email = models.BooleanField(  # NULL: a process of an older version made the link, during an update
        "by e-mail",
        null=True,
        default=False,
        editable=False,
        help_text="made by equal e-mail, and removed when the addresses differ",
    )
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
        """Contains the user's primary key: after the link is deleted, this text is all that the admin's log has."""
        return f"{self.slack_user} in {self.team} as user {self.user_id}"


class ApiToken(models.Model):
    """Lets a script act as a user at the JSON API. Only a digest of the token is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="runtask_tokens", db_constraint=False
    )
    name = models.CharField(max_length=100, help_text="what it is for")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256, in hexadecimal")
    password_mark = models.CharField(
        max_length=64, blank=True, editable=False, help_text="of the user's password when it was made (bot.web.tokens)"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField("last used", null=True, blank=True, editable=False, help_text="to the minute")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        verbose_name = "API token"

    def __str__(self) -> str:
        """Contains the user's primary key, for the same reason as a Slack link's text."""
        return f"{self.name} of user {self.user_id}"

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at <= now


class Throttle(models.Model):
    """Counts events that are limited per minute (bot.runs.throttle). Rows of earlier minutes have no effect, and are deleted."""

    name = models.CharField(max_length=40, primary_key=True)
    since = models.DateTimeField(help_text="the beginning of its minute")
    count = models.PositiveIntegerField(help_text="in this minute")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
