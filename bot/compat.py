"""What differs between the versions that we support. Each part says when it may go."""

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


# Until beat 2.7 goes: its messages name the schedule in an option, where the results app before 2.6 looks for it. Since 2.8
# there is a header for it.
NAME_IS_HEADER = _installed("django-celery-beat") >= (2, 8)
# Until Celery 5.6.2 goes: its workers ignore the header by which we ask for the result of a task with `ignore_result`.
HONOURS_HEADER = _installed("celery") >= (5, 6, 3)


# Until Django 5.2 goes: 6.0 brought a middleware for the setting SECURE_CSP.
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
    """Until Django 5.0 goes: LoginRequiredMiddleware came with 5.1."""
    if django.VERSION < (5, 1):
        return view
    from django.contrib.auth.decorators import login_not_required as marked  # noqa: PLC0415

    return marked(view)


def model_admin(site: "AdminSite", model: type) -> Any:
    """Until Django 4.2 goes: `get_model_admin` came with 5.0."""
    return site.get_model_admin(model) if django.VERSION >= (5, 0) else site._registry[model]  # noqa: SLF001


def is_indexed(model: type["Model"], field: str) -> bool:
    """Until the results app 2.5 goes: 2.6 brought an index of the schedules' names."""
    return any(index.fields[:1] == [field] for index in model._meta.indexes)  # noqa: SLF001  # documented


def sqlite_options(options: dict[str, Any]) -> dict[str, Any]:
    """Until Django 5.0 goes: of these, older versions know only the `timeout`. W017 says so."""
    return options if django.VERSION >= (5, 1) else {"timeout": options["timeout"]}
