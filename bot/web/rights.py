"""Compares what users may do on the site, so that nobody gives away more rights than they have. For any user model."""

from typing import Any

from django.contrib.auth import get_permission_codename, get_user_model
from django.contrib.auth.models import Permission

from bot.runs.actors import groups_of, is_superuser, of_user


def may_act_as(user: Any, other: Any) -> bool:
    """Whether `user` may do all that `other` may do, so that a Slack account that acts as `other` gives no new rights.

    Groups are compared by name, as rules name them. Permissions are compared one by one, as the log-in back ends
    decide on them. Only superusers may act as an inactive user, who seems to have no permissions, but may be activated later.
    """
    if is_superuser(user):
        return True
    theirs = of_user(other)
    if is_superuser(other) or not theirs.is_active or (theirs.is_staff and not of_user(user).is_staff):
        return False
    if not groups_of(other) <= groups_of(user):  # rules may give a group more than others
        return False
    permissions = Permission.objects.values_list("content_type__app_label", "codename").distinct()
    names = [f"{app}.{codename}" for app, codename in permissions.order_by()]
    return all(user.has_perm(name) for name in names if other.has_perm(name))


def may_see_users(user: Any) -> bool:
    options = get_user_model()._meta  # noqa: SLF001  # documented
    actions = (get_permission_codename(action, options) for action in ("view", "change"))
    return any(user.has_perm(f"{options.app_label}.{codename}") for codename in actions)
