"""Finds the platform's Celery app once, in the main thread, and keeps the object.

Each thread has its own `celery.current_app`. In other threads than the main one, it may be an app named `default`, which
Celery creates and which has no broker (celery/_state.py, get_current_app).
"""

import importlib
import logging
from typing import Any

from celery import Celery, _state
from django.conf import settings
from django.core.checks.registry import registry

from bot import env
from bot.core.ports import NotSetUp

log = logging.getLogger(__name__)

DEFAULT = "default"  # the name of the app that Celery creates if a process has none

_celery_state: Any = _state  # the stubs of this module lack both attributes that we read
_of_main_thread: Celery | None = None


class NoApp(NotSetUp):
    """There is no Celery app to send with. The text says why."""


def remember_current() -> None:
    """Keeps the current app for `platform_app`. Call this in the main thread while Django starts.

    It doesn't call `get_current_app`, because that function creates an app if none exists. Other threads would then use that
    app, even after the project has loaded its own.
    """
    global _of_main_thread  # noqa: PLW0603  # one per process, as Celery's own
    app = _celery_state._tls.current_app or _celery_state.default_app  # noqa: SLF001  # what get_current_app() looks at
    _of_main_thread = None if app is None or app.main == DEFAULT else app


def platform_app(name: str) -> Celery:
    """The app called `name` (`module:attribute`), or the one that was current while Django started. Raises NoApp."""
    if not name:
        if _of_main_thread is None:
            raise NoApp("the project has no current Celery app")
        return _of_main_thread
    module, _, attribute = name.partition(":")
    try:
        app = getattr(importlib.import_module(module), attribute or "app")
    except Exception as exc:  # importing runs the platform's own code
        raise NoApp(f"{name} can't be imported ({type(exc).__name__}: {exc})") from exc
    if not isinstance(app, Celery):
        raise NoApp(f"{name} isn't a Celery app")
    return app


def load_tasks(app: Celery) -> None:
    """Loads the modules that define the app's tasks. Raises NoApp."""
    try:
        with env.without_checks_by_celery():
            app.loader.import_default_modules()  # beat's admin does the same
        app.finalize()
    except Exception as exc:  # the platform's own modules
        raise NoApp(f"the project's tasks can't be loaded ({type(exc).__name__}: {exc})") from exc


def load_what_checks_load() -> None:
    """Runs the system checks, as workers and beat do when they start (celery/fixups/django.py), and ignores their findings.

    Checks import views and template tags, and these may import modules that define more tasks. The stand-alone project has no
    such modules. If a check raises an exception, this is logged. With `databases=None`, Django's database checks do nothing.
    """
    if settings.SETTINGS_MODULE == env.STANDALONE or env.skips_checks_by_celery():
        return
    for check in registry.get_checks():
        try:
            check(app_configs=None, databases=None)
        except Exception:  # the platform's own code
            log.exception("tasks may be missing: a system check of %s failed", check.__module__)
