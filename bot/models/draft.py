"""The values that people have written in a mention. They fill a form within ten minutes."""

from typing import ClassVar, Self

from django.db import models

from bot.models.primary import Primary


class Draft(models.Model):
    """A mention that the bot has answered, and its values without secrets. Only its author can open the form with them.

    Every answered mention has a row, even without values, so that the bot answers only once if Slack repeats the event.
    """

    key = models.CharField(max_length=64, unique=True, help_text="which the button carries")
    installation = models.CharField(max_length=65, help_text="workspace and app, T…/A…")
    team = models.CharField(max_length=32, help_text="its author's")
    slack_user = models.CharField(max_length=32, help_text="its author")
    channel = models.CharField(max_length=32)
    message = models.CharField(max_length=32, help_text="Slack's ts of the message")
    parent = models.CharField(
        max_length=32, blank=True, help_text="the first message of the thread that it is in; empty: none"
    )
    args = models.TextField(blank=True, help_text="JSON list; empty: as stored")
    kwargs = models.TextField(default="{}", help_text="JSON object, of those that were written")
    left_out = models.JSONField(default=list, help_text="names of keyword arguments that are secret")
    has_left_out_args = models.BooleanField(default=False)
    valid_until = models.DateTimeField(db_index=True)

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["installation", "channel", "message"], name="runtask_one_draft_per_message")
        ]

    def __str__(self) -> str:
        return f"draft of {self.slack_user} in {self.channel}"
