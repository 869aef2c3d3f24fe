"""Checks of the platform's Celery app, without loading its tasks.

The configuration of the platform's workers counts. In a project it should be the same as that of this process. In a sidecar
it may differ. `runtask doctor` asks the workers.
"""

from typing import Any

from celery import Celery
from django.apps import apps
from django.core.checks import CheckMessage, register

from bot.broker import eventqueue
from bot.broker.app import NoApp, platform_app
from bot.broker.outcomes import kinds
from bot.broker.outcomes.choice import AUTO, chosen
from bot.checks.options import readable
from bot.checks.table import message
from bot.core.model import Source

RESULTS = "django_celery_results"


def results_app_is_installed() -> bool:
    return apps.is_installed(RESULTS)


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
def outcomes_can_be_read(**_: Any) -> list[CheckMessage]:
    app, options = _app(), readable()
    if (
        app is None
        or options is None
        or (options.outcomes == AUTO and kinds.names_rows(app) and not results_app_is_installed())
    ):
        return []  # W006 reports that
    source = chosen(app, options.outcomes)
    if source is Source.ROWS and not app.conf.result_extended:
        return [message("W005")]
    is_unasked = source is Source.NONE and options.outcomes == AUTO
    is_wrong = source is Source.BACKEND and kinds.source(app) is Source.NONE
    if not (is_unasked or is_wrong):
        return []
    return [message("W022" if kinds.is_old_memcached(app) else "W004", backend=repr(kinds.shown(app)))]


@register()
def events_can_be_heard(**_: Any) -> list[CheckMessage]:
    app, options = _app(), readable()
    if app is None or options is None or options.outcomes != Source.EVENTS or eventqueue.is_possible(app):
        return []
    return [message("W019", transport=eventqueue.shown(app))]


@register()
def results_have_their_table(**_: Any) -> list[CheckMessage]:
    app, options = _app(), readable()
    wants = options is not None and (
        options.outcomes == Source.ROWS or (options.outcomes == AUTO and app is not None and kinds.names_rows(app))
    )
    return [message("W006", apps=RESULTS, names=repr(RESULTS))] if wants and not results_app_is_installed() else []


@register()
def tasks_are_sent(**_: Any) -> list[CheckMessage]:
    app = _app()
    return [message("W012")] if app is not None and app.conf.task_always_eager else []


def _app() -> Celery | None:
    """The app. None: there is none, which W001 or W003 reports."""
    try:
        return configured_app()
    except NoApp:
        return None
