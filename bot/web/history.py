"""The list of runs in the admin, made to cost the same whether there are a hundred or ten million.

No COUNT(*) over all of history, no DISTINCT for a filter's choices, no ordering but by id, and no column that can be
large; `date_hierarchy` would look for the first and last date on every page.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from bot.core.status import FINAL
from bot.core.text import clip, one_line
from bot.models import Run

COUNTED = 10_000  # rows; older ones are found by filters and the search
LARGE = ("args", "kwargs", "options", "target", "result", "traceback", "not_sent_because")
ENTRIES = {"slack": "Slack", "web": "web", "api": "API"}
CHANGES = 80  # characters


class Newest(Paginator):
    """Pages through the newest runs; `count` is how many there are, up to COUNTED."""

    @cached_property
    def count(self) -> int:
        runs: Any = self.object_list
        return int(runs[:COUNTED].count())


class RunList(ChangeList):
    """Leaves out what the list doesn't show."""

    def get_queryset(self, *args: Any, **kwargs: Any) -> QuerySet[Run]:
        runs: QuerySet[Run] = super().get_queryset(*args, **kwargs)
        return runs.defer(*LARGE)


class _Choice(admin.SimpleListFilter):
    """A filter whose choices are known without asking the database."""

    choice: dict[str, str]
    lookup: str

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return list(self.choice.items())

    def queryset(self, _request: HttpRequest, runs: QuerySet[Run]) -> QuerySet[Run]:
        return runs.filter(**{self.lookup: f"{self.value()}"}) if self.value() in self.choice else runs


class Status(_Choice):
    title, parameter_name = "status", "ended"
    choice, lookup = {status: status for status in sorted(FINAL)}, "status"


class Entry(_Choice):
    title, parameter_name = "where from", "from"
    choice, lookup = ENTRIES, "key__startswith"


def came_from(run: Run) -> str:
    return ENTRIES.get(run.entry, run.entry)


def changes(run: Run) -> str:
    """In a line: `days: 7 -> 30`."""
    lines = (f"{one_line(c['name'])}: {_value(c['old'])} -> {_value(c['new'])}" for c in run.changes)
    return clip("; ".join(lines), CHANGES)


def _value(value: str | None) -> str:
    return "(not set)" if value is None else one_line(value)
