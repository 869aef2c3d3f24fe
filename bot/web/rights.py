"""Decides who may edit which Slack links on the site. It works with any user model."""

from typing import Any

from django.contrib.auth import get_permission_codename, get_user_model

from bot.runs.actors import is_superuser


def may_link(user: Any, key: Any) -> bool:
    """Whether `user` may add and change links of the user with the primary key `key`, who may have been deleted.

    Somebody who links a Slack account of their own to a colleague's user acts as two people, and could approve their own run.
    """
    return is_superuser(user) or user.pk == key


def may_see_users(user: Any) -> bool:
    options = get_user_model()._meta  # noqa: SLF001  # documented
    actions = (get_permission_codename(action, options) for action in ("view", "change"))
    return any(user.has_perm(f"{options.app_label}.{codename}") for codename in actions)
