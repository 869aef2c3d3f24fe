"""Slack links and API tokens in the admin. Only links can be edited."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.http import HttpRequest

from bot.core.ids import MEMBER, WORKSPACE
from bot.models import ApiToken, SlackLink, atomic
from bot.runs import accounts
from bot.runs.actors import is_superuser
from bot.texts import NOT_A_MEMBER, NOT_A_WORKSPACE
from bot.web import texts
from bot.web.lists import Guarded, ReadOnly


class LogsRemoval:
    """Records in the audit log that a link or a token was removed, and by whom."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with atomic():
            accounts.removed(obj, by=accounts.by_admin(request.user))
            super().delete_model(request, obj)  # type: ignore[misc]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with atomic():
            for row in queryset.select_related("user"):
                accounts.removed(row, by=accounts.by_admin(request.user))
            super().delete_queryset(request, queryset)  # type: ignore[misc]


@admin.register(SlackLink)
class SlackLinkAdmin(LogsRemoval, Guarded):
    """Shows and edits which Slack account acts as which user.

    Only superusers add and change links, also of their own user, because nothing proves whose Slack account a form names. With a
    colleague's user and an own account, somebody could approve their own run. With their own user and a colleague's account, the
    colleague's presses would count as theirs.
    Everybody else needs Django's permissions, and may only look, and remove any link: that gives nobody a right.
    """

    list_display = ("slack_user", "team", "user", "by_email", "checked_at", "is_guest", "is_deleted")
    search_fields = ("slack_user",)
    raw_id_fields = ("user",)
    patterns: ClassVar = {"slack_user": (MEMBER, NOT_A_MEMBER), "team": (WORKSPACE, NOT_A_WORKSPACE)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and is_superuser(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and is_superuser(request.user)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in self.patterns:
            field.validators.append(RegexValidator(*self.patterns[db_field.name]))
        return field

    def save_model(self, request: HttpRequest, obj: SlackLink, form: Any, change: bool) -> None:  # noqa: FBT001
        """Forgets what Slack said, because it was about the account before the change."""
        if form.changed_data:
            obj.by_email, obj.checked_at = False, None
            with atomic():
                super().save_model(request, obj, form, change)
                accounts.given(obj, by=accounts.by_admin(request.user), before=_before(form) if change else None)

    def construct_change_message(  # type: ignore[override]  # a text is allowed, too
        self,
        _request: HttpRequest,
        form: Any,
        _formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002
    ) -> str:
        """Names the user that the account acts as, and the one before."""
        now = accounts.described(form.instance)
        return (
            texts.LINK_ADDED.format(now=now)
            if add
            else texts.LINK_CHANGED.format(now=now, before=accounts.described(_before(form)))
        )


@admin.register(ApiToken)
class ApiTokenAdmin(LogsRemoval, ReadOnly, Guarded):
    """Shows and removes tokens. Only `runtask token add` makes them, so that no secret is on a page or in a cookie."""

    list_display = ("name", "user", "created_at", "expires_at", "used_at")
    list_select_related = ("user",)
    fields = ("name", "user", "created_at", "expires_at", "used_at")
    has_delete_permission = admin.ModelAdmin.has_delete_permission


def _before(form: Any) -> SlackLink:
    """The link as it was before this form changed it."""
    team, slack_user, user = (form.initial[name] for name in ("team", "slack_user", "user"))
    return SlackLink(team=team, slack_user=slack_user, user_id=user)
