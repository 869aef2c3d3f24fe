"""Forgets a person of the audit log: keeps the records of what they did, and empties the rows that identify them."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from bot.core.audit import Act, PersonId, Record, Who
from bot.core.entry import Entry
from bot.core.policy import Denied
from bot.core.reasons import Code
from bot.models import Person, SlackLink, atomic
from bot.runs import audit, clock, outbox, people
from bot.runs.actors import is_superuser
from bot.runs.refusals import NotAllowed


@atomic()
def forget(name: str, *, superuser: Any, operator: str) -> int:
    """Empties all rows of a person: one for each account by which they acted. Returns how many.

    `name`: as for `people.named`, but without people who became that user by `sudo`. `operator`: the operating system's user who runs
    the command. Raises NotAllowed.
    """
    rows = _of(name)
    outbox.lock(rows)
    found = list(rows.order_by("pk"))
    if not superuser.is_active or not is_superuser(superuser):
        raise NotAllowed(Denied(code=Code.NOT_SUPERUSER))
    own = _accounts(Q(user=str(superuser.pk)), {str(superuser.pk)})
    if any(row.user == str(superuser.pk) or (row.team, row.slack_user) in own for row in found):
        raise NotAllowed(Denied(code=Code.SAME_PERSON))
    by = Who(user=str(superuser.pk), name=superuser.get_username(), os_user=operator)
    for row in found:
        emptied = dict.fromkeys(people.COLUMNS, "")
        Person.objects.filter(pk=row.pk).update(key=f"forgotten:{row.pk}", forgotten_at=clock.now(), **emptied)
        audit.append(Record(act=Act.PERSON_FORGOTTEN, entry=Entry.COMMAND, who=by, about=PersonId(row.pk)))
    return len(found)


def _of(name: str) -> QuerySet[Person]:
    """The rows of this name, all other rows of the same users, and the rows of their Slack accounts."""
    theirs = Q(pk__in=people.named(name, became=False))
    users = {*people.users_named(name), *Person.objects.filter(theirs).exclude(user="").values_list("user", flat=True)}
    theirs |= Q(user__in=users)
    for team, account in _accounts(theirs, users):
        theirs |= Q(team=team, slack_user=account)
    return Person.objects.filter(theirs, forgotten_at=None)


def _accounts(theirs: Q, users: Collection[Any]) -> set[tuple[str, str]]:
    """The Slack accounts, workspace and id, by which somebody has acted or may act."""
    acted = Person.objects.filter(theirs).exclude(slack_user="").values_list("team", "slack_user")
    return {*acted, *SlackLink.objects.filter(user__in=users).values_list("team", "slack_user")}
