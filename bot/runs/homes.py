"""Home tabs: what they show, and which of them must be published again.

A loop finds the recently opened tabs whose runs have changed. So processes that change runs needn't know of Home tabs.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from bot.core.model import Brief, InstallationId, SlackUserId
from bot.core.ports import InstallationRefused, NotDelivered, RateLimited
from bot.core.status import OPEN, RunState
from bot.models import Home, Run, writers_turn
from bot.models.primary import put
from bot.prepared import padded
from bot.runs import approvals, clock, favourites, now, own, see
from bot.runs.approvals import WaitingFor
from bot.runs.door import Admitted
from bot.runs.gate import Gate
from bot.runs.now import Now
from bot.runs.own import OwnRun, mark

log = logging.getLogger(__name__)

LAST = 10  # ended runs of the reader on a tab, at most
LOOKED_AT = 20  # runs of the reader that are read to find these
RECENT = timedelta(minutes=10)  # a tab that was opened longer ago is published only when it is opened again
CLAIM = timedelta(seconds=15)  # how long one process may take to publish a tab; then another process may do it
EVERY = 2.0  # seconds between two looks; changes in between are published together
CHECKED = 200  # tabs that one look checks, at most: those that were opened last
BATCH = 10  # tabs that one step publishes, at most, so that the loop can be stopped in between
CHUNK = 500  # runs per query


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The contents of a Home tab."""

    at: datetime
    has_schedules: bool
    waiting: WaitingFor
    now: Now
    favourites: tuple[Brief, ...]
    last: tuple[OwnRun, ...]
    # The marks (bot.runs.own.mark) that the loop compares, by run: of the reader's own runs, even if they are hidden now, and of
    # the runs that wait for the reader's approval.
    marks: dict[str, str]


def contents(admitted: Admitted) -> Contents:
    """Collects the contents of the actor's Home tab."""
    running, newest, waiting = now.running(admitted), own.newest(admitted, LOOKED_AT), approvals.waiting_for(admitted)
    ended = [run for run in newest.shown if run.state not in OPEN]
    marks = {str(run.run): mark(RunState.WAITING, "", is_stopping=False) for run in waiting.first} | newest.marks
    for one in running.first:
        if one.is_own:
            marks[str(one.run)] = mark(one.state, one.status, is_stopping=one.is_stopping)
    return Contents(
        at=clock.now(),
        has_schedules=see.has_schedules(admitted),
        waiting=waiting,
        now=running,
        favourites=favourites.listed(admitted),
        last=tuple(ended[:LAST]),
        marks=marks,
    )


def opened(installation: InstallationId, account: SlackUserId, *, now: datetime) -> None:
    """Notes that the tab was opened. The caller then publishes it. If that fails, the loop does it after CLAIM."""
    values = {"opened_at": now, "shown": None, "claimed_until": now + CLAIM}
    with writers_turn():
        put(Home, {"installation": installation, "slack_user": account}, values)


def owe(installation: InstallationId, account: SlackUserId, *, now: datetime) -> None:
    """Makes the loop publish a recently opened tab soon. Call this when something other than runs has changed for its reader."""
    with writers_turn():
        _of(installation, account).update(shown=None, claimed_until=now)


def version(installation: InstallationId, account: SlackUserId) -> str:
    """Slack's hash of the view that was published last. Empty: not known."""
    return _of(installation, account).values_list("hash", flat=True).first() or ""


def published(
    installation: InstallationId,
    account: SlackUserId,
    *,
    user: str | None,
    version: str,
    marks: dict[str, str] | None,
    now: datetime,
) -> None:
    """Notes that the tab was published.

    `user`: whose runs it shows; None: it shows no runs. `marks`: of its contents; None: the loop must publish it again.
    """
    with writers_turn():
        claimed = now + CLAIM if marks is None else now
        _of(installation, account).update(user_id=user, hash=version, shown=marks, claimed_until=claimed)


def _of(installation: InstallationId, account: SlackUserId) -> QuerySet[Home]:
    return Home.objects.filter(installation=installation, slack_user=account)


def changed(installation: InstallationId, now: datetime) -> list[Home]:
    """The recently opened tabs whose reader has a new run, or a run that has changed since they were published.

    Makes three queries, however many runs there are, or one if no tab was opened recently.
    """
    recent = Home.objects.filter(installation=installation, opened_at__gt=now - RECENT, claimed_until__lte=now)
    homes = list(recent.order_by("-opened_at")[:CHECKED])
    newest = own.newest_of({home.user_id for home in homes if home.user_id is not None})
    marks = _marks({int(run) for home in homes for run in home.shown or ()})
    return [home for home in homes if _differs(home, newest.get(home.user_id), marks)]


def _differs(home: Home, newest: int | None, marks: dict[str, str]) -> bool:
    if home.shown is None:
        return True
    is_new = newest is not None and str(newest) not in home.shown
    return is_new or any(marks.get(run) != before for run, before in home.shown.items())


def _marks(runs: Collection[int]) -> dict[str, str]:
    keys, found = sorted(runs), dict[str, str]()
    for start in range(0, len(keys), CHUNK):
        rows = Run.objects.filter(pk__in=padded(keys[start : start + CHUNK])).order_by()
        for run, state, status, asked_at in rows.values_list("pk", "state", "status", "stop_asked_at"):
            found[str(run)] = mark(state, status, is_stopping=asked_at is not None)
    return found


def claim(home: Home, now: datetime) -> bool:
    """Claims a tab for publishing. False if another process is publishing it, or has done so since the row was read."""
    with writers_turn():
        mine = Home.objects.filter(pk=home.pk, hash=home.hash, claimed_until__lte=now)
        return bool(mine.update(claimed_until=now + CLAIM))


@dataclass(frozen=True)
class Refreshing:
    """Publishes changed tabs. `step` runs in its own loop. `publish` may raise NotDelivered or a subclass of it."""

    gate: Gate
    publish: Callable[[SlackUserId], None]

    def step(self) -> float:
        """Returns the seconds until the next step."""
        if not self.gate.is_open:
            return EVERY
        now = clock.now()
        found = changed(self.gate.installation, now)
        for home in found[:BATCH]:
            if not claim(home, now):
                continue
            try:
                self.publish(SlackUserId(home.slack_user))
            except RateLimited as exc:
                log.info("Slack asks for a pause of %s s before another Home is published", exc.retry_after)
                return exc.retry_after
            except InstallationRefused as exc:
                self.gate.shut(exc)
                return EVERY
            except NotDelivered as exc:  # the loop tries again when the claim is over
                log.warning("%s could not be published: %s", home, exc)
        return 0.0 if len(found) > BATCH else EVERY


def forget_old(*, now: datetime) -> None:
    """Deletes the rows of tabs that nobody has opened for a day. In Slack, the tabs stay as they are."""
    Home.objects.filter(opened_at__lt=now - timedelta(days=1)).delete()
