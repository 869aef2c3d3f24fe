"""Checks of the Django project around the bot: its apps, its users, its databases."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, register

from bot.apps import missing_apps
from bot.checks import notice
from bot.checks.options import readable
from bot.models import Run, database_of
from bot.runs.actors import has_email


@register()
def needed_apps_are_installed(**_: Any) -> list[CheckMessage]:
    """W006: schedules or results have no tables here; until they have, the bot has no pages."""
    names = missing_apps()
    if not names:
        return []
    hint = f"Add {', '.join(repr(name) for name in names)} to INSTALLED_APPS and run `migrate`."
    return [notice(6, f"runtask works on tables of {' and '.join(names)}, which this project hasn't installed.", hint)]


@register()
def the_admin_is_installed(**_: Any) -> list[CheckMessage]:
    """W007: nothing to look at runs in."""
    if apps.is_installed("django.contrib.admin"):
        return []
    hint = "Add 'django.contrib.admin' to INSTALLED_APPS to see runs and links; Slack works without it."
    return [notice(7, "Runs, notices and Slack links are shown in Django's admin, which isn't installed.", hint)]


@register()
def somebody_can_be_staff(**_: Any) -> list[CheckMessage]:
    """W008: only staff may run anything."""
    model = get_user_model()
    if hasattr(model, "is_staff"):
        return []
    hint = "Give the model a boolean field (or a property) `is_staff`; who has it may run every schedule."
    return [notice(8, f"{model._meta.label} has no `is_staff`, so nobody may run anything.", hint)]  # noqa: SLF001  # documented


@register()
def e_mails_can_be_compared(**_: Any) -> list[CheckMessage]:
    """W009: links by e-mail are wanted, and users have none."""
    options, model = readable(), get_user_model()
    if options is None or not options.link_by_email or has_email(model):
        return []
    hint = "Set RUNTASK_LINK_BY_EMAIL to 0 and link people with `runtask staff add`, or set the model's EMAIL_FIELD."
    text = f"RUNTASK_LINK_BY_EMAIL is on, but {model._meta.label} has no e-mail field."  # noqa: SLF001  # documented
    return [notice(9, text, hint)]


@register()
def users_are_where_runs_are(**_: Any) -> list[CheckMessage]:
    """W010: our rows refer to users."""
    ours, theirs = database_of(Run), database_of(get_user_model())
    if ours == theirs:
        return []
    hint = "Let the router answer the same database for the app label 'runtask' as for the user model."
    text = f"The tables of runtask are in the database '{ours}', users in '{theirs}': links can't be looked up."
    return [notice(10, text, hint)]
