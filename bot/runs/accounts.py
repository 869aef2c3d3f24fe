"""Records Slack links and API tokens that were added or removed, in the log and in the audit log.

Code that makes, changes or removes a Slack link or an API token calls `given` or `removed`, in the same transaction.
"""

import logging
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models.signals import pre_delete

from bot.core.audit import Act, By, Record, Who
from bot.core.entry import Entry
from bot.core.text import one_line
from bot.models import ApiToken, SlackLink
from bot.runs import audit, people
from bot.runs.actors import of_user

log = logging.getLogger(__name__)


NO_USER = By(words="the deletion of the user", why="user_deleted")


def by_admin(user: Any) -> By:
    return By(words=named(user), entry=Entry.ADMIN, who=Who.of(of_user(user)))


def named(user: Any) -> str:
    """The user's name, with their primary key, as names can change."""
    return one_line(f"{user.get_username()} (user {user.pk})")


def described(row: SlackLink | ApiToken) -> str:
    what = f"{row.slack_user} in {row.team}" if isinstance(row, SlackLink) else f"API token {row.pk}, {row.name},"
    try:
        return f"{one_line(what)} as {named(row.user)}"
    except ObjectDoesNotExist:  # another Django has deleted the user (bot.models)
        return str(row)


def given(row: SlackLink | ApiToken, *, by: By, before: SlackLink | None = None) -> None:
    """Records that somebody may act as the user of `row`. `before`: the link that `row` replaces."""
    log.info("may act: %s, by %s%s", described(row), by.words, f"; before: {described(before)}" if before else "")
    if before is not None:
        _append(before, by, Act.LINK_REMOVED)
    _append(row, by, Act.LINK_ADDED if isinstance(row, SlackLink) else Act.TOKEN_ADDED)


def removed(row: SlackLink | ApiToken, *, by: By) -> None:
    log.info("may no longer act: %s, by %s", described(row), by.words)
    _append(row, by, Act.LINK_REMOVED if isinstance(row, SlackLink) else Act.TOKEN_REMOVED)


def _append(row: SlackLink | ApiToken, by: By, act: Act) -> None:
    try:
        name = row.user.get_username()
    except ObjectDoesNotExist:
        name = ""
    user = str(row.user_id)
    details: dict[str, Any] = {"code": by.why} if by.why else {}
    if isinstance(row, SlackLink):
        about = Who(user=user, name=name, team=row.team, slack_user=row.slack_user)
        details |= {"by_email": True} if row.by_email else {}
    else:
        about = Who(user=user, name=name, token=str(row.pk))
        details |= {"name": row.name}
    audit.append(Record(act=act, entry=by.entry, who=by.who, about=people.remember(about), details=details))


def watch_deletions() -> None:
    """Django deletes a user's links and tokens with the user. This records that, whatever code deletes the user."""
    for model in (SlackLink, ApiToken):
        pre_delete.connect(_deleted, sender=model, dispatch_uid=f"runtask.{model.__name__}")


def _deleted(sender: Any, instance: Any, origin: Any = None, **_: Any) -> None:
    """`origin`: the row or query on which `delete` was called. If that was a link or a token itself, our code calls `removed`."""
    if sender not in (type(origin), getattr(origin, "model", None)):
        removed(instance, by=NO_USER)
