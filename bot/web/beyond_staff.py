"""Checks what the project's admin requires of a user besides `is_staff`, such as a second factor."""

from django.http import HttpRequest

from bot.runs import door, links


def is_missing(request: HttpRequest) -> bool:
    """Whether the admin at `admin:index` refuses this member of staff. False for others: the permission check refuses these."""
    if not door.may_see(request.user) or not links.path("admin:index"):
        return False
    from bot.web.frame import admin_site  # noqa: PLC0415  # a project need not have the admin

    return not admin_site().has_permission(request)
