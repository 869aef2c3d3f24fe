"""The notices that runs owe: written with the change that makes them true, claimed by any number of deliverers."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connections
from django.db.models import Case, DateTimeField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from bot.core.model import NoticeKind
from bot.models import Notice, NoticeState, Run, atomic, database_of, still
from bot.prepared import padded

# A notice waits for those of a lower rank; a progress edit waits for the root and holds up nobody.
RANK = {
    NoticeKind.ROOT: 0,
    NoticeKind.ID: 1,
    NoticeKind.PROGRESS: 1,
    NoticeKind.DEADLINE: 2,
    NoticeKind.FINAL: 3,
}
FIRST = {NoticeKind.ROOT, NoticeKind.ID}  # always owed together, before anything of their run can have been given up
CLAIM = timedelta(seconds=15)  # a deliverer that is silent for so long is taken for dead
FRESH = timedelta(seconds=3)  # a claim that is younger needn't be renewed before a message is sent (5 s at most)
EDIT_PACE = timedelta(seconds=2)  # between two edits of one root: chat.update takes about 50 a minute (Tier 3)


def owe(run: Run, *kinds: NoticeKind, now: datetime) -> None:
    """Call inside the transaction that makes them true. What is owed already, or was sent, stays as it is."""
    if _insert(run, kinds, now) and not set(kinds) <= FIRST:
        _park_behind(run.pk)


def owe_edit(run: Run, *others: NoticeKind, now: datetime, at_once: bool = False) -> None:
    """The root must show the run as it is now; edits that come in quick succession are made as one. `others`: as in `owe`."""
    if not _insert(run, [*others, NoticeKind.PROGRESS], now):
        return
    waits, is_over = Q(state=NoticeState.OWED), Q(state__in=[NoticeState.SENT, NoticeState.PARKED])
    next_one = Coalesce(F("sent_at"), now, output_field=DateTimeField()) + EDIT_PACE
    # `state` at last: MariaDB sets one column after the other, and goes by what it has set.
    Notice.objects.filter(run=run, kind=NoticeKind.PROGRESS).update(
        version=Case(When(waits, then=F("version")), default=F("version") + 1),
        due_at=now if at_once else Case(When(waits, then=F("due_at")), default=next_one),
        attempts=Case(When(is_over, then=0), default=F("attempts"), output_field=IntegerField()),
        state=Case(When(is_over, then=Value(NoticeState.OWED)), default=F("state")),
    )
    _park_behind(run.pk)


def _insert(run: Run, kinds: Iterable[NoticeKind], now: datetime) -> bool:
    """False if nobody is to be told of this run."""
    if not run.channel:
        return False
    notices = [Notice(run=run, kind=kind, rank=RANK[kind], due_at=now) for kind in kinds]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    return True


# Each is one statement for many rows, which the driver repeats: the ORM builds one for each, in ten times the time. One
# row at a time by its key, in one order, so that no two deliverers wait for each other; COALESCE as in `still`.
CLAIMED = """
UPDATE runtask_notice SET state = 'claimed', claim = %s, claimed_until = %s, tried_at = COALESCE(tried_at, %s)
WHERE id = %s AND claim = %s AND (
COALESCE(state, '') = 'owed' AND due_at <= %s OR COALESCE(state, '') = 'claimed' AND claimed_until < %s)
"""
SENT = """
UPDATE runtask_notice SET state = CASE WHEN version = %s THEN 'sent' ELSE 'owed' END,
channel = %s, ts = %s, sent_at = %s, problem = '', tried_at = NULL, attempts = 0
WHERE id = %s AND claim = %s AND COALESCE(state, '') = 'claimed'
"""
THREAD = """
UPDATE runtask_run SET thread = %s
WHERE id = %s AND EXISTS (
SELECT 1 FROM runtask_notice WHERE id = %s AND claim = %s AND COALESCE(state, '') = 'sent' AND ts = %s)
"""


def claim(limit: int, now: datetime, *, avoiding: Collection[str] = ()) -> list[Notice]:
    """Up to `limit` notices that are due and whose turn it is, now ours until CLAIM is over, with their runs as they are.

    `tried_at` of a returned notice is set if an earlier try may have reached Slack.
    """
    first = Notice.objects.filter(run=OuterRef("run"), rank__lt=OuterRef("rank"))
    first = first.exclude(state=NoticeState.SENT).exclude(kind=NoticeKind.PROGRESS)
    turn = Notice.objects.exclude(Exists(first)).exclude(run__channel__in=padded(avoiding)).select_related("run")
    turn = turn.order_by("due_at", "pk")
    # Two looks, for a limit in the order of the index ends each early: with OR the whole backlog would be sorted.
    deserted = {"state": NoticeState.CLAIMED, "claimed_until__lt": now}  # seldom any, and turn costs more to ask for
    seen = list(turn.filter(**deserted)[:limit]) if Notice.objects.filter(**deserted).exists() else []
    seen += turn.filter(state=NoticeState.OWED, due_at__lte=now)[: limit - len(seen)]
    return _taken(seen, now) if seen else []


def _taken(seen: list[Notice], now: datetime) -> list[Notice]:
    """Those of them that are as they were seen. An edit that was owed again since the look stays owed by its version."""
    # Of this claim, not of the deliverer: one that wakes up late must not take its own old claim for this one. It stays
    # when the claim is over: what was tried since the look has another, and is left to the next look.
    token, until = uuid4().hex, now + CLAIM
    connection = connections[database_of(Notice)]
    at, ends = (connection.ops.adapt_datetimefield_value(time) for time in (now, until))
    rows = sorted((notice.pk, notice.claim) for notice in seen)
    with atomic(), connection.cursor() as cursor:
        cursor.executemany(CLAIMED, [(token, ends, at, pk, before, at, at) for pk, before in rows])
        are_all = cursor.rowcount == len(seen)
    if not are_all:  # another deliverer was faster
        ours = set(Notice.objects.filter(pk__in=[pk for pk, _ in rows], claim=token).values_list("pk", flat=True))
        seen = [notice for notice in seen if notice.pk in ours]
    for notice in seen:
        notice.claim, notice.claimed_until = token, until
    return seen


def roots(edits: Iterable[Notice]) -> dict[int, Notice]:
    """The root messages of the edits among these notices, by their runs."""
    runs = [notice.run_id for notice in edits if notice.kind == NoticeKind.PROGRESS]
    found = Notice.objects.filter(run__in=padded(runs), kind=NoticeKind.ROOT) if runs else ()
    return {root.run_id: root for root in found}


def _lock(rows: QuerySet[Any]) -> None:
    """In one order, so that nobody waits for somebody who waits for them.

    Not on SQLite, which has one writer anyway: a transaction that begins with reading may find that it can't write.
    """
    if connections[rows.db].features.has_select_for_update:
        list(rows.select_for_update().order_by("pk").values_list("pk"))


def is_fresh(notice: Notice, now: datetime) -> bool:
    """Whether nobody else may take it while it is being sent; to be asked just before. If not, `hold` it first."""
    return notice.claimed_until is not None and notice.claimed_until - now > CLAIM - FRESH


@atomic()
def hold(notice: Notice, now: datetime) -> bool:
    """Ours for another CLAIM, if it is ours still."""
    held = _ours(notice).filter(claimed_until__gt=now).update(claimed_until=now + CLAIM)
    if held:
        notice.claimed_until = now + CLAIM
    return bool(held)


def _ours(notice: Notice) -> QuerySet[Notice]:
    return Notice.objects.filter(still(NoticeState.CLAIMED), pk=notice.pk, claim=notice.claim)


@dataclass(frozen=True)
class Sent:
    """Slack has it."""

    notice: Notice
    channel: str
    ts: str
    at: datetime


def sent(these: Collection[Sent]) -> None:
    """Those of them that are ours still, in one transaction. What was owed again meanwhile (an edit) stays owed."""
    if not these:
        return
    connection = connections[database_of(Notice)]
    done, threads = [], []
    for one in sorted(these, key=lambda one: one.notice.pk):
        notice, at = one.notice, connection.ops.adapt_datetimefield_value(one.at)
        done.append((notice.version, one.channel, one.ts, at, notice.pk, notice.claim))
        if notice.kind == NoticeKind.ROOT:
            threads.append((one.ts, notice.run_id, notice.pk, notice.claim, one.ts))
    with atomic(), connection.cursor() as cursor:
        _lock(Run.objects.filter(pk__in={one.notice.run_id for one in these}))  # before its notices, as everywhere
        cursor.executemany(SENT, done)
        if threads:
            cursor.executemany(THREAD, threads)


@atomic()
def later(
    notice: Notice, *, due_at: datetime, problem: str = "", maybe_posted: bool = False, failed: bool = True
) -> None:
    """Not now. `maybe_posted` keeps the mark of an earlier try, so that the next one looks for its message first."""
    _ours(notice).update(
        state=NoticeState.OWED,
        due_at=due_at,
        problem=problem[:300],
        attempts=F("attempts") + int(failed),
        **({} if maybe_posted else {"tried_at": notice.tried_at}),
    )


@atomic()
def park(notice: Notice, problem: str) -> None:
    """Given up, with the reason for the admin; what waits behind it, or ever will, is given up too."""
    _lock(Run.objects.filter(pk=notice.run_id))  # what is owed at this moment sees this, or is seen
    _ours(notice).update(state=NoticeState.PARKED, problem=problem[:300])
    _park_behind(notice.run_id)


def _park_behind(run: int) -> None:
    parked = Notice.objects.filter(run=run, state=NoticeState.PARKED).exclude(kind=NoticeKind.PROGRESS)
    if (cause := parked.order_by("rank").first()) is not None:
        behind = Notice.objects.filter(still(NoticeState.OWED), run=run, rank__gt=cause.rank)
        behind.update(state=NoticeState.PARKED, problem=f"behind the {cause.kind} message")


def revive(notices: QuerySet[Notice], *, now: datetime) -> int:
    """Parked messages are owed again, with those that were given up behind them. Returns how many."""
    runs = notices.filter(state=NoticeState.PARKED).values_list("run", flat=True)
    parked = Notice.objects.filter(still(NoticeState.PARKED), run__in=list(runs))
    return parked.update(state=NoticeState.OWED, due_at=now, attempts=0, problem="", tried_at=None)


@atomic()
def redirect(notice: Notice, *, channel: str, because: str, now: datetime) -> None:
    """From now on the run's messages go to `channel`, beginning with a root there."""
    run = notice.run
    _lock(Run.objects.filter(pk=run.pk))
    if not _ours(notice).update(state=NoticeState.OWED, due_at=now, tried_at=None):
        return
    Run.objects.filter(pk=run.pk, redirected_from="").update(
        channel=channel, thread="", redirected_from=run.channel, redirected_because=because[:64]
    )
    Notice.objects.filter(run=run, kind=NoticeKind.ROOT).exclude(pk=notice.pk).update(
        state=NoticeState.OWED, due_at=now
    )
