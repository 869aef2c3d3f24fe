"""Makes actors from the platform's users, for any user model."""

from typing import Any

from bot.core.model import Actor


def of_user(user: Any, **more: Any) -> Actor:
    """With the flags as they are now. `more`: further fields of Actor, such as the entry.

    A user model may lack `is_staff` (django.contrib.auth: AbstractBaseUser): then nobody is staff.
    """
    return Actor(
        user=str(user.pk),
        name=user.get_username(),
        is_active=bool(user.is_active),
        is_staff=bool(getattr(user, "is_staff", False)),
        **more,
    )


def is_superuser(user: Any) -> bool:
    """A user model may lack the flag."""
    return bool(getattr(user, "is_superuser", False))


def has_email(model: Any) -> bool:
    """Whether users of this model have an e-mail address."""
    return any(field.name == model.get_email_field_name() for field in model._meta.get_fields())  # noqa: SLF001  # documented
