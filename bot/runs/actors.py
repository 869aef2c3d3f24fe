"""Makes actors from the platform's users, for any user model."""

from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import connections

from bot.conf import PERMISSIONS, conf
from bot.core.model import Actor
from bot.core.policy import codename
from bot.core.rights import EVERYTHING, NONE, Action, Rights
from bot.core.rules import RuleBook
from bot.env import BadEnvironment
from bot.models import database_of
from bot.prepared import Placeholder, Prepared

BEAT = "django_celery_beat"
GROUPS = Prepared(
    lambda: get_user_model()._base_manager.filter(pk=Placeholder("user")).values_list("groups__name")  # noqa: SLF001  # documented
)


def of_user(user: Any, **more: Any) -> Actor:
    """Makes the actor from the user's present flags and permissions. Doesn't read their groups: `with_groups` does.

    `more`: fields of Actor. If the user model has no `is_staff` (django.contrib.auth: AbstractBaseUser), nobody is staff.
    """
    is_active, is_staff = bool(user.is_active), bool(getattr(user, "is_staff", False))
    return Actor(
        user=str(user.pk),
        name=user.get_username(),
        is_active=is_active,
        is_staff=is_staff,
        email=email_of(user),
        rights=_rights(user) if is_active and is_staff else NONE,
        **more,
    )


def with_groups(actor: Actor, book: RuleBook) -> Actor:
    """The actor, with the groups that a check against the rules of this book needs.

    Reads the groups only if a rule names groups: a sidecar may not be allowed to read them.
    """
    if actor.rights.groups is not None or not book.names_groups:
        return actor
    return replace(actor, rights=replace(actor.rights, groups=_groups_of(actor)))


def email_of(user: Any) -> str:
    """The user's e-mail address. Empty if the user model has none."""
    name = user.get_email_field_name() if hasattr(user, "get_email_field_name") else ""
    return str(getattr(user, name, "") or "") if name else ""


def _rights(user: Any) -> Rights:
    # A superuser passes every list of groups, so their groups needn't be read.
    groups = frozenset[str]() if is_superuser(user) else None
    return Rights(is_superuser=is_superuser(user), groups=groups, permitted=_permitted(user))


def _groups_of(actor: Actor) -> frozenset[str]:
    """The names of Django's groups that the actor's user is in. Empty if the user model has no groups."""
    model: Any = get_user_model()
    if not has_groups(model):
        return frozenset()
    alias = database_of(model)
    key = model._meta.pk.get_db_prep_value(actor.user, connections[alias])  # noqa: SLF001  # documented
    return frozenset(str(name) for (name,) in GROUPS.rows(alias, user=key) if name is not None)


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
