"""Runs, notices, Slack links and API tokens in the admin. Only links can be edited."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html

from bot.conf import conf
from bot.core.ids import MEMBER, WORKSPACE
from bot.core.model import Field
from bot.core.ports import NotSetUp
from bot.core.text import clip
from bot.env import BadEnvironment
from bot.models import ApiToken, Notice, Run, RunNow, SlackLink
from bot.runs import clock, installations, links, masks, outbox
from bot.texts import AS_STORED, NOT_A_MEMBER, NOT_A_WORKSPACE, change_text, sentence, stored_options
from bot.web import display, history, texts
from bot.web.beat_admin import may_run


class ReadOnly:
    """For tables that nobody edits by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    has_change_permission = has_delete_permission = has_add_permission


def _column(description: str, show: Callable[[Any], str], ordering: str | None = None) -> Any:
    """A column of a list, or a field of a form, that shows a row's value."""

    @admin.display(description=description, ordering=ordering)
    def column(_: object, row: Any) -> str:
        return show(row) or "-"

    return column


class NoticeInline(ReadOnly, admin.TabularInline):
    model = Notice
    fields = ("kind", "state", "sent_at", "attempts", "why")
    readonly_fields = ("why",)
    extra = 0
    why = _column("problem", lambda notice: sentence(notice.reason))


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):
    """Who ran what, when, with which changes, and how it ended. Values under secret-looking keys are masked."""

    list_display = ("id", "schedule_name", "who", "created_at", "ended", "changes_in_a_line", "came_from")
    list_display_links = ("id", "schedule_name")
    list_filter = ("state", history.Status, history.Entry, "created_at")
    list_select_related = ("user",)
    sortable_by = ("id",)
    paginator = history.Newest
    show_full_result_count = False
    show_facets: ClassVar[Any] = None  # never; `ShowFacets` came with Django 5.0
    inlines = (NoticeInline,)
    fieldsets = (
        (None, {"fields": ("schedule_name", "task", "user", "slack_account", "came_from", "created_at", "changed")}),
        (
            "How it ended",
            {
                "fields": (
                    "ended",
                    "page_link",
                    "started_at",
                    "finished_at",
                    "stop",
                    "text_result",
                    "text_traceback",
                    "worker",
                )
            },
        ),
        (
            "What was sent where",
            {
                "fields": (
                    "task_link",
                    "sent_at",
                    "why_not_sent",
                    "sent_where",
                    "sent_args",
                    "sent_kwargs",
                    "sent_options",
                )
            },
        ),
        ("In Slack", {"fields": ("thread_link", "channel", "redirected_from", "redirected_because")}),
        ("Bookkeeping", {"fields": ("state", "status", "key", "schedule_id", "deadline_at", "seen_at", "thread")}),
    )
    who = _column("requester", display.requester)
    came_from = _column("from", lambda run: texts.ENTRIES.get(run.entry, run.entry))
    changes_in_a_line = _column("changed values", lambda run: clip("; ".join(map(change_text, run.changed_values)), 80))
    ended = _column("how it ended", display.how_far)
    slack_account = _column("Slack account", lambda run: f"{run.slack_user} in {run.team}" if run.slack_user else "")
    changed = _column(
        "changed values", lambda run: _lines("\n".join(map(change_text, run.changed_values)) or AS_STORED)
    )
    sent_args = _column("arguments", lambda run: _lines(_sent(run, Field.ARGS)))
    sent_kwargs = _column("keyword arguments", lambda run: _lines(_sent(run, Field.KWARGS)))
    why_not_sent = _column("not sent because", lambda run: sentence(run.not_sent_reason))
    sent_where = _column("where", lambda run: _lines("\n".join(map(": ".join, stored_options(run.target)))))
    sent_options = _column("options", lambda run: _lines(_masked_options(run)))
    stop = _column("stop", display.stop)
    text_result = _column("result", lambda run: _lines(run.result))
    text_traceback = _column("traceback", lambda run: _lines(run.traceback))
    task_link = _column("task id", lambda run: _link(links.result_path(run), run.task_id) or run.task_id)
    page_link = _column("page", lambda run: _link(links.path("runtask:status", run.pk), "of this run"))
    thread_link = _column("thread", lambda run: _thread_link(run) or run.thread)

    class Media:
        css: ClassVar = {"all": ["runtask/runtask.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        _catch_up(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _catch_up(request)
        return super().changeform_view(request, *args, **kwargs)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[history.RunList]:  # noqa: ARG002
        return history.RunList

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:  # noqa: ARG002
        return ("schedule_name", "task", "=task_id", "=slack_user", f"user__{get_user_model().USERNAME_FIELD}")


@admin.register(RunNow)
class RunNowAdmin(ReadOnly, admin.ModelAdmin):
    """The menu's link to the run page. It has no list and no forms."""

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.to_run_page), name="runtask_runnow_changelist")]

    def to_run_page(self, _request: HttpRequest) -> HttpResponse:
        return redirect("runtask:run")

    def has_view_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        return may_run(request)

    has_module_permission = has_view_permission


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin):
    """Messages that could not be sent, and why."""

    actions = ["try_again"]
    list_display = ("run", "kind", "state", "due_at", "sent_at", "attempts", "why")
    list_filter = ("state", "kind")
    list_select_related = ("run",)
    show_full_result_count = False
    why = _column("problem", lambda notice: sentence(notice.reason), ordering="problem")

    @admin.action(description="Try again to deliver the selected messages", permissions=["retry"])
    def try_again(self, request: HttpRequest, notices: QuerySet[Notice]) -> None:
        revived = outbox.revive(notices, now=clock.now())
        self.message_user(request, texts.TRIED_AGAIN.format(number=revived))

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runtask.change_notice")


