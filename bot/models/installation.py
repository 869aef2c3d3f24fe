"""The installations that share this database."""

from typing import ClassVar, Self

from django.db import models

from bot.models.primary import Primary


class Installation(models.Model):
    """Our app in one workspace, as the processes that deliver there know it."""

    key = models.CharField(max_length=65, primary_key=True, help_text="workspace and app, T…/A…")
    address = models.CharField(max_length=200, blank=True, help_text="the workspace's, https://….slack.com/")
    seen_at = models.DateTimeField(help_text="when Slack last took its token")
    problem = models.CharField(max_length=300, blank=True, help_text="why nothing can be delivered: a reason")
    cleaned_at = models.DateTimeField(null=True, blank=True, help_text="the last clean-up of its runs")

    objects: ClassVar["Primary[Self]"] = Primary()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.key
