"""Checks of the Django project around the bot: its apps, its users, its databases."""

import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, register
from django.db import Error, connections, router

from bot.checks.options import readable
from bot.checks.table import message
from bot.conf import missing_apps
from bot.env import STANDALONE
from bot.models import Run, database_of
from bot.runs import links
from bot.runs.actors import has_email


@register()
def needed_apps_are_installed(**_: Any) -> list[CheckMessage]:
    names = missing_apps()
    return [message("W006", apps=" and ".join(names), names=", ".join(map(repr, names)))] if names else []


@register()
def no_other_package_has_our_name(**_: Any) -> list[CheckMessage]:
    """If the other package comes first on the path, Django finds no `bot.urls`, and this doesn't run (docs/install.md)."""
    ours = Path(__file__).parents[1].resolve()
    places = [Path(entry, "bot").resolve() for entry in sys.path]
    others = [place for place in places if place != ours and (place / "__init__.py").is_file()]
    return [message("W018", other=str(others[0]))] if others else []


@register()
def the_admin_of_our_pages_is_there(**_: Any) -> list[CheckMessage]:
    """A project without the admin has no pages of ours, which is its own choice. Doctor has a note on it."""
    if not getattr(settings, "ROOT_URLCONF", None) or not links.path("runtask:run") or links.path("admin:index"):
        return []
    return [message("W007", urlconf=settings.ROOT_URLCONF)]


@register()
def somebody_can_be_staff(**_: Any) -> list[CheckMessage]:
    model = get_user_model()
    return [] if hasattr(model, "is_staff") else [message("W008", model=model._meta.label)]  # noqa: SLF001  # documented


@register()
def e_mails_can_be_compared(**_: Any) -> list[CheckMessage]:
    options, model = readable(), get_user_model()
    if options is None or not options.link_by_email or has_email(model):
        return []
    return [message("W009", model=model._meta.label)]  # noqa: SLF001  # documented


@register()
def sqlite_is_set_up(**_: Any) -> list[CheckMessage]:
    is_ours = settings.SETTINGS_MODULE == STANDALONE  # a project's own SQLite is its own choice
    if not is_ours or django.VERSION >= (5, 1) or connections[database_of(Run)].vendor != "sqlite":
        return []
    return [message("W017", version=django.get_version())]


@register()
def our_tables_may_be_made(**_: Any) -> list[CheckMessage]:
    alias = database_of(Run)
    try:
        is_allowed = router.allow_migrate_model(alias, Run)
    except Error:  # a router may ask the database, which may be away
        return []
    return [] if is_allowed else [message("W021", alias=alias)]


@register()
def users_are_where_runs_are(**_: Any) -> list[CheckMessage]:
    """They must be, because rows of runs refer to users."""
    ours, theirs = database_of(Run), database_of(get_user_model())
    return [] if ours == theirs else [message("W010", ours=ours, theirs=theirs)]
