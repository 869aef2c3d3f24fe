"""Favourites, which people see on their Home tab in Slack, and the tabs that somebody has opened."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from bot.models.primary import Primary


class Favourite(models.Model):
    """A schedule that a user keeps on Home. All workspaces of the user show it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,  # both constraints begin with it
    )
    place = models.PositiveSmallIntegerField(
        help_text="two processes can't both fill the last free one, so the limit holds"
    )
    schedule_id = models.BigIntegerField()

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "place"], name="runtask_one_favourite_a_place"),
            models.UniqueConstraint(fields=["user", "schedule_id"], name="runtask_one_favourite_each"),
        ]

    def __str__(self) -> str:
        return f"schedule {self.schedule_id} of user {self.user_id}"


class Home(models.Model):
    """A Home tab that somebody has opened, and what was last published there."""

    installation = models.CharField(max_length=65, help_text="workspace and app, T…/A…")
    slack_user = models.CharField(max_length=32, help_text="Slack user, U… or W…")
    user = models.ForeignKey(  # NULL: a person who may see nothing
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,  # no query has a condition on it
    )
    opened_at = models.DateTimeField(help_text="the last time")
    hash = models.CharField(max_length=64, blank=True, default="", help_text="Slack's, of the view")
    # How far the runs on the tab were, by id (bot.runs.homes). NULL: the tab must be published again.
    shown = models.JSONField(null=True)
    claimed_until = models.DateTimeField(help_text="until then, somebody is publishing it")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["installation", "slack_user"], name="runtask_one_home_each")]
        indexes = [models.Index(fields=["installation", "opened_at"], name="runtask_home_opened")]

    def __str__(self) -> str:
        return f"Home of {self.slack_user} in {self.installation}"
