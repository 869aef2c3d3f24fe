"""Finds the user of a Slack account by e-mail.

The conditions are strict, because somebody who can set addresses in Slack could choose the user.
"""

import string
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model

from bot.runs.actors import has_email, is_superuser, of_user

CANDIDATES = 50  # users whose addresses the database finds equal; if there are more, nobody is linked
ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def linkable(email: str, domains: tuple[str, ...]) -> tuple[Any, str]:
    """The only active member of staff with this address who isn't a superuser. Otherwise None, and the reason for the log."""
    if why := flaw(email, domains):
        return None, why
    found = list(_users_with(email)) if has_email(get_user_model()) else []
    return (found[0], "") if len(found) == 1 else (None, "no single active member of staff has this address")


def objection(user: Any, email: str, domains: tuple[str, ...]) -> str:
    """Why this user may no longer have a link by this address, for the log. Empty if they may."""
    if why := flaw(email, domains):
        return why
    if is_superuser(user):
        return "superusers aren't linked by e-mail"
    return "" if address_of(user) == plain(email) else "the addresses differ"


def flaw(email: str, domains: tuple[str, ...]) -> str:
    """Why nobody is linked by this address. Empty if there is no reason."""
    if not email:
        return "Slack shows no confirmed address"
    is_foreign = bool(domains) and plain(email).rpartition("@")[2] not in domains
    return "the address isn't of RUNTASK_EMAIL_DOMAINS" if is_foreign else ""


def plain(address: str) -> str:
    """The form in which addresses are compared: ASCII letters in lower case, everything else as it is.

    Databases find more addresses equal: PostgreSQL's UPPER takes ı for i, and MariaDB's collations take í for i. Django's
    password reset (_unicode_ci_compare) takes full-width letters and the Kelvin sign for ASCII. That is safe there, because
    Django writes to the stored address. Here, somebody else would get the link.
    """
    return address.translate(ASCII_LOWER)


def address_of(user: Any) -> str:
    """The user's address in the form of `plain`."""
    return plain(str(getattr(user, user.get_email_field_name(), None) or ""))


def _users_with(email: str) -> Iterator[Any]:
    model: Any = get_user_model()
    columns = {one.name for one in model._meta.concrete_fields}  # noqa: SLF001  # documented
    flags = {"is_active": True, "is_staff": True, "is_superuser": False}
    # A user model may have properties instead of columns. These are checked below.
    conditions = {name: value for name, value in flags.items() if name in columns}
    has_address = {f"{model.get_email_field_name()}__iexact": email}
    candidates = list(model._default_manager.filter(**has_address, **conditions)[: CANDIDATES + 1])  # noqa: SLF001  # documented
    if len(candidates) > CANDIDATES:
        return
    for user in candidates:
        actor = of_user(user)
        if actor.is_active and actor.is_staff and not is_superuser(user) and address_of(user) == plain(email):
            yield user
