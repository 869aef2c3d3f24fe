"""Makes actors from the platform's users, for any user model."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import connections, router

from bot.conf import PERMISSIONS, conf
from bot.core.model import Actor
from bot.core.policy import codename
from bot.core.rights import EVERYTHING, NONE, Action, Rights
from bot.env import BadEnvironment
from bot.prepared import Placeholder, Prepared
from bot.runs import rulebook

BEAT = "django_celery_beat"
GROUPS = Prepared(
    lambda: get_user_model()._base_manager.filter(pk=Placeholder("user")).values_list("groups__name")  # noqa: SLF001  # documented
)


def of_user(user: Any, **more: Any) -> Actor:
    """Makes the actor from the user's present flags and permissions. Reads their groups only if a rule in force names groups.

    `more`: fields of Actor. If the user model has no `is_staff` (django.contrib.auth: AbstractBaseUser), nobody is staff.
    """
    return _actor(user, reads_groups=_rules_name_groups(), **more)


def with_groups(user: Any) -> Actor:
    """Like `of_user`, but always reads the groups, so that the actor can be checked against rules that aren't in force."""
    return _actor(user, reads_groups=True)


def _actor(user: Any, *, reads_groups: bool, **more: Any) -> Actor:
    is_active, is_staff = bool(user.is_active), bool(getattr(user, "is_staff", False))
    return Actor(
        user=str(user.pk),
        name=user.get_username(),
        is_active=is_active,
        is_staff=is_staff,
        email=email_of(user),
        rights=_rights(user, reads_groups=reads_groups) if is_active and is_staff else NONE,
        **more,
    )


def email_of(user: Any) -> str:
    """The user's e-mail address. Empty if the user model has none."""
    name = user.get_email_field_name() if hasattr(user, "get_email_field_name") else ""
    return str(getattr(user, name, "") or "") if name else ""


def _rules_name_groups() -> bool:
    """Whether a rule in force names groups. If none does, we don't read groups: a sidecar may not be allowed to."""
    try:
        return rulebook.in_force().book.names_groups
    except rulebook.Unreadable:  # `admit` reads the rules again, and raises this
        return False


def _rights(user: Any, *, reads_groups: bool) -> Rights:
    asks = reads_groups and not is_superuser(user)
    return Rights(
        is_superuser=is_superuser(user),
        groups=_groups_of(user) if asks else frozenset(),
        permitted=_permitted(user),
    )


def _groups_of(user: Any) -> frozenset[str]:
    """The names of Django's groups that a user is in. Empty if the user model has no groups."""
    if not has_groups(user):
        return frozenset()
    alias = user._state.db or router.db_for_read(get_user_model())  # noqa: SLF001  # documented
    key = user._meta.pk.get_db_prep_value(user.pk, connections[alias])  # noqa: SLF001  # documented
    rows = GROUPS.rows(alias, user=key)
    return frozenset(str(name) for (name,) in rows if name is not None)


def has_groups(model: Any) -> bool:
    """Whether the user model has Django's groups. `model`: the user model, or a user."""
    try:
        return hasattr(model, "groups") and bool(model._meta.get_field("groups").many_to_many)  # noqa: SLF001  # documented
    except FieldDoesNotExist:
        return False


def _permitted(user: Any) -> frozenset[Action]:
    """The actions that Django's permissions allow. Permissions on single objects don't count: rules narrow by schedule."""
    try:
        if conf().allow != PERMISSIONS:
            return EVERYTHING
    except BadEnvironment:  # with bad settings, nothing can be run
        return frozenset()
    if not hasattr(user, "has_perm"):
        return frozenset()
    return frozenset(action for action in Action if user.has_perm(f"{BEAT}.{codename(action)}"))


def is_superuser(user: Any) -> bool:
    """Whether the user is a superuser. False if the user model has no such flag."""
    return bool(getattr(user, "is_superuser", False))


def has_email(model: Any) -> bool:
    """Whether users of this model have an e-mail address."""
    return any(field.name == model.get_email_field_name() for field in model._meta.get_fields())  # noqa: SLF001  # documented
