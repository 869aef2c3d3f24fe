"""Adds the message of somebody else to which a run's messages are replies."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runtask", "0012_stops"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="parent",
            field=models.CharField(
                blank=True,
                help_text="Slack's ts of the message that all of them are replies to",
                max_length=32,
                null=True,
            ),
        ),
    ]
