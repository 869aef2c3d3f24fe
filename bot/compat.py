"""Code for the differences between the versions that we support. Each part names the versions that need it."""

from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

import django
from django.conf import settings

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

V = TypeVar("V", bound=Callable[..., Any])


def _installed(package: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version(package).split(".")[:3] if part.isdecimal())


# Beat up to 2.7 passes the schedule's name as an option of the message, and the results app before 2.6 reads it there. Beat 2.8
# passes it as a header.
NAME_IS_HEADER = _installed("django-celery-beat") >= (2, 8)
# Celery up to 5.6.2: workers ignore the header that asks them to keep the result of a task with `ignore_result`.
HONOURS_HEADER = _installed("celery") >= (5, 6, 3)
# Celery 5.6 from 5.6.2 on: a worker that is told to revoke a task marks it as REVOKED, even if the task is running or has ended.
# A sidecar assumes that the platform's workers have the sidecar's own version of Celery.
MARKS_ANY_TASK = (5, 6, 2) <= _installed("celery") < (5, 7)
# Celery up to 5.6: the clients of `cache+memcached://` unpickle what the server holds. 5.7 uses pymemcache, which doesn't.
MEMCACHED_UNPICKLES = _installed("celery") < (5, 7)

# Django up to 5.2: the middleware for the setting SECURE_CSP came with 6.0.
CSP_MIDDLEWARE = (
    "django.middleware.csp.ContentSecurityPolicyMiddleware"
    if django.VERSION >= (6, 0)
    else "bot.compat.content_security_policy"
)


def content_security_policy(get_response: "Callable[[HttpRequest], HttpResponse]") -> Any:
    policy = "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in settings.SECURE_CSP.items())

    def middleware(request: "HttpRequest") -> "HttpResponse":
        response = get_response(request)
        if policy:
            response.headers.setdefault("Content-Security-Policy", policy)
        return response

    return middleware


def login_not_required(view: V) -> V:
    """Django up to 5.0: LoginRequiredMiddleware came with 5.1."""
    if django.VERSION < (5, 1):
        return view
    from django.contrib.auth.decorators import login_not_required as marked  # noqa: PLC0415

    return marked(view)


def model_admin(site: "AdminSite", model: type) -> Any:
    """Django up to 4.2: `get_model_admin` came with 5.0."""
    return site.get_model_admin(model) if django.VERSION >= (5, 0) else site._registry[model]  # noqa: SLF001


def is_indexed(model: type["Model"], field: str) -> bool:
    """Whether an index begins with this field. The results app up to 2.5: the index of the schedules' names came with 2.6."""
    return any(index.fields[:1] == [field] for index in model._meta.indexes)  # noqa: SLF001  # documented


def sqlite_options(options: dict[str, Any]) -> dict[str, Any]:
    """Django up to 5.0 knows only the option `timeout`, so the others are left out. The system check W017 reports that."""
    return options if django.VERSION >= (5, 1) else {"timeout": options["timeout"]}
