"""Checks of the platform's Celery app, without loading its tasks.

What counts in the end is how the platform's workers are configured, which in a project is the same; `runtask doctor`
asks the workers themselves.
"""

from typing import Any

from celery import Celery
from celery.app.backends import by_url
from django.core.checks import CheckMessage, register

from bot.apps import missing_apps
from bot.broker.app import NoApp, platform_app
from bot.checks import notice
from bot.checks.options import readable


def configured_app() -> Celery:
    """The app, its configuration loaded. Raises NoApp."""
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
    """Whether its result backend writes `TaskResult` rows: django-db, or a class made from it."""
    backend = app.conf.result_backend
    if not backend or not isinstance(backend, str):
        return False
    try:
        found: Any = by_url(backend, app.loader)  # with its URL
    except Exception:  # noqa: BLE001  # a name or class that isn't there, or can't be imported
        return False
    return any(base.__module__ == "django_celery_results.backends.database" for base in found[0].__mro__)


def shown_backend(app: Celery) -> str:
    """The backend without its address, which may hold a password."""
    return str(app.conf.result_backend or "disabled").partition("://")[0]


@register()
def there_is_an_app(**_: Any) -> list[CheckMessage]:
    """W003: nothing to send with."""
    if readable() is None:
        return []
    try:
        configured_app()
    except NoApp as exc:
        hint = (
            "Import the app in the project's __init__.py, as Celery's guide for Django says,"
            ' or name it: RUNTASK = {"CELERY_APP": "shop.celery:app"}.'
        )
        return [notice(3, f"runtask has no Celery app to send with: {exc}.", hint)]
    return []


@register()
def results_reach_the_database(**_: Any) -> list[CheckMessage]:
    """W004, W005: the watcher reads `TaskResult` rows, and nothing else."""
    app = _app()
    if app is None or missing_apps():
        return []
    if not stores_in_database(app):
        text = (
            f"The result backend is {shown_backend(app)!r}; runtask learns how a run ended from the rows"
            " that only django-celery-results' 'django-db' writes."
        )
        hint = (
            'Set CELERY_RESULT_BACKEND = "django-db", for the workers too.'
            " With redis, rpc, django-cache, … tasks are run, but no thread learns how they ended."
        )
        return [notice(4, text, hint)]
    if not app.conf.result_extended:
        hint = "Set CELERY_RESULT_EXTENDED = True, for the workers too."
        text = "result_extended is off: failed tasks leave no traceback, and results no name of their schedule."
        return [notice(5, text, hint)]
    return []


@register()
def tasks_are_sent(**_: Any) -> list[CheckMessage]:
    """W012: a task would run inside the bot or the web process, before Slack is answered."""
    app = _app()
    if app is None or not app.conf.task_always_eager:
        return []
    hint = "Leave CELERY_TASK_ALWAYS_EAGER to the settings of tests."
    return [notice(12, "task_always_eager is on: tasks run inside the process that should send them.", hint)]


def _app() -> Celery | None:
    """None where W001 or W003 says why."""
    try:
        return configured_app()
    except NoApp:
        return None
