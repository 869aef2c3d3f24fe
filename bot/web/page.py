"""Shared by all pages: allowed methods, log-in, and errors in words."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bot.core.entry import Entry
from bot.core.model import Actor
from bot.core.ports import NotSetUp
from bot.runs import actors, links
from bot.runs.door import Platform
from bot.runs.refusals import NotAllowed
from bot.runs.requests import outside_transactions
from bot.texts import sentence
from bot.web import beyond_staff, forms, texts
from bot.web.frame import admin_site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request from a logged-in person. bot.runs.door decides what they may do."""

    request: HttpRequest
    platform: Platform
    actor: Actor

    def render(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """A page in the admin's frame."""
        return render(self.request, template, admin_site().each_context(self.request) | context, status=status)


View = Callable[..., HttpResponse]


def page(view: View, platform: Callable[[], Platform], *methods: str) -> View:
    """`view` takes a Visit and the captured parts of the address. It may raise NotAllowed."""

    @sensitive_post_parameters()  # Django's error reports would repeat what was typed
    @outside_transactions
    @never_cache
    @csrf_protect
    @require_http_methods(methods)
    @wraps(view)
    def wrapped(request: HttpRequest, **captured: Any) -> HttpResponse:
        try:
            if not request.user.is_authenticated or beyond_staff.is_missing(request):
                return _logged_out(request)
            visit = Visit(request, platform(), actors.of_user(request.user, entry=Entry.WEB))
            try:
                return view(visit, **captured)
            except NotAllowed as exc:
                context = {"title": texts.NOT_ALLOWED, "why": sentence(exc.denied), "login": _to_log_in(request).url}
                return visit.render("runtask/denied.html", context, 403)
        except Error:
            log.exception("%s %s: the database failed", request.method, request.path)
            return _no_database(request)
        except NotSetUp as exc:
            log.exception("%s %s: not set up", request.method, request.path)
            context = {"title": texts.NOT_SET_UP, "why": texts.CANT_RUN.format(why=exc)}
            return _by_itself("runtask/denied.html", context, 503)

    return wrapped


def _to_log_in(request: HttpRequest) -> HttpResponseRedirect:
    """After the log-in, the person comes back to this page, or to the form that they had sent, with the values that it had."""
    schedule, run = (
        forms.schedule_id(request.POST.get(forms.SCHEDULE, "")),
        forms.run_id(request.POST.get(forms.AGAIN, "")),
    )
    form = f"?schedule={schedule}" if run is None else f"?run={run}"
    address = request.get_full_path() if schedule is None else f"{links.path('runtask:run')}{form}"
    return redirect_to_login(address, links.path("admin:login") or resolve_url(settings.LOGIN_URL))


def _logged_out(request: HttpRequest) -> HttpResponse:
    """Shows what was typed, as the log-in page would lose it. Doesn't store it, as somebody else may log in next."""
    to_log_in = _to_log_in(request)
    typed = forms.kept(request.POST)
    if not typed:
        return to_log_in
    context = {"title": texts.LOGGED_OUT, "typed": typed, "login": to_log_in.url}
    return _by_itself("runtask/logged_out.html", context, 403)


def _no_database(request: HttpRequest) -> HttpResponse:
    """A page in the admin's frame, without the parts that need the database. It keeps what was typed."""
    context: dict[str, Any] = {"title": texts.DATABASE_AWAY, "address": request.get_full_path()}
    if request.method == "POST":
        context |= {"typed": forms.kept(request.POST), "csrf_token": get_token(request)}
    return _by_itself("runtask/no_database.html", context, 503)


def _by_itself(template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """A page without the admin's frame, which may need the user or the database, whichever theme it is of."""
    return HttpResponse(render_to_string(template, {**context, "frame": "runtask/frame.html"}), status=status)
