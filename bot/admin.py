"""Runs, notices and Slack links in the admin: to look at, and links to edit."""

import json

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from bot.conf import conf
from bot.core.changes import masked
from bot.models import Notice, Run, SlackLink


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

    list_display = ("id", "schedule_name", "user", "created_at", "state", "status", "finished_at")
    list_filter = ("state", "status")
    search_fields = ("schedule_name", "task", "task_id", "slack_user")
    list_select_related = ("user",)
    show_full_result_count = False  # counting all of history is slow
    inlines = (NoticeInline,)
    readonly_fields = ("sent_args", "sent_kwargs", "result_row")
    exclude = ("args", "kwargs")

    @admin.display(description="args")
    def sent_args(self, run: Run) -> str:
        return _masked(run.args)

    @admin.display(description="kwargs")
    def sent_kwargs(self, run: Run) -> str:
        return _masked(run.kwargs)

    @admin.display(description="result")
    def result_row(self, run: Run) -> str:
        try:
            address = reverse("admin:django_celery_results_taskresult_changelist")
        except NoReverseMatch:
            return run.task_id
        return format_html('<a href="{}?q={}">{}</a>', address, run.task_id, run.task_id)


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin):
    """What is stuck, and why."""

    list_display = ("run", "kind", "state", "due_at", "sent_at", "attempts", "problem")
    list_filter = ("state", "kind")
    list_select_related = ("run",)
    show_full_result_count = False


@admin.register(SlackLink)
class SlackLinkAdmin(admin.ModelAdmin):
    """Who may act as whom."""

    list_display = ("slack_user", "team", "user", "checked_at", "is_guest", "is_deleted")
    search_fields = ("slack_user",)
    raw_id_fields = ("user",)


def _masked(text: str) -> str:
    return json.dumps(masked(json.loads(text), conf().secret_keys), ensure_ascii=False, indent=2)
