"""Makes all tables of version 0.1.0."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    # The migrations of version 0.1.0. In a database that has all of them, Django counts this one as applied.
    replaces = [
        ("runtask", "0001_initial"),
        ("runtask", "0002_installed_anywhere"),
        ("runtask", "0003_a_script_asks_once"),
        ("runtask", "0004_users_may_go"),
        ("runtask", "0005_run_page_in_menu"),
        ("runtask", "0006_no_cost_grows_with_history"),
        ("runtask", "0007_reads_where_it_writes"),
        ("runtask", "0008_one_index_of_states"),
    ]

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="what it is for", max_length=100)),
                (
                    "digest",
                    models.CharField(editable=False, help_text="SHA-256, in hexadecimal", max_length=64, unique=True),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "used_on",
                    models.DateField(blank=True, editable=False, help_text="the last day it was used", null=True),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runtask_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        help_text="one per opened form, so that a repeated submission starts nothing",
                        max_length=128,
                        unique=True,
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        blank=True,
                        help_text="of a script's request, so that its key can't be used for another request",
                        max_length=64,
                    ),
                ),
                ("task_id", models.CharField(max_length=64, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("sent", "sent"),
                            ("unknown", "unknown"),
                            ("running", "running"),
                            ("overdue", "overdue"),
                            ("finished", "finished"),
                            ("not_sent", "not_sent"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("schedule_id", models.BigIntegerField()),
                ("schedule_name", models.CharField(max_length=200)),
                ("task", models.CharField(max_length=200)),
                ("args", models.TextField(default="[]")),
                ("kwargs", models.TextField(default="{}")),
                (
                    "changes",
                    models.JSONField(
                        default=list, help_text="the values that differ from the stored ones, secrets masked"
                    ),
                ),
                ("options", models.JSONField(default=dict, help_text="queue, priority, … as sent")),
                (
                    "target",
                    models.JSONField(default=dict, help_text="where it was sent (bot.core.model.Target.options)"),
                ),
                ("team", models.CharField(blank=True, max_length=32)),
                ("slack_user", models.CharField(blank=True, max_length=32)),
                (
                    "channel",
                    models.CharField(blank=True, help_text="the channel that its messages go to", max_length=32),
                ),
                (
                    "redirected_from",
                    models.CharField(
                        blank=True,
                        help_text="the channel that was asked for, if the bot can't post there",
                        max_length=32,
                    ),
                ),
                ("redirected_because", models.CharField(blank=True, help_text="Slack's error code", max_length=64)),
                ("thread", models.CharField(blank=True, help_text="Slack's ts of the root message", max_length=32)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("not_sent_because", models.TextField(blank=True, help_text="a reason (bot.core.reasons.Reason.dump)")),
                (
                    "deadline_at",
                    models.DateTimeField(help_text="if nothing is known of it by then, the thread says so"),
                ),
                ("status", models.CharField(blank=True, help_text="Celery's status, as last recorded", max_length=50)),
                (
                    "seen_at",
                    models.DateTimeField(
                        blank=True, help_text="date of the result row when it was last recorded", null=True
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("result", models.TextField(blank=True, help_text="shortened; django-celery-results keeps all of it")),
                ("result_length", models.PositiveIntegerField(default=0)),
                ("traceback", models.TextField(blank=True)),
                ("worker", models.CharField(blank=True, max_length=100)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="runtask_runs",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requester",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("root", "root"),
                            ("id", "id"),
                            ("progress", "progress"),
                            ("deadline", "deadline"),
                            ("final", "final"),
                        ],
                        max_length=16,
                    ),
                ),
                ("rank", models.PositiveSmallIntegerField(help_text="order within its run")),
                (
                    "state",
                    models.CharField(
                        choices=[("owed", "Owed"), ("claimed", "Claimed"), ("sent", "Sent"), ("parked", "Parked")],
                        default="owed",
                        max_length=16,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=0, help_text="counts how often it was owed again")),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveIntegerField(default=0)),
                (
                    "tried_at",
                    models.DateTimeField(
                        blank=True, help_text="start of the first try whose answer was lost", null=True
                    ),
                ),
                (
                    "claim",
                    models.CharField(blank=True, help_text="identifies the try that is sending it", max_length=32),
                ),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                ("channel", models.CharField(blank=True, max_length=32)),
                ("ts", models.CharField(blank=True, max_length=32)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        help_text="why it isn't sent yet or never will be: a reason (bot.core.reasons.Reason.dump)",
                        max_length=300,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="runtask.run"
                    ),
                ),
            ],
            options={
                "ordering": ["run", "rank"],
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="RunNow",
            fields=[],
            options={
                "verbose_name": "run page",
                "verbose_name_plural": "Run a schedule",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("runtask.run",),
        ),
        migrations.CreateModel(
            name="SlackLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("team", models.CharField(help_text="Slack workspace, T…", max_length=32)),
                ("slack_user", models.CharField(help_text="Slack user, U… or W…", max_length=32)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "checked_at",
                    models.DateTimeField(
                        blank=True, editable=False, help_text="when Slack was last asked about the account", null=True
                    ),
                ),
                (
                    "home",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="the workspace that Slack says the account belongs to",
                        max_length=32,
                    ),
                ),
                ("is_guest", models.BooleanField(default=False, editable=False)),
                ("is_bot", models.BooleanField(default=False, editable=False)),
                ("is_deleted", models.BooleanField(default=False, editable=False)),
                ("is_stranger", models.BooleanField(default=False, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slack_links",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "Slack link",
                "base_manager_name": "objects",
            },
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["state", "deadline_at"], name="runtask_run_deadline"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["schedule_id", "state"], name="runtask_run_schedule"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["state", "due_at"], name="runtask_notice_due"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("run", "kind"), name="runtask_one_notice_of_a_kind"),
        ),
        migrations.AddConstraint(
            model_name="slacklink",
            constraint=models.UniqueConstraint(fields=("team", "slack_user"), name="runtask_one_link_per_account"),
        ),
    ]
