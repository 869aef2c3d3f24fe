"""Adds whether a Slack link was made by e-mail, the expiry of tokens, and a table of counts for limits per minute."""

from datetime import datetime, timedelta
from typing import Any

from django.db import migrations, models
from django.db.models.functions import Cast
from django.utils import timezone


def in_a_year() -> datetime:
    """The expiry of tokens that exist already."""
    return timezone.now() + timedelta(days=365)


def keep_last_use(apps: Any, schema_editor: Any) -> None:
    tokens = apps.get_model("runtask", "ApiToken").objects.using(schema_editor.connection.alias)
    tokens.filter(used_on__isnull=False).update(used_at=Cast("used_on", models.DateTimeField()))


class Migration(migrations.Migration):
    dependencies = [("runtask", "0010_installations")]

    operations = [
        migrations.AddField(
            model_name="slacklink",
            name="by_email",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="made by equal e-mail, and removed when the addresses differ",
                null=True,
                verbose_name="by e-mail",
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="password_mark",
            field=models.CharField(
                blank=True,
                default="",
                editable=False,
                help_text="of the user's password when it was made (bot.web.tokens)",
                max_length=64,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="apitoken",
            name="expires_at",
            field=models.DateTimeField(default=in_a_year),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="apitoken",
            name="used_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="to the minute", null=True, verbose_name="last used"
            ),
        ),
        migrations.CreateModel(
            name="Throttle",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("since", models.DateTimeField(help_text="the beginning of its minute")),
                ("count", models.PositiveIntegerField(help_text="in this minute")),
            ],
            options={
                "base_manager_name": "objects",
                "default_permissions": (),
            },
        ),
        migrations.RunPython(keep_last_use, migrations.RunPython.noop, elidable=True),
        # Processes of the previous version still use the column, so a later migration drops it.
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="apitoken", name="used_on")]
        ),
    ]
