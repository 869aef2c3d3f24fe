"""Checks of the platform's Celery app, without loading its tasks.

What counts is the configuration of the platform's workers. In a project it is the same as here. In a sidecar it may differ,
and `runtask doctor` asks the workers.
"""

from typing import Any

from celery import Celery
from celery.app.backends import by_url
from django.core.checks import CheckMessage, register

from bot.broker.app import NoApp, platform_app
from bot.checks.options import readable
from bot.checks.table import message
from bot.conf import missing_apps


def configured_app() -> Celery:
    """The app, with its configuration loaded. Raises NoApp."""
    options = readable()
    if options is None:
        raise NoApp("the options can't be read")
    app = platform_app(options.celery_app)
    try:
        _ = app.conf.result_backend
    except Exception as exc:  # the platform's own code and settings
        raise NoApp(f"its configuration can't be read ({type(exc).__name__}: {exc})") from exc
    return app


def stores_in_database(app: Celery) -> bool:
    """Whether its result backend writes `TaskResult` rows: django-db, or a subclass of it."""
    backend = app.conf.result_backend
    if not backend or not isinstance(backend, str):
        return False
    try:
        found: Any = by_url(backend, app.loader)  # the class and its URL
    except Exception:  # noqa: BLE001  # a name or class that doesn't exist or can't be imported
        return False
    return any(base.__module__ == "django_celery_results.backends.database" for base in found[0].__mro__)


def shown_backend(app: Celery) -> str:
    """The backend without its address, which may hold a password."""
    return str(app.conf.result_backend or "disabled").partition("://")[0]


@register()
def there_is_an_app(**_: Any) -> list[CheckMessage]:
    if readable() is None:
        return []
    try:
        configured_app()
    except NoApp as exc:
        return [message("W003", why=str(exc))]
    return []


@register()
def results_reach_the_database(**_: Any) -> list[CheckMessage]:
    app = _app()
    if app is None or missing_apps():
        return []
    if not stores_in_database(app):
        return [message("W004", backend=repr(shown_backend(app)))]
    return [] if app.conf.result_extended else [message("W005")]


@register()
def tasks_are_sent(**_: Any) -> list[CheckMessage]:
    app = _app()
    return [message("W012")] if app is not None and app.conf.task_always_eager else []


def _app() -> Celery | None:
    """None if there is no app, which W001 or W003 reports."""
    try:
        return configured_app()
    except NoApp:
        return None
