"""Which Celery app is the platform's: found once, in the main thread, and kept as an object.

`celery.current_app` is one per thread: in a pool thread it is an app named `default`, without a broker
(celery/_state.py, get_current_app).
"""

import importlib
from typing import Any

from celery import Celery, _state

from bot.core.ports import NotSetUp

DEFAULT = "default"  # the name of the app that Celery makes up where there is none

_celerys: Any = _state  # its stubs know neither of the two
_of_main_thread: Celery | None = None


class NoApp(NotSetUp):
    """There is no Celery app to send with; the text says why."""


def remember_current() -> None:
    """Called while Django starts, in the main thread.

    Only looked at: asking for it makes one up where there is none yet, which would then be every thread's, and the
    project's own app, if it is loaded later, no more.
    """
    global _of_main_thread  # noqa: PLW0603  # one per process, as Celery's own
    app = _celerys._tls.current_app or _celerys.default_app  # noqa: SLF001  # what get_current_app() looks at
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
        raise NoApp(f"{name} is no Celery app")
    return app
