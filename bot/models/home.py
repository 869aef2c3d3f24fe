"""What people have put on their Home tab in Slack, and which of these tabs are looked at."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from bot.models.primary import Primary


class Favourite(models.Model):
    """A schedule that a user keeps on Home, whichever workspace they look at it from."""

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
    """A Home tab that somebody has opened, as it was published last."""

    installation = models.CharField(max_length=65, help_text="workspace and app, T…/A…")
    slack_user = models.CharField(max_length=32, help_text="Slack user, U… or W…")
    user = models.ForeignKey(  # NULL: somebody who may see nothing
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,  # nobody asks for it
    )
    opened_at = models.DateTimeField(help_text="the last time")
    hash = models.CharField(max_length=64, blank=True, default="", help_text="Slack's, of the view")
    # By id, what the view says of the user's own runs. NULL: what it should show is not published yet.
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
