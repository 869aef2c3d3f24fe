"""Runs and notices in the admin, and the links in its menu. None of these rows can be edited."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from bot.change_texts import full_line, rows, short_lines
from bot.core.entry import Entry
from bot.core.model import Field
from bot.core.pauses import WorkLimit
from bot.core.ports import NotSetUp
from bot.core.text import clip, exact
from bot.models import Notice, Run, RunNow, RunWaiting
from bot.models.menu import number_waiting
from bot.option_texts import stored_options
from bot.runs import actors, clock, links, outbox
from bot.runs.door import Platform
from bot.texts import AS_STORED, sentence

# account_admin, audit_admin and rule_admin are imported because they register their ModelAdmins.
from bot.web import account_admin, approvals, audit_admin, columns, display, history, rule_admin, texts, visible  # noqa: F401
from bot.web.beat_admin import may_run
from bot.web.lists import Guarded, ReadOnly

SHARE = 0.05  # the share of a process's time in which it may bring runs up to date
PAUSE = 2.0  # seconds from one time to the next, at least
_steps = WorkLimit(share=SHARE, pause=PAUSE)


class NoticeInline(ReadOnly, admin.TabularInline):
    model = Notice
    fields = ("kind", "state", "sent_at", "attempts", "why")
    readonly_fields = ("why",)
    extra = 0
    why = columns.column_of("problem", lambda notice: sentence(notice.reason))


@admin.register(Run)
class RunAdmin(ReadOnly, Guarded):
    """Who ran what, when, with which changes, and how it ended. Values under secret-looking keys are masked."""

    list_display = ("id", "schedule_name", "who", "created_at", "ended", "changes_in_a_line", "came_from", "again")
    list_display_links = ("id", "schedule_name")
    list_filter = ("state", history.Status, history.Entry, "created_at")
    list_select_related = ("user",)
    sortable_by = ("id",)
    paginator = history.Newest
    show_full_result_count = False
    show_facets: ClassVar[Any] = None  # never; `ShowFacets` came with Django 5.0
    inlines = (NoticeInline,)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "schedule_name",
                    "exact_task",
                    "user",
                    "slack_account",
                    "came_from",
                    "created_at",
                    "changed",
                    "why",
                )
            },
        ),
        (
            "How it ended",
            {
                "fields": (
                    "ended",
                    "page_link",
                    "again",
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
                    "values_deleted_at",
                )
            },
        ),
        (
            "In Slack",
            {
                "fields": (
                    "thread_link",
                    "installation",
                    "channel",
                    "parent",
                    "redirected_from",
                    "redirected_because",
                )
            },
        ),
        ("Bookkeeping", {"fields": ("state", "status", "key", "schedule_id", "deadline_at", "seen_at", "thread")}),
    )
    who = columns.column_of("requester", display.requester)
    exact_task = columns.column_of("task", lambda run: exact(run.task))
    came_from = columns.column_of("from", lambda run: texts.ENTRIES.get(run.entry, run.entry))
    changes_in_a_line = columns.column_of(
        "changed values", lambda run: clip("; ".join(short_lines(run.changed_values)), 80)
    )
    ended = columns.column_of("how it ended", display.how_far)
    slack_account = columns.column_of(
        "Slack account", lambda run: f"{run.slack_user} in {run.team}" if run.slack_user else ""
    )
    changed = columns.column_of(
        "changed values",
        lambda run: columns.lines("\n".join(map(full_line, rows(run.changed_values))) or _without_changes(run)),
    )
    why = columns.column_of("reason", lambda run: columns.lines(run.reason or ""))
    sent_args = columns.column_of("arguments", lambda run: columns.lines(columns.sent(run, Field.ARGS)))
    sent_kwargs = columns.column_of("keyword arguments", lambda run: columns.lines(columns.sent(run, Field.KWARGS)))
    why_not_sent = columns.column_of("not sent because", lambda run: sentence(run.not_sent_reason))
    sent_where = columns.column_of(
        "where", lambda run: columns.lines("\n".join(map(": ".join, stored_options(run.target))))
    )
    sent_options = columns.column_of("options", lambda run: columns.lines(columns.masked_options(run)))
    stop = columns.column_of("stop", display.stop)
    text_result = columns.column_of("result", lambda run: columns.lines(run.result))
    text_traceback = columns.column_of("traceback", lambda run: columns.lines(run.traceback))
    task_link = columns.column_of(
        "task id", lambda run: columns.link(links.result_path(run), run.task_id) or run.task_id
    )
    page_link = columns.column_of("page", lambda run: columns.link(links.path("runtask:status", run.pk), "of this run"))
    again = columns.column_of("again", columns.again_link)
    thread_link = columns.column_of("thread", lambda run: columns.thread_link(run) or run.thread)

    class Media:
        css: ClassVar = {"all": ["runtask/runtask.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        _catch_up(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        _catch_up(request)
        return super().changeform_view(request, *args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).filter(visible.runs(_platform, request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[history.RunList]:  # noqa: ARG002
        return history.RunList

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:  # noqa: ARG002
        return ("schedule_name", "task", "=task_id", "=slack_user", f"user__{get_user_model().USERNAME_FIELD}")


@admin.register(RunNow)
class RunNowAdmin(ReadOnly, Guarded):
    """The menu's link to the run page. It has no list and no forms."""

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.to_run_page), name="runtask_runnow_changelist")]

    def to_run_page(self, _request: HttpRequest) -> HttpResponse:
        return redirect("runtask:run")

    def has_view_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        return may_run(request)

    has_module_permission = has_view_permission


