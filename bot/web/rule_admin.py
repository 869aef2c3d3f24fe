"""Rules and the pause in the admin. They are for superusers, because people who write rules can give themselves any right."""

import logging
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from bot.core.explained import idle
from bot.core.rulefields import rule
from bot.core.text import one_line
from bot.models import SiteState, StoredRule, atomic
from bot.models.rules import ONLY, PAUSE_REASON_LIMIT
from bot.runs import accounts, actors, clock, explain, rulebook
from bot.web import columns, rule_form, texts
from bot.web.explained import GLOB_MATCHES_NOTHING, lines_of
from bot.web.lists import Guarded

log = logging.getLogger(__name__)


def _is_active_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active) and actors.is_superuser(request.user)


def _pause() -> SiteState | None:
    """The pause that is in force. None: the site isn't paused. SiteState has only one row."""
    return SiteState.objects.filter(pk=ONLY, paused_at__isnull=False).select_related("paused_by").first()


def _matches(row: StoredRule) -> str:
    """The globs of the rule. Empty if this version of runtask can't read the row."""
    found, _ = rule_form.stored(row)
    return ", ".join(map(str, [*found.get("tasks", ()), *found.get("schedules", ())]))


@admin.register(StoredRule)
class RuleAdmin(Guarded):
    """Changes and explains single rules. A file with all rules (`runtask rules`) is easier to review."""

    form = rule_form.RuleForm
    list_display = ("name", "matches")
    ordering = ("position", "pk")
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("name",)}),
        (texts.RULE_MATCHING, {"fields": rule_form.MATCHING}),
        (texts.RULE_WHO, {"fields": rule_form.WHO}),
        (texts.RULE_WITH_WHAT, {"fields": rule_form.WITH_WHAT}),
        (texts.RULE_APPROVAL, {"fields": rule_form.APPROVAL}),
        (texts.RULE_MESSAGES, {"fields": rule_form.MESSAGES}),
    )
    matches = columns.column_of("matches", _matches)

    class Media:
        css: ClassVar = {"all": ["runtask/runtask.css"]}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_active_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return _is_active_superuser(request)

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission

    def get_urls(self) -> list[URLPattern]:
        return [
            path("explain/", self.admin_site.admin_view(self.explain), name="runtask_rules_explain"),
            path("pause/", self.admin_site.admin_view(self.pause), name="runtask_rules_pause"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        state = _pause() if _is_active_superuser(request) else None
        if state is not None and request.method == "GET":
            messages.warning(request, texts.IS_PAUSED.format(reason=one_line(state.paused_because)))
        return super().changelist_view(request, {**(extra_context or {}), "is_paused": state is not None})

    def save_model(self, request: HttpRequest, obj: StoredRule, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            last = StoredRule.objects.aggregate(last=Max("position"))["last"]
            obj.position = 0 if last is None else last + 1
        by = accounts.by_admin(request.user)
        with atomic():
            super().save_model(request, obj, form, change)
            rulebook.record_change(by, saved=[obj.name])
        log.info("rule %r saved, by %s", obj.name, by.words)
        self._warn(request, obj)

    def delete_model(self, request: HttpRequest, obj: StoredRule) -> None:
        by = accounts.by_admin(request.user)
        with atomic():
            super().delete_model(request, obj)
            rulebook.record_change(by, deleted=[obj.name])
        log.info("rule %r deleted, by %s", obj.name, by.words)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[StoredRule]) -> None:
        for row in list(queryset):
            self.delete_model(request, row)

    def explain(self, request: HttpRequest) -> HttpResponse:
        """`?user=…&schedule=…`: what this person may do with this schedule, and why."""
        if not _is_active_superuser(request):
            return self._refused(request)
        user, schedule = (one_line(request.GET.get(name, "")) for name in ("user", "schedule"))
        lines, problem = _explained(user, schedule) if user and schedule else ([], "")
        context = {"title": texts.EXPLAIN, "asked_user": user, "schedule": schedule, "lines": lines, "problem": problem}
        return self._page(request, "runtask/rules_explain.html", context)

    def pause(self, request: HttpRequest) -> HttpResponse:
        if not _is_active_superuser(request):
            return self._refused(request)
        problem = ""
        if request.method == "POST":
            problem = self._switch(request)
            if not problem:
                return redirect("admin:runtask_rules_pause")
        context = {"title": texts.PAUSE, "state": _pause(), "problem": problem, "limit": PAUSE_REASON_LIMIT}
        return self._page(request, "runtask/pause.html", context)

    def _switch(self, request: HttpRequest) -> str:
        """Starts or ends the pause. Returns what is wrong with the request; empty if nothing is."""
        by = accounts.by_admin(request.user)
        if "resume" in request.POST:
            rulebook.resume(by=by)
            return ""
        reason = one_line(request.POST.get("reason", ""))
        if not 0 < len(reason) <= PAUSE_REASON_LIMIT:
            return texts.PAUSE_NEEDS_REASON.format(limit=PAUSE_REASON_LIMIT)
        rulebook.pause(reason, by=by, user=str(request.user.pk), now=clock.now())
        return ""

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        return render(request, template, self.admin_site.each_context(request) | context, status=status)

    def _refused(self, request: HttpRequest) -> HttpResponse:
        context = {"title": texts.NOT_ALLOWED, "why": texts.ONLY_SUPERUSERS}
        return self._page(request, "runtask/denied.html", context, 403)

    def _warn(self, request: HttpRequest, row: StoredRule) -> None:
        """Warns of globs that match nothing, because most of these are misspelled."""
        found = rule(rule_form.stored(row)[0])
        for name, glob in idle([found], explain.schedules()):
            messages.warning(request, GLOB_MATCHES_NOTHING.format(rule=name, glob=glob))


def _explained(user: str, schedule: str) -> tuple[list[str], str]:
    """The lines of the answer; or, if the user or the schedule doesn't exist, what is wrong."""
    users: Any = get_user_model()
    found = users._default_manager.filter(**{users.USERNAME_FIELD: user}).first()  # noqa: SLF001  # documented
    if found is None:
        return [], texts.NO_SUCH_USER.format(name=user)
    task = next((task for name, task in explain.schedules() if name == schedule), None)
    if task is None:
        return [], texts.NO_SUCH_SCHEDULE.format(name=schedule)
    return lines_of(explain.told(found, schedule, task)), ""
