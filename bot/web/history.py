"""The list of runs in the admin. With ten million runs, it takes no longer than with the 10,000 that it counts.

So it has no COUNT(*) over all runs, no DISTINCT for the choices of a filter, no order except by id, no large columns, and no
`date_hierarchy`, which would read the first and the last date for every page.
"""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from bot.core.status import FINAL
from bot.models import Installation, Notice, Run
from bot.web import texts
from bot.web.lists import GuardedList

COUNTED = 10_000  # rows. Filters and the search find older ones
LARGE = ("args", "kwargs", "options", "target", "result", "traceback", "not_sent_because")


class Newest(Paginator):
    """Pages through the newest rows, COUNTED at most."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:COUNTED].count())


class RunList(GuardedList):
    def get_queryset(self, *args: Any, **kwargs: Any) -> QuerySet[Run]:
        runs: QuerySet[Run] = super().get_queryset(*args, **kwargs)
        return runs.defer(*LARGE)


class _Choice(admin.SimpleListFilter):
    """A filter whose choices don't need the database."""

    choice: dict[str, str]  # what is shown, by the value in the address
    lookup: str

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return list(self.choice.items())

    def queryset(self, _request: HttpRequest, runs: QuerySet[Run]) -> QuerySet[Run]:
        value = self.value()
        return runs.filter(**{self.lookup: value}) if value in self.choice else runs


class OfInstallation(admin.SimpleListFilter):
    """Filters notices by installation. Django shows this filter only if there are several installations."""

    title, parameter_name = "installation", "of"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        known = list(Installation.objects.order_by("pk").values_list("pk", flat=True))
        return [(key, key) for key in known] if len(known) > 1 else []

    def queryset(self, _request: HttpRequest, notices: QuerySet[Notice]) -> QuerySet[Notice]:
        key = self.value()
        return notices.filter(installation=key) if key else notices


class Status(_Choice):
    title, parameter_name = "status", "ended"
    choice, lookup = {status: status for status in sorted(FINAL)}, "status"


class Entry(_Choice):
    """Filters by entry, which is the first word of a run's key."""

    title, parameter_name = "origin", "from"
    choice, lookup = texts.ENTRIES, "key__startswith"