@admin.register(RunWaiting)
class RunWaitingAdmin(RunNowAdmin):
    """The menu's link to *Waiting for you*."""

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.to_list), name="runtask_runwaiting_changelist")]

    def to_list(self, _request: HttpRequest) -> HttpResponse:
        return redirect("runtask:approvals")

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Puts the number of waiting runs into the name. Django calls this for each viewer, just before it shows the name."""
        from bot import wiring  # noqa: PLC0415

        number_waiting.set(approvals.number_for(wiring.platform, request.user))
        return super().get_model_perms(request)


@admin.register(Notice)
class NoticeAdmin(ReadOnly, Guarded):
    """Shows all notices. Somebody with the permission can try parked ones again."""

    actions = ["try_again"]
    list_display = ("run", "kind", "state", "due_at", "sent_at", "attempts", "why")
    list_filter = (history.OfInstallation, "state", "kind")
    list_select_related = ("run",)
    show_full_result_count = False
    why = columns.column_of("problem", lambda notice: sentence(notice.reason), ordering="problem")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        return super().get_queryset(request).filter(visible.runs(_platform, request, "run__"))

    @admin.action(description="Try again to deliver the selected messages", permissions=["retry"])
    def try_again(self, request: HttpRequest, notices: QuerySet[Notice]) -> None:
        actor = actors.of_user(request.user, entry=Entry.ADMIN)
        revived = outbox.revive(notices, actor=actor, now=clock.now())
        self.message_user(request, texts.TRIED_AGAIN.format(number=revived))

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runtask.change_notice")


def _without_changes(run: Run) -> str:
    """What is shown for a run that stores no changed values."""
    return AS_STORED if run.values_deleted_at is None else texts.DELETED


def _platform() -> Platform:
    """Raises NotSetUp."""
    from bot import wiring  # noqa: PLC0415

    return wiring.platform()


def _step() -> None:
    """Makes new watchers, and runs the first step of each, which asks about all open runs."""
    from bot import wiring  # noqa: PLC0415

    for watcher in wiring.watchers():
        watcher.step()


def _catch_up(request: HttpRequest) -> None:
    """Brings runs up to date even if no watcher runs, unless this process did so a moment ago."""
    try:
        _steps.do(_step)
    except NotSetUp as exc:
        messages.error(request, texts.CANT_CATCH_UP.format(why=exc))
