"""Every system check: its id, what it says, and what to do. The table in docs/operations.md is made from this.

To add a check, add an entry to CHECKS, and a function that returns its message to the module that checks this part of the
set-up. If the check has an `area`, that area's module in `bot.doctor` must show it.
"""

from dataclasses import dataclass

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as DjangoWarning

from bot.broker.columns import NO_USERS

SETTINGS = "Settings"  # doctor's area for checks that no other area shows


@dataclass(frozen=True, kw_only=True)
class Check:
    """`text` and `hint` may have placeholders for `str.format`. Only the errors, E001 and E002, stop `migrate`."""

    id: str
    text: str
    hint: str
    is_grave: bool = False  # nobody can run anything until this is corrected, so doctor reports a problem
    area: str = SETTINGS  # the area in which doctor reports it

    def message(self, **values: str) -> CheckMessage:
        kind = Error if self.id.startswith("E") else DjangoWarning
        return kind(self.text.format(**values), hint=self.hint.format(**values), id=f"runtask.{self.id}")


CHECKS = (
    Check(
        id="W001",
        text="An option can't be read: {problem}.",
        hint="docs/configuration.md shows every option, with its type and an example.",
        is_grave=True,
    ),
    Check(
        id="W002",
        text="Slack can't reach this bot: a token is missing.",
        hint="Set SLACK_BOT_TOKEN, and SLACK_APP_TOKEN for Socket Mode or SLACK_SIGNING_SECRET for HTTP mode.",
        is_grave=True,
        area="Slack",
    ),
    Check(
        id="W003",
        text="runtask has no Celery app to send with: {why}.",
        hint=(
            "Import the app in the project's __init__.py, as Celery's guide for Django says,"
            ' or name it: RUNTASK = {{"CELERY_APP": "shop.celery:app"}}.'
        ),
        is_grave=True,
        area="Celery",
    ),
    Check(
        id="W004",
        text="The result backend is {backend}: runtask can't read results there by a task's id, so threads can't say how tasks end.",
        hint=(
            'Set CELERY_RESULT_BACKEND to "redis://…", "django-db" or another backend of docs/outcomes.md, for the workers too.'
            " Or read workers' events: RUNTASK_OUTCOMES=events. If you want no outcomes, set RUNTASK_OUTCOMES to none."
        ),
        area="Results",
    ),
    Check(
        id="W005",
        text="result_extended is off: tracebacks of failed tasks aren't stored, and results lack the name of their schedule.",
        hint="Set CELERY_RESULT_EXTENDED = True, for the workers too.",
        area="Results",
    ),
    Check(
        id="W006",
        text="runtask needs the tables of {apps}, which this project hasn't installed.",
        hint="Add {names} to INSTALLED_APPS and run `migrate`.",
        is_grave=True,
    ),
    Check(
        id="W007",
        text="Django's admin is installed, but {urlconf} has no URL of it: runtask's pages, which are in its frame, can't be shown.",
        hint=(
            "Add path(\"admin/\", admin.site.urls) to its urlpatterns and run `migrate`, or take 'django.contrib.admin' out of"
            " INSTALLED_APPS: Slack and the JSON API work without it."
        ),
    ),
    Check(
        id="W008",
        text="{model} has no `is_staff`, so nobody may run anything.",
        hint="Give the model a boolean field (or a property) `is_staff`. Only people who have it may use runtask.",
        is_grave=True,
        area="Staff",
    ),
    Check(
        id="W009",
        text="RUNTASK_LINK_BY_EMAIL is on, but {model} has no e-mail field.",
        hint="Set RUNTASK_LINK_BY_EMAIL to 0 and link people with `runtask staff add`, or set the model's EMAIL_FIELD.",
        area="Staff",
    ),
    Check(
        id="W010",
        text="The tables of runtask are in the database '{ours}', but users are in '{theirs}': joins are impossible.",
        hint="Make the router return the same database for the app label 'runtask' as for the user model.",
        is_grave=True,
    ),
    Check(
        id="W011",
        text="{setting} is set, but {urlconf} has no pages of runtask.",
        hint=(
            'Add path("runtask/", include("bot.urls")) to its urlpatterns. If the site is served with other settings,'
            " both need it, with the same prefix: links in Slack are made with these."
        ),
    ),
    Check(
        id="W012",
        text="task_always_eager is on: tasks run inside the process that should send them.",
        hint="To run tasks with these settings, switch CELERY_TASK_ALWAYS_EAGER off and start a worker.",
        is_grave=True,
        area="Celery",
    ),
    Check(
        id="W013",
        text="RUNTASK_BASE_URL ends with {path}, and this site's paths begin with it: links would contain it twice.",
        hint="Set RUNTASK_BASE_URL to the address of the site itself, without a path.",
    ),
    Check(
        id="W014",
        text="This sidecar doesn't fit the platform's database. {problem}",
        hint="{remedy}",
        area="Database",
    ),
    Check(
        id="W015",
        text="The platform has no {tables}: nobody can use this sidecar's admin.",
        hint="Slack works without it; link people with `runtask staff add`.",
        area="Database",
    ),
    Check(
        id="W016",
        text="RUNTASK_ANNOUNCE is set, but SLACK_BOT_TOKEN is not: nothing can be announced.",
        hint="Set SLACK_BOT_TOKEN and start `runtask notify`, which delivers announcements, or unset RUNTASK_ANNOUNCE.",
    ),
    Check(
        id="W017",
        text=(
            "With Django {version}, the stand-alone project can't set SQLite up for several processes:"
            " statements will fail with “database is locked”."
        ),
        hint="Install Django 5.1 or newer, or set DATABASE_URL to PostgreSQL or MariaDB.",
        area="Database",
    ),
    Check(
        id="W018",
        text="There is another package called 'bot': {other}. Python imports only one of the two.",
        hint="runtask's package can't be renamed. Rename yours, or run runtask as a sidecar (docs/sidecar.md).",
    ),
    Check(
        id="W019",
        text="RUNTASK_OUTCOMES is events, but workers' events can't be heard over {transport}: threads can't say how tasks end.",
        hint="Events need RabbitMQ or Redis as the broker. With another one, use a result backend (docs/outcomes.md).",
        area="Results",
    ),
    Check(
        id="W020",
        text="RUNTASK_METRICS_TOKEN is set, but the package prometheus-client isn't installed: there is no page `metrics`.",
        hint="Install django-runtask with the extra `metrics` where the web process runs, or unset RUNTASK_METRICS_TOKEN.",
    ),
    Check(
        id="W021",
        text="A database router forbids runtask's tables in the database '{alias}': `migrate` records their migrations, but makes no table.",
        hint=(
            "Its allow_migrate must not return False for the app label 'runtask' there. With django-tenants, add"
            " 'bot.apps.RunTaskConfig' to SHARED_APPS (docs/install.md)."
        ),
        area="Database",
    ),
    Check(
        id="W022",
        text=(
            "The result backend is {backend}. Its client in Celery before 5.7 unpickles what memcached holds, so runtask doesn't"
            " read it, and threads can't say how tasks end."
        ),
        hint=(
            "Install Celery 5.7 or newer, or set CELERY_RESULT_BACKEND to another backend of docs/outcomes.md, for the workers too."
            " Or read workers' events: RUNTASK_OUTCOMES=events. If you want no outcomes, set RUNTASK_OUTCOMES to none."
        ),
        area="Results",
    ),
    Check(
        id="E001",
        text="This sidecar doesn't fit the platform's users, which its own tables refer to. {problem}",
        hint=NO_USERS,
        is_grave=True,
        area="Database",
    ),
    Check(
        id="E002",
        text="DATABASE_URL leads to a platform's database: it has beat's table of schedules.",
        hint=(
            "PLATFORM_DATABASE_URL is the platform's, which a sidecar only reads. Give runtask an empty database of its own"
            " in DATABASE_URL (docs/sidecar.md)."
        ),
        is_grave=True,
        area="Database",
    ),
)
BY_ID = {check.id: check for check in CHECKS}


def message(number: str, **values: str) -> CheckMessage:
    """The message of a check, such as `W004`."""
    return BY_ID[number].message(**values)
