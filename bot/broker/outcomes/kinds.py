"""Finds the kind of the platform's result backend in its configuration. Nothing connects here."""

from datetime import timedelta
from typing import Any

from celery import Celery
from celery.app.backends import by_url
from celery.backends.base import BaseKeyValueStoreBackend

from bot.compat import MEMCACHED_UNPICKLES
from bot.core.model import Source

# Backends without results, or whose results only the process that sent the task can read.
PRIVATE = frozenset({"celery.backends.base.DisabledBackend", "celery.backends.rpc.RPCBackend"})
MEMCACHED_OR_MEMORY = "celery.backends.cache"
ROWS = "django_celery_results.backends.database"
DJANGO_CACHE = "django_celery_results.backends.cache"
TESTED = frozenset({
    "celery.backends.redis", "celery.backends.database", "celery.backends.filesystem", DJANGO_CACHE,
})  # fmt: skip


def source(app: Celery) -> Source:
    """The source from which runtask can read outcomes."""
    found, url = backend_class(app)
    if found is None or f"{found.__module__}.{found.__qualname__}" in PRIVATE:
        return Source.NONE
    if is_a(found, ROWS):
        return Source.ROWS
    if (is_a(found, MEMCACHED_OR_MEMORY) and _is_memory(app, url)) or is_old_memcached(app):
        return Source.NONE
    return Source.BACKEND if hasattr(found, "get_task_meta") else Source.NONE


def is_old_memcached(app: Celery) -> bool:
    """Whether the backend's client is one for memcached that unpickles, so that a forged result could run code here."""
    found, url = backend_class(app)
    return MEMCACHED_UNPICKLES and is_a(found, MEMCACHED_OR_MEMORY) and not _is_memory(app, url)


def _is_memory(app: Celery, url: str | None) -> bool:
    """Whether this backend keeps results in the memory of one process, for that process alone."""
    return (url or app.conf.cache_backend or "").startswith("memory")


def names_rows(app: Celery) -> bool:
    """Whether the settings name the results' table, even if its app isn't installed."""
    return str(app.conf.result_backend).startswith(("django-db", ROWS))


def backend_class(app: Celery) -> tuple[Any, str | None]:
    """The class that Celery would use (celery/app/base.py, `_get_backend`), and its address. None twice: it can't be imported."""
    try:
        found: Any = by_url(app.backend_cls or app.conf.result_backend, app.loader)
    except Exception:  # noqa: BLE001  # no such name, or whatever importing the class raises
        return None, None
    return found[0], found[1]


def is_a(backend: Any, module: str) -> bool:
    """Whether `backend` is a class of this module, or a subclass of such a class."""
    return backend is not None and any(base.__module__ == module for base in backend.__mro__)


def is_batched(app: Celery) -> bool:
    """Whether one request to the backend can name many tasks."""
    found, _ = backend_class(app)
    if is_a(found, "celery.backends.database"):
        return True
    return getattr(found, "mget", None) is not BaseKeyValueStoreBackend.mget and hasattr(found, "mget")


def is_tested(app: Celery) -> bool:
    found, _ = backend_class(app)
    return any(is_a(found, module) for module in TESTED)


def life(app: Celery) -> float | None:
    """Seconds after which the backend itself drops results. None: they stay until somebody deletes them."""
    found, _ = backend_class(app)
    if not (getattr(found, "supports_autoexpire", False) or is_a(found, DJANGO_CACHE)):
        return None
    expiries = (app.conf.result_expires, app.conf.get("result_failure_expires"))
    lives = [int(expiry.total_seconds() if isinstance(expiry, timedelta) else expiry) for expiry in expiries if expiry]
    return min(filter(None, lives), default=None)  # as in Celery, less than a second means for ever


def shown(app: Celery) -> str:
    """The backend without its address, which may hold a password."""
    named: Any = app.backend_cls or app.conf.result_backend or "disabled"
    return str(named.partition("://")[0] if isinstance(named, str) else f"{named.__module__}.{named.__qualname__}")
