"""The audit log and the people in it, in the admin. Both are read-only.

The list counts only the newest records, as the list of runs does (bot.web.history). Each filter has an index.
"""

import json
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from bot.core.audit import Act
from bot.core.ids import id_in
from bot.core.text import clip, one_line
from bot.models import AuditRecord, Person, Run
from bot.prepared import padded
from bot.runs import links, people
from bot.web import columns, texts
from bot.web.history import Newest
from bot.web.lists import Guarded, GuardedList, ReadOnly

DAYS = 7  # how many the filter by day offers. The address takes any day
ONE_DAY = timedelta(days=1)


class _Numbered(admin.SimpleListFilter):
    """Filters by a number in the address. Links in the list have such addresses. Without a number, the filter isn't shown."""

    column: str

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return [(value, self.label(value))] if (value := self.value()) else []

    def label(self, value: str) -> str:
        return value

    def queryset(self, _request: HttpRequest, records: QuerySet[Any]) -> QuerySet[Any]:
        number = id_in(self.value() or "")
        return records.none() if number is None else records.filter(**{self.column: number})


class ByPerson(_Numbered):
    title, parameter_name, column = "person", "by", "person"

    def label(self, value: str) -> str:
        number = id_in(value)
        return value if number is None else str(Person.objects.filter(pk=number).first() or value)


class OfSchedule(_Numbered):
    title, parameter_name, column = "schedule", "of", "schedule_id"


class OfRun(_Numbered):
    title, parameter_name, column = "run", "of_run", "run_id"


class ByAction(admin.SimpleListFilter):
    title, parameter_name = "action", "what"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return [(act.value, act.value) for act in Act]

    def queryset(self, _request: HttpRequest, records: QuerySet[Any]) -> QuerySet[Any]:
        return records.filter(action=self.value()) if self.value() else records


class Day(admin.SimpleListFilter):
    title, parameter_name = "day", "day"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        today = timezone.localdate() if timezone.is_aware(timezone.now()) else timezone.now().date()
        shown = [(today - number * ONE_DAY).isoformat() for number in range(DAYS)]
        given = self.value()
        return [(day, day) for day in [*shown, *([given] if given and given not in shown else [])]]

    def queryset(self, _request: HttpRequest, records: QuerySet[Any]) -> QuerySet[Any]:
        if (given := self.value()) is None:
            return records
        try:
            day = date.fromisoformat(given)
            return records.filter(at__gte=_midnight(day), at__lt=_midnight(day + ONE_DAY))
        except (ValueError, OverflowError):
            return records.none()


class RecordList(GuardedList):
    """Sets `has_run` on each record of the page: whether its run still exists."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        runs = {row.run_id for row in self.result_list if row.run_id is not None}
        existing = set(Run.objects.filter(pk__in=padded(runs)).values_list("pk", flat=True)) if runs else set()
        for row in self.result_list:
            row.has_run = row.run_id in existing


@admin.register(AuditRecord)
class AuditRecordAdmin(ReadOnly, Guarded):
    """Shows who did something or was refused, when, and by which entry."""

    list_display = ("when", "action", "who", "entry", "schedule", "run", "count", "in_a_line")
    list_display_links = ("when",)
    list_filter = (ByAction, Day, ByPerson, OfSchedule, OfRun)
    list_select_related = ("person", "about")
    search_fields = ("run_id",)  # makes Django show the search field; `get_search_results` searches
    search_help_text = texts.FIND_RECORDS
    sortable_by = ()
    paginator = Newest
    show_full_result_count = False
    show_facets: ClassVar[Any] = None  # never; `ShowFacets` came with Django 5.0
    fields = ("at", "action", "who", "entry", "schedule", "run", "installation", "count", "whom", "all_details")
    when = columns.column_of("when", lambda row: f"{_local(row.at):%Y-%m-%d %H:%M:%S}")
    who = columns.column_of("who", lambda row: _narrowed("by", row.person_id, str(row.person or "")))
    whom = columns.column_of("for whom", lambda row: _narrowed("by", row.about_id, str(row.about or "")))
    schedule = columns.column_of("schedule", lambda row: _narrowed("of", row.schedule_id, _schedule(row)))
    run = columns.column_of("run", lambda row: _run(row))  # noqa: PLW0108  # it is defined below
    in_a_line = columns.column_of("details", lambda row: clip(one_line(_details(row, None)), 100))
    all_details = columns.column_of("details", lambda row: columns.lines(_details(row, 2)))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        return RecordList

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """Searches for a run if the text is a number, else for a person. So only one index is needed."""
        if not search_term.strip():
            return queryset, False
        number = id_in(search_term.strip())
        by = {"person__in": people.named(search_term.strip())} if number is None else {"run_id": number}
        return queryset.filter(**by), False


@admin.register(Person)
class PersonAdmin(ReadOnly, Guarded):
    """Shows the people to whom records refer. `runtask audit forget` empties the rows of a person."""

    list_display = ("id", "name", "user", "slack_account", "token", "os_user", "created_at", "forgotten_at", "records")
    list_display_links = ("id",)
    search_fields = ("=name", "=user", "=slack_user", "=os_user")
    ordering = ("-id",)
    sortable_by = ()
    paginator = Newest
    show_full_result_count = False
    show_facets: ClassVar[Any] = None
    fields = ("name", "user", "slack_account", "token", "os_user", "created_at", "forgotten_at", "records")
    slack_account = columns.column_of(
        "Slack account", lambda row: f"{row.slack_user} in {row.team}" if row.slack_user else ""
    )
    records = columns.column_of("records", lambda row: _narrowed("by", row.pk, texts.RECORDS_OF_PERSON))


def _midnight(day: date) -> datetime:
    at = datetime.combine(day, time())
    return timezone.make_aware(at) if timezone.is_aware(timezone.now()) else at


def _local(at: datetime) -> datetime:
    return timezone.localtime(at) if timezone.is_aware(at) else at


def _narrowed(parameter: str, number: int | None, text: str) -> str:
    """A link to the list with this filter. Empty if the number is None."""
    if number is None:
        return ""
    address = links.path("admin:runtask_auditrecord_changelist")
    return format_html('<a href="{}?{}={}">{}</a>', address, parameter, number, text or number)


def _schedule(row: Any) -> str:
    return one_line(row.schedule_name) or str(row.schedule_id)


def _run(row: Any) -> str:
    """The run's number, with a link to its page if it still exists. Only rows of a RecordList have `has_run`."""
    if row.run_id is None:
        return ""
    is_there = row.has_run if hasattr(row, "has_run") else Run.objects.filter(pk=row.run_id).exists()
    return columns.link(links.path("runtask:status", row.run_id), str(row.run_id)) if is_there else str(row.run_id)


def _details(row: Any, indent: int | None) -> str:
    return json.dumps(row.details, ensure_ascii=False, indent=indent) if row.details else ""
