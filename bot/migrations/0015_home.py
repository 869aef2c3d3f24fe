"""Adds Home tabs, favourites, and an index of a user's own runs."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("runtask", "0014_drafts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Favourite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "place",
                    models.PositiveSmallIntegerField(
                        help_text="two processes can't both fill the last free one, so the limit holds"
                    ),
                ),
                ("schedule_id", models.BigIntegerField()),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "place"), name="runtask_one_favourite_a_place"),
                    models.UniqueConstraint(fields=("user", "schedule_id"), name="runtask_one_favourite_each"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Home",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("installation", models.CharField(help_text="workspace and app, T…/A…", max_length=65)),
                ("slack_user", models.CharField(help_text="Slack user, U… or W…", max_length=32)),
                ("opened_at", models.DateTimeField(help_text="the last time")),
                (
                    "hash",
                    models.CharField(blank=True, default="", help_text="Slack's, of the view", max_length=64),
                ),
                ("shown", models.JSONField(null=True)),
                ("claimed_until", models.DateTimeField(help_text="until then, somebody is publishing it")),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "default_permissions": (),
                "indexes": [models.Index(fields=["installation", "opened_at"], name="runtask_home_opened")],
                "constraints": [
                    models.UniqueConstraint(fields=("installation", "slack_user"), name="runtask_one_home_each")
                ],
            },
        ),
        # The new index must come first: it replaces the index that the foreign key has on its own.
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["user", "id"], name="runtask_run_own"),
        ),
        migrations.AlterField(
            model_name="run",
            name="user",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="runtask_runs",
                to=settings.AUTH_USER_MODEL,
                verbose_name="requester",
            ),
        ),
    ]
