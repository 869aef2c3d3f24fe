"""Runs, notices and Slack links in the admin: to look at, and links to edit."""

import json
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html

from bot.conf import conf
from bot.core.changes import masked
from bot.core.ids import MEMBER, NO_MEMBER, NO_WORKSPACE, WORKSPACE
from bot.core.ports import NotSetUp
from bot.env import BadEnvironment
from bot.models import ApiToken, Notice, Run, RunNow, SlackLink
from bot.runs import links, outbox
from bot.web import history, shown
from bot.web.beat_admin import may_run


class ReadOnly:
    """For tables that are a record: nobody adds to it or edits it by hand."""

    def has_add_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


class NoticeInline(ReadOnly, admin.TabularInline):
    model = Notice
    fields = ("kind", "state", "sent_at", "attempts", "problem")
    extra = 0


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
    show_facets = admin.ShowFacets.NEVER
    inlines = (NoticeInline,)
    fieldsets = (
        (None, {"fields": ("schedule_name", "task", "user", "slack_account", "came_from", "created_at", "changed")}),
        (
            "How it ended",
            {"fields": ("ended", "page_link", "started_at", "finished_at", "text_result", "text_traceback", "worker")},
        ),
        (
            "What was sent where",
            {
                "fields": (
                    "task_link",
                    "sent_at",
                    "not_sent_because",
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
        """The requester by what the project's user model calls a name."""
        name = get_user_model().USERNAME_FIELD
        return ("schedule_name", "task", "=task_id", "=slack_user", f"user__{name}")

    @admin.display(description="requester")
    def who(self, run: Run) -> str:
        return shown.requester(run)

    @admin.display(description="from")
    def came_from(self, run: Run) -> str:
        return history.came_from(run)

    @admin.display(description="changed values")
    def changes_in_a_line(self, run: Run) -> str:
        return history.changes(run) or "-"

    @admin.display(description="how it ended")
    def ended(self, run: Run) -> str:
        return shown.how_far(run)

    @admin.display(description="Slack account")
    def slack_account(self, run: Run) -> str:
        return f"{run.slack_user} in {run.team}" if run.slack_user else "-"

    @admin.display(description="changed values")
    def changed(self, run: Run) -> str:
        lines = (f"{c['name']}: {c['old'] or '(not set)'} -> {c['new'] or '(not set)'}" for c in run.changes)
        return _lines("\n".join(lines) or "none: sent as stored")

    @admin.display(description="arguments")
    def sent_args(self, run: Run) -> str:
        return _lines(_masked(json.loads(run.args)))

    @admin.display(description="keyword arguments")
    def sent_kwargs(self, run: Run) -> str:
        return _lines(_masked(json.loads(run.kwargs)))

    @admin.display(description="where")
    def sent_where(self, run: Run) -> str:
        return _lines("\n".join(f"{name}: {value}" for name, value in run.target))

    @admin.display(description="options")
    def sent_options(self, run: Run) -> str:
        return _lines(_masked(run.options))

    @admin.display(description="result")
    def text_result(self, run: Run) -> str:
        return _lines(run.result)

    @admin.display(description="traceback")
    def text_traceback(self, run: Run) -> str:
        return _lines(run.traceback)

    @admin.display(description="task id")
    def task_link(self, run: Run) -> str:
        address = links.result_path(run)
        return format_html('<a href="{}">{}</a>', address, run.task_id) if address else run.task_id

    @admin.display(description="page")
    def page_link(self, run: Run) -> str:
        address = links.path("runtask:status", run.pk)
        return format_html('<a href="{}">of this run</a>', address) if address else "-"

    @admin.display(description="thread")
    def thread_link(self, run: Run) -> str:
        """Slack is asked for the workspace's address once, for a second at most."""
        from bot import wiring  # noqa: PLC0415  # it puts the whole bot together

        if not run.thread:
            return "-"
        try:
            workspace = wiring.workspace().address()
        except NotSetUp:  # which the page says already
            workspace = ""
        address = links.thread(workspace, run)
        return format_html('<a href="{}">open in Slack</a>', address) if address else run.thread


@admin.register(RunNow)
class RunNowAdmin(ReadOnly, admin.ModelAdmin):
    """The menu's way to the run page: no list, no forms."""

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.to_run_page), name="runtask_runnow_changelist")]

    def to_run_page(self, _request: HttpRequest) -> HttpResponse:
        return redirect("runtask:run")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_run(request)

    def has_view_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        return may_run(request)


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin):
    """What is stuck, and why."""

    actions = ["try_again"]
    list_display = ("run", "kind", "state", "due_at", "sent_at", "attempts", "problem")
    list_filter = ("state", "kind")
    list_select_related = ("run",)
    show_full_result_count = False

    @admin.action(description="Try again to deliver the selected messages", permissions=["retry"])
    def try_again(self, request: HttpRequest, notices: QuerySet[Notice]) -> None:
        revived = outbox.revive(notices, now=timezone.now())
        self.message_user(request, f"{revived} messages are owed again; what was sent or is on its way was left alone.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runtask.change_notice")


@admin.register(SlackLink)
class SlackLinkAdmin(admin.ModelAdmin):
    """Who may act as whom."""

    list_display = ("slack_user", "team", "user", "checked_at", "is_guest", "is_deleted")
    search_fields = ("slack_user",)
    raw_id_fields = ("user",)
    looks: ClassVar = {"slack_user": (MEMBER, NO_MEMBER), "team": (WORKSPACE, NO_WORKSPACE)}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in self.looks:
            pattern, wrong = self.looks[db_field.name]
            field.validators.append(RegexValidator(pattern, f"This {wrong}."))
        return field


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """To look at and to remove; `runtask token add` makes them, where the secret passes through no page or cookie."""

    list_display = ("name", "user", "created_at", "used_on")
    list_select_related = ("user",)
    fields = ("name", "user", "created_at", "used_on")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


def _catch_up(request: HttpRequest) -> None:
    """What has ended is shown so, whether or not a watcher runs: one pass of it, whose cost depends on what is open."""
    from bot import wiring  # noqa: PLC0415

    try:
        wiring.watcher().step()
    except NotSetUp as exc:
        messages.error(request, f"How runs ended can't be looked up, only what is stored is shown: {exc}.")


def _masked(value: Any) -> str:
    """Nothing of it where it isn't known what is secret."""
    try:
        return json.dumps(masked(value, conf().secret_keys), ensure_ascii=False, indent=2)
    except BadEnvironment:
        return "(not shown while an option can't be read)"


def _lines(text: str) -> str:
    """Text with its lines and columns kept."""
    return format_html('<pre class="runtask-lines">{}</pre>', text) if text else "-"
