"""What all pages share: allowed methods, log-in, and errors in words."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bot.core.entry import Entry
from bot.core.policy import Denied
from bot.core.ports import NotSetUp
from bot.core.reasons import Code
from bot.requests import outside_transactions
from bot.runs import actors, links
from bot.runs.denials import Wanted
from bot.runs.door import Admitted, Platform, admit
from bot.runs.refusals import NotAllowed
from bot.texts import sentence
from bot.web import beyond_staff, forms, texts
from bot.web.frame import admin_site

log = logging.getLogger(__name__)

# Refusals that don't concern every account, so the page offers to log in with another one.
OF_THE_ACCOUNT = frozenset(
    {Code.NOT_STAFF, Code.INACTIVE, Code.NO_PERMISSION, Code.RULE_RUN, Code.RULE_STOP, Code.RULE_APPROVE}
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request from a person whom the door has let in."""

    request: HttpRequest
    admitted: Admitted

    @property
    def platform(self) -> Platform:
        return self.admitted.platform

    def render(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        return _framed(self.request, template, context, status)


View = Callable[..., HttpResponse]
Wants = Callable[..., Wanted | None]


def no_action(_: HttpRequest, **__: Any) -> None:
    """The `wants` of pages that only show something: the visitor wants no action."""


def page(view: View, platform: Callable[[], Platform], *methods: str, wants: Wants = no_action) -> View:
    """`view` takes a Visit and the captured parts of the address. It may raise NotAllowed and Http404.

    `wants` takes the request and the captured parts, and says what the person wants to do. A refusal is recorded with that.
    """

    @csrf_protect
    @require_http_methods(methods)
    @wraps(view)
    def checked(request: HttpRequest, **captured: Any) -> HttpResponse:
        try:
            if not request.user.is_authenticated or beyond_staff.is_missing(request):
                return _logged_out(request, captured)
            actor = actors.of_user(request.user, entry=Entry.WEB)
            try:
                visit = Visit(request, admit(platform(), actor, wants(request, **captured)))
                return view(visit, **captured)
            except NotAllowed as exc:
                return _denied(request, captured, exc.denied)
            except Http404 as exc:
                context = {"title": texts.NOT_FOUND, "why": exc, "more": True}
                return _framed(request, "runtask/denied.html", context, 404)
        except Error:
            log.exception("%s %s: the database failed", request.method, request.path)
            return _no_database(request, captured)
        except NotSetUp as exc:
            log.exception("%s %s: not set up", request.method, request.path)
            # The reason may hold a text of the project's own code, which is only for staff.
            why = texts.CANT_RUN.format(why=exc) if _is_staff(request) else texts.CANT_RUN_NOW
            return _by_itself("runtask/denied.html", {"title": texts.NOT_SET_UP, "why": why}, 503)

    @csrf_exempt  # `checked` does the CSRF check, after we have looked for an expired session
    @sensitive_post_parameters()  # otherwise, Django's error reports would repeat what was typed
    @outside_transactions
    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, **captured: Any) -> HttpResponse:
        return _logged_out(request, captured) if _lost_its_token(request) else checked(request, **captured)

    return wrapped


def _framed(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """A page in the admin's frame."""
    return render(request, template, admin_site().each_context(request) | context, status=status)


def _lost_its_token(request: HttpRequest) -> bool:
    """Whether the CSRF token of our form was in a session that has expired. Then Django's answer would lose what was typed."""
    if not settings.CSRF_USE_SESSIONS or request.method != "POST" or not _is_from_here(request):
        return False
    try:
        return not request.user.is_authenticated
    except Error:  # `checked` says so
        return False


def _is_from_here(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this site has sent the request. Some say nothing without HTTPS."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def _denied(request: HttpRequest, captured: Mapping[str, Any], denied: Denied) -> HttpResponse:
    """Says why, and leads to what may help: another account, or back to the run."""
    run = links.path("runtask:status", captured["run"]) if "run" in captured else ""
    context = {
        "title": texts.NOT_ALLOWED,
        "why": sentence(denied),
        "login": _to_log_in(request, captured).url if denied.code in OF_THE_ACCOUNT else "",
        "run_page": "" if run == request.path else run,
    }
    return _framed(request, "runtask/denied.html", context, 403)


def _is_staff(request: HttpRequest) -> bool:
    user = request.user
    return bool(user.is_active and getattr(user, "is_staff", False))


def _way_back(request: HttpRequest, captured: Mapping[str, Any]) -> str:
    """The page to come back to: this one, or the form that was sent, or the page of the run whose button was pressed."""
    schedule = forms.schedule_id(request.POST.get(forms.SCHEDULE, ""))
    if schedule is not None:
        run = forms.run_id(request.POST.get(forms.AGAIN, ""))
        form = f"?schedule={schedule}" if run is None else f"?run={run}"
        return f"{links.path('runtask:run')}{form}"
    if request.method == "POST" and "run" in captured:
        return links.path("runtask:status", captured["run"])
    return request.get_full_path()


def _to_log_in(request: HttpRequest, captured: Mapping[str, Any]) -> HttpResponseRedirect:
    login = links.path("admin:login") or resolve_url(settings.LOGIN_URL)
    return redirect_to_login(_way_back(request, captured), login)


def _logged_out(request: HttpRequest, captured: Mapping[str, Any]) -> HttpResponse:
    """Shows what was typed, as the log-in page would lose it. Doesn't store it, as somebody else may log in next."""
    to_log_in = _to_log_in(request, captured)
    typed = forms.kept(request.POST)
    if not typed:
        return to_log_in
    context = {"title": texts.LOGGED_OUT, "typed": typed, "login": to_log_in.url}
    return _by_itself("runtask/logged_out.html", context, 403)


def _no_database(request: HttpRequest, captured: Mapping[str, Any]) -> HttpResponse:
    """Says that the database can't be reached. Keeps the values of the run page's form, which can be sent again from here."""
    context: dict[str, Any] = {"title": texts.DATABASE_AWAY, "address": request.get_full_path()}
    if forms.SCHEDULE in request.POST:
        context |= {"typed": forms.kept(request.POST), "csrf_token": get_token(request)}
    elif request.method == "POST":  # a button such as Approve, which may have had its effect
        context["run_page"] = _way_back(request, captured)
    return _by_itself("runtask/no_database.html", context, 503)


def _by_itself(template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """A page without the admin's frame, because a theme's frame may need the user or the database."""
    return HttpResponse(render_to_string(template, {**context, "frame": "runtask/frame.html"}), status=status)
