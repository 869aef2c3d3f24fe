"""Forgets a person of the audit log: what they did stays, and who they were goes."""

from typing import Any

from django.db.models import Q, QuerySet

from bot.core.audit import Act, PersonId, Record, Who
from bot.core.entry import Entry
from bot.core.policy import Denied
from bot.core.reasons import Code
from bot.models import Person, atomic
from bot.runs import audit, clock, outbox, people
from bot.runs.actors import is_superuser
from bot.runs.refusals import NotAllowed


@atomic()
def forget(name: str, *, superuser: Any, operator: str) -> int:
    """Empties each row of the person of this name, by whatever account they acted. Returns how many that were.

    `name` as in `people.named`. `operator` is the operating system's user. Raises NotAllowed.
    """
    rows = _of(name)
    outbox.lock(rows)
    found = list(rows.order_by("pk"))
    if not superuser.is_active or not is_superuser(superuser):
        raise NotAllowed(Denied(code=Code.NOT_SUPERUSER))
    if str(superuser.pk) in {row.user for row in found}:
        raise NotAllowed(Denied(code=Code.SAME_PERSON))
    by = Who(user=str(superuser.pk), name=superuser.get_username(), os_user=operator)
    for row in found:
        emptied = dict.fromkeys(people.COLUMNS, "")
        Person.objects.filter(pk=row.pk).update(key=f"forgotten:{row.pk}", forgotten_at=clock.now(), **emptied)
        audit.append(Record(act=Act.PERSON_FORGOTTEN, entry=Entry.COMMAND, who=by, about=PersonId(row.pk)))
    return len(found)


def _of(name: str) -> QuerySet[Person]:
    """Also the rows that share a user with those of this name, or a Slack account with any of them."""
    theirs = Q(pk__in=people.named(name))
    users = Person.objects.filter(theirs).exclude(user="").values_list("user", flat=True)
    theirs |= Q(user__in=list(users))
    accounts = Person.objects.filter(theirs).exclude(slack_user="").values_list("team", "slack_user")
    for team, account in list(accounts):
        theirs |= Q(team=team, slack_user=account)
    return Person.objects.filter(theirs, forgotten_at=None)
