"""What the project's admin asks of its people beyond being staff: a second factor, for example."""

from django.http import HttpRequest

from bot.core import policy
from bot.runs import actors, links


def is_missing(request: HttpRequest) -> bool:
    """Whether the admin at `admin:index` would keep these staff out. Who isn't staff isn't its case: the door tells them."""
    if policy.check(actors.of_user(request.user)) is not None or not links.path("admin:index"):
        return False
    from bot.web.frame import admin_site  # noqa: PLC0415  # a project need not have the admin

    return not admin_site().has_permission(request)
