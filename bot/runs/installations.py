"""The installations that share this database. Their deliverers save what Slack says of them."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Min

from bot.core.model import InstallationId
from bot.core.ports import Introduction
from bot.core.reasons import PROBLEM_LIMIT, Reason
from bot.models import Installation, Notice, Run, atomic, writers_turn
from bot.models.primary import put

log = logging.getLogger(__name__)

NAMELESS = InstallationId("")  # in rows whose installation isn't known
BATCH = 500  # runs per transaction


def seen(who: Introduction, *, now: datetime) -> None:
    """Saves that Slack has accepted the installation's token. If it is the only one, it gets the notices without installation."""
    values = {"address": who.address, "seen_at": now, "problem": ""}
    with writers_turn():
        put(Installation, {"key": who.installation}, values)
    nameless = Notice.objects.filter(installation=NAMELESS)
    while only() == who.installation and (runs := list(nameless.values_list("run", flat=True)[:BATCH])):
        _adopt(set(runs), who.installation)


@atomic()
def _adopt(runs: set[int], by: InstallationId) -> None:
    adopted = Run.objects.filter(pk__in=runs, installation=NAMELESS).update(installation=by)
    Notice.objects.filter(run__in=runs, installation=NAMELESS).update(installation=by)
    log.info("%s runs that named no installation belong to %s now", adopted, by)


def refused(installation: InstallationId, why: Reason) -> None:
    """Saves why Slack refuses the installation's token, or lets it do nothing."""
    with writers_turn():
        Installation.objects.filter(pk=installation).update(problem=why.dump(PROBLEM_LIMIT))


def only() -> InstallationId:
    """The only installation that is known. Empty: there is none yet, or there are several."""
    known = list(Installation.objects.values_list("pk", flat=True)[:2])
    return InstallationId(known[0]) if len(known) == 1 else NAMELESS


def named() -> list[str]:
    """The installations that notices name, even if no deliverer of them has ever run.

    Makes one query for each, which takes one step of the index. With DISTINCT, most databases would read every notice.
    """
    found: list[str] = []
    notices = Notice.objects.all()
    while (least := notices.aggregate(least=Min("installation"))["least"]) is not None:
        found.append(least)
        notices = Notice.objects.filter(installation__gt=least)
    return found


def address(installation: str) -> str:
    """The address of the installation's workspace, https://….slack.com/. Empty if it isn't known."""
    return Installation.objects.filter(pk=installation).values_list("address", flat=True).first() or ""


def addresses(runs: Iterable[Run]) -> dict[str, str]:
    """The addresses of the workspaces of these runs, by installation."""
    return {one: address(one) for one in {run.installation for run in runs}}


def problem(installation: str) -> Reason | None:
    """Why the installation's notices can't be delivered, as its deliverers last saved it. None: no problem is known."""
    found = Installation.objects.filter(pk=installation).values_list("problem", flat=True).first()
    return Reason.load(found) if found else None
