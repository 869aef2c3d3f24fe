"""Limits what the addresses of the admin's lists can query."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

NUL = "\0"  # PostgreSQL refuses a text that contains it


class GuardedList(ChangeList):
    """A list that people can narrow by its own filters only, and sort by its `sortable_by` only.

    By itself, Django also takes `?kwargs__contains=…`, for any column of the table. So people could guess masked values.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        if any(NUL in value for _, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters  # Django then redirects to the list without parameters
        found = super().get_filters(request)
        if foreign := found[2]:  # the parameters that no filter has taken
            raise DisallowedModelAdminLookup(f"Filtering by {', '.join(sorted(foreign))} not allowed")
        return found

    def get_ordering_field(self, field_name: Any) -> Any:
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class Guarded(admin.ModelAdmin):
    """A ModelAdmin with a GuardedList. All our ModelAdmins are subclasses."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        return GuardedList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Finds nothing for a text with NUL. No form checks a text that comes from the admin's `autocomplete/`."""
        return (
            (queryset.none(), False)
            if NUL in search_term
            else super().get_search_results(request, queryset, search_term)
        )


class ReadOnly:
    """Forbids adding, changing and deleting rows, for tables that nobody edits by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    has_change_permission = has_delete_permission = has_add_permission