@admin.register(SlackLink)
class SlackLinkAdmin(admin.ModelAdmin):
    """Which Slack account may act as which user."""

    list_display = ("slack_user", "team", "user", "checked_at", "is_guest", "is_deleted")
    search_fields = ("slack_user",)
    raw_id_fields = ("user",)
    patterns: ClassVar = {"slack_user": (MEMBER, NOT_A_MEMBER), "team": (WORKSPACE, NOT_A_WORKSPACE)}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in self.patterns:
            field.validators.append(RegexValidator(*self.patterns[db_field.name]))
        return field


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly, admin.ModelAdmin):
    """Shows and removes tokens. Only `runtask token add` makes them, so that no secret is on a page or in a cookie."""

    list_display = ("name", "user", "created_at", "used_on")
    list_select_related = ("user",)
    fields = ("name", "user", "created_at", "used_on")
    has_delete_permission = admin.ModelAdmin.has_delete_permission


def _catch_up(request: HttpRequest) -> None:
    """Runs one step of each watcher, so that states are up to date even if no watcher runs. It reads open runs only."""
    from bot import wiring  # noqa: PLC0415

    try:
        for watcher in wiring.watchers():
            watcher.step()
    except NotSetUp as exc:
        messages.error(request, texts.CANT_CATCH_UP.format(why=exc))


def _sent(run: Run, field: Field) -> str:
    return _masked(lambda keys: masks.sent(run, keys)[field])


def _masked_options(run: Run) -> str:
    return _masked(lambda keys: masks.of_run(run, keys).value(run.options))


def _masked(value: Callable[[tuple[str, ...]], Any]) -> str:
    """Of what is made with the secret keys. Shows nothing if the option that names them can't be read."""
    try:
        return json.dumps(value(conf().secret_keys), ensure_ascii=False, indent=2)
    except BadEnvironment:
        return texts.NOT_READABLE


def _lines(text: str) -> str:
    """Keeps lines and columns."""
    return format_html('<pre class="runtask-lines">{}</pre>', text) if text else ""


def _link(address: str, text: str) -> str:
    return format_html('<a href="{}">{}</a>', address, text) if address else ""


def _thread_link(run: Run) -> str:
    return _link(links.thread(installations.address(run.installation), run), "open in Slack") if run.thread else ""
