"""The notices that runs owe. They are written together with the change that makes them true; any deliverer may claim them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connections
from django.db.models import Case, DateTimeField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from bot.core.model import NoticeKind
from bot.core.reasons import Code, Reason
from bot.models import Notice, NoticeState, Run, atomic, database_of, still
from bot.prepared import padded

# A notice waits for those of its run that have a lower rank. None waits for a progress edit.
RANK = {
    NoticeKind.ROOT: 0,
    NoticeKind.ID: 1,
    NoticeKind.PROGRESS: 1,
    NoticeKind.DEADLINE: 2,
    NoticeKind.UNSEEN: 3,
    NoticeKind.FINAL: 3,
    NoticeKind.AGAIN: 4,
}
PROBLEM_LIMIT = 300  # characters of Notice.problem
FIRST = {NoticeKind.ROOT, NoticeKind.ID}  # owed together, before any notice of their run can be parked
CLAIM = timedelta(seconds=15)  # a deliverer that is silent for longer counts as dead
FRESH = timedelta(seconds=3)  # a younger claim lasts long enough to look for a message and to post it (5 s each)
EDIT_PACE = timedelta(seconds=2)  # between two edits of one root: chat.update allows about 50 a minute (Tier 3)


def owe(run: Run, *kinds: NoticeKind, now: datetime) -> None:
    """Call this inside the transaction that makes the notices true. Notices that exist already stay as they are."""
    if _insert(run, kinds, now) and not set(kinds) <= FIRST:
        _park_behind(run.pk)


def owe_edit(run: Run, *others: NoticeKind, now: datetime, at_once: bool = False) -> None:
    """Owes an edit of the root, which shows the run as it is when it is sent. Also owes `others`, as `owe` does."""
    if not _insert(run, [*others, NoticeKind.PROGRESS], now):
        return
    waits, is_over = Q(state=NoticeState.OWED), Q(state__in=[NoticeState.SENT, NoticeState.PARKED])
    next_one = Coalesce(F("sent_at"), now, output_field=DateTimeField()) + EDIT_PACE
    # `state` comes last: MariaDB sets one column after the other, and conditions read the new values.
    Notice.objects.filter(run=run, kind=NoticeKind.PROGRESS).update(
        version=F("version") + 1,
        due_at=now if at_once else Case(When(waits, then=F("due_at")), default=next_one),
        attempts=Case(When(is_over, then=0), default=F("attempts"), output_field=IntegerField()),
        state=Case(When(is_over, then=Value(NoticeState.OWED)), default=F("state")),
    )
    _park_behind(run.pk)


def owe_again(run: Run, *, now: datetime) -> None:
    """Owes the reply about another end, once more if it was sent before."""
    if not _insert(run, [NoticeKind.AGAIN], now):
        return
    Notice.objects.filter(run=run, kind=NoticeKind.AGAIN).update(
        version=F("version") + 1,
        due_at=now,
        state=Case(When(Q(state=NoticeState.SENT), then=Value(NoticeState.OWED)), default=F("state")),
    )
    _park_behind(run.pk)


def _insert(run: Run, kinds: Iterable[NoticeKind], now: datetime) -> bool:
    """False if the run has no channel, and so no messages."""
    if not run.channel:
        return False
    notices = [Notice(run=run, kind=kind, rank=RANK[kind], due_at=now) for kind in kinds]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    return True


# The driver repeats each statement for many rows; the ORM would build one for each, which takes ten times as long. Rows are
# updated one by one, in the order of their keys, so that two deliverers never deadlock. COALESCE: as in `still`.
CLAIMED = """
UPDATE runtask_notice SET state = 'claimed', claim = %s, claimed_until = %s, tried_at = COALESCE(tried_at, %s)
WHERE id = %s AND claim = %s AND version = %s AND (
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
    """Up to `limit` notices that are due and wait for no other, with their runs. They are ours until CLAIM is over.

    A returned notice has `tried_at` if an earlier try may have reached Slack.
    """
    first = Notice.objects.filter(run=OuterRef("run"), rank__lt=OuterRef("rank"))
    first = first.exclude(state=NoticeState.SENT).exclude(kind=NoticeKind.PROGRESS)
    turn = Notice.objects.exclude(Exists(first)).exclude(run__channel__in=padded(avoiding)).select_related("run")
    turn = turn.order_by("due_at", "pk")
    # Two queries, as each can stop at its limit in the order of the index. With OR, the whole backlog would be sorted.
    deserted = {"state": NoticeState.CLAIMED, "claimed_until__lt": now}  # rare, so a cheap query looks for any first
    seen = list(turn.filter(**deserted)[:limit]) if Notice.objects.filter(**deserted).exists() else []
    seen += turn.filter(state=NoticeState.OWED, due_at__lte=now)[: limit - len(seen)]
    return _taken(seen, now) if seen else []


def _taken(seen: list[Notice], now: datetime) -> list[Notice]:
    """Claims those that haven't changed since they were read.

    An edit has a new version if it was owed again since then: what was read of its run is out of date.
    """
    # The token names this claim, not the deliverer: a deliverer that wakes up late must not mistake its old claim for this
    # one. A notice keeps it after the claim, so that a notice that was tried since it was read isn't claimed here.
    token, until = uuid4().hex, now + CLAIM
    connection = connections[database_of(Notice)]
    at, ends = (connection.ops.adapt_datetimefield_value(time) for time in (now, until))
    rows = sorted((notice.pk, notice.claim, notice.version) for notice in seen)
    with atomic(), connection.cursor() as cursor:
        cursor.executemany(CLAIMED, [(token, ends, at, *row, at, at) for row in rows])
        are_all = cursor.rowcount == len(seen)
    if not are_all:  # another deliverer was faster
        ours = set(Notice.objects.filter(pk__in=[row[0] for row in rows], claim=token).values_list("pk", flat=True))
        seen = [notice for notice in seen if notice.pk in ours]
    for notice in seen:
        notice.claim, notice.claimed_until = token, until
    return seen


def roots(edits: Iterable[Notice]) -> dict[int, Notice]:
    """The root messages of the edits among these notices, by run."""
    runs = [notice.run_id for notice in edits if notice.kind == NoticeKind.PROGRESS]
    found = Notice.objects.filter(run__in=padded(runs), kind=NoticeKind.ROOT) if runs else ()
    return {root.run_id: root for root in found}


def _lock(rows: QuerySet[Any]) -> None:
    """Locks rows in primary-key order, to avoid deadlocks.

    Not on SQLite: it has only one writer, and a transaction that begins by reading may find that it can't write.
    """
    if connections[rows.db].features.has_select_for_update:
        list(rows.select_for_update().order_by("pk").values_list("pk"))


def is_fresh(notice: Notice, now: datetime) -> bool:
    """Whether the claim is sure to last until the notice is sent. Check this just before sending; if not, call `hold`."""
    return notice.claimed_until is not None and notice.claimed_until - now > CLAIM - FRESH


@atomic()
def hold(notice: Notice, now: datetime) -> bool:
    """Renews our claim. False if the notice isn't ours any more."""
    held = _ours(notice).filter(claimed_until__gt=now).update(claimed_until=now + CLAIM)
    if held:
        notice.claimed_until = now + CLAIM
    return bool(held)


def _ours(notice: Notice) -> QuerySet[Notice]:
    return Notice.objects.filter(still(NoticeState.CLAIMED), pk=notice.pk, claim=notice.claim)


@dataclass(frozen=True)
class Sent:
    """A notice that Slack has accepted."""

    notice: Notice
    channel: str
    ts: str
    at: datetime


def mark_sent(these: Collection[Sent]) -> None:
    """Saves those that we still claim, in one transaction. An edit that was owed again meanwhile stays owed."""
    if not these:
        return
    connection = connections[database_of(Notice)]
    done, threads = [], []
    for sent in sorted(these, key=lambda sent: sent.notice.pk):
        notice, at = sent.notice, connection.ops.adapt_datetimefield_value(sent.at)
        done.append((notice.version, sent.channel, sent.ts, at, notice.pk, notice.claim))
        if notice.kind == NoticeKind.ROOT:
            threads.append((sent.ts, notice.run_id, notice.pk, notice.claim, sent.ts))
    with atomic(), connection.cursor() as cursor:
        _lock(Run.objects.filter(pk__in={sent.notice.run_id for sent in these}))  # runs before notices, as everywhere
        cursor.executemany(SENT, done)
        if threads:
            cursor.executemany(THREAD, threads)


@atomic()
def later(
    notice: Notice, *, due_at: datetime, problem: Reason | None = None, maybe_posted: bool = False, failed: bool = True
) -> None:
    """Postpones the notice. After `maybe_posted`, the next try first looks for the message of this try."""
    _ours(notice).update(
        state=NoticeState.OWED,
        due_at=due_at,
        problem=problem.dump(PROBLEM_LIMIT) if problem else "",
        attempts=F("attempts") + int(failed),
        **({} if maybe_posted else {"tried_at": notice.tried_at}),
    )


@atomic()
def park(notice: Notice, problem: Reason) -> None:
    """Gives up this notice, and all that wait for it now or later. The admin shows the reason."""
    _lock(Run.objects.filter(pk=notice.run_id))  # so that a notice that is being added isn't missed
    _ours(notice).update(state=NoticeState.PARKED, problem=problem.dump(PROBLEM_LIMIT))
    _park_behind(notice.run_id)


def _park_behind(run: int) -> None:
    parked = Notice.objects.filter(run=run, state=NoticeState.PARKED).exclude(kind=NoticeKind.PROGRESS)
    if (cause := parked.order_by("rank").first()) is not None:
        behind = Notice.objects.filter(still(NoticeState.OWED), run=run, rank__gt=cause.rank)
        reason = Reason(code=Code.BEHIND_ANOTHER, params={"notice": cause.kind})
        behind.update(state=NoticeState.PARKED, problem=reason.dump())


def revive(notices: QuerySet[Notice], *, now: datetime) -> int:
    """Owes parked notices again, together with those that were parked behind them. Returns how many."""
    runs = notices.filter(state=NoticeState.PARKED).values_list("run", flat=True)
    parked = Notice.objects.filter(still(NoticeState.PARKED), run__in=list(runs))
    return parked.update(state=NoticeState.OWED, due_at=now, attempts=0, problem="", tried_at=None)


@atomic()
def redirect(notice: Notice, *, channel: str, because: str, now: datetime) -> None:
    """From now on the run's messages go to `channel`, starting with a new root there."""
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
