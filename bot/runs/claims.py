"""Claims notices for a deliverer, and saves how each try ended. An installation may have any number of deliverers."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import connections
from django.db.models import F, Q, QuerySet

from bot.core.model import InstallationId, NoticeKind
from bot.core.reasons import PROBLEM_LIMIT, Reason
from bot.core.status import RunState
from bot.models import Notice, NoticeState, Run, atomic, database_of, still
from bot.prepared import padded
from bot.runs import clock
from bot.runs.outbox import RANK, arrange, lock, owe_edit
from bot.runs.pace import Paced, after_pause, paced, with_pace

CLAIM = timedelta(seconds=15)  # a deliverer that is silent for longer counts as dead
# If a claim is younger than this, at least 13 s of it are left. That is enough to ask who reads the channel (2 s), to search (5 s)
# and to post (5 s). It may not be enough to also delete a misplaced reply (5 s). Then another deliverer may post the reply again,
# and delete it.
FRESH = timedelta(seconds=2)
HIGHEST_RANK = max(RANK.values())  # no other notice waits for a notice of this rank

# The driver repeats each statement for many rows; the ORM would build one for each. With the ORM, a deliverer sends only a
# fifth as many messages per second. Each statement has a transaction of its own, which updates rows in the order of their keys,
# so that two deliverers never deadlock. COALESCE: as in `still`.
CLAIMED = """
UPDATE runtask_notice SET state = 'claimed', claim = %s, claimed_until = %s, full_at = COALESCE(%s, full_at),
tried_at = COALESCE(tried_at, %s)
WHERE id = %s AND claim = %s AND version = %s AND (
COALESCE(state, '') = 'owed' AND due_at <= %s OR COALESCE(state, '') = 'claimed' AND claimed_until < %s)
"""
PUT_OFF = """
UPDATE runtask_notice SET due_at = %s
WHERE id = %s AND claim = %s AND version = %s AND COALESCE(state, '') = 'owed'
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


@dataclass(frozen=True)
class Claimed:
    """Notices to send, with their runs. The claim on them ends after CLAIM.

    A notice has `tried_at` if an earlier try may have reached Slack. `is_more`: others may be due now, too.
    """

    notices: list[Notice]
    is_more: bool


def claim(installation: InstallationId, limit: int, now: datetime, *, deserted: bool = True) -> Claimed:
    """Claims up to `limit` notices that are due. Postpones those whose channel can't take another message yet.

    `deserted`: whether to claim also notices whose claim by another deliverer has expired.
    """
    # These are two queries, as each can stop at its limit in the order of the index. With OR, the database would sort the whole
    # backlog.
    notices = with_pace(Notice.objects.filter(installation=installation).select_related("run"))
    notices = notices.order_by("due_at", "pk")
    due = list(notices.filter(state=NoticeState.CLAIMED, claimed_until__lt=now)[:limit]) if deserted else []
    due += notices.filter(state=NoticeState.OWED, due_at__lte=now)[: limit - len(due)]
    return Claimed(_taken(paced(due, now), now) if due else [], is_more=len(due) == limit)


def _taken(due: Paced, now: datetime) -> list[Notice]:
    """Claims the notices that may go and haven't changed since they were read.

    If an edit was owed again since then, its version has changed. It isn't claimed, because we read its run too early.
    """
    # The token names this claim, not the deliverer: a deliverer that wakes up late must not mistake its old claim for this
    # one. A notice keeps the token after the claim. So if another deliverer has tried it since we read it, we don't claim it.
    token, until = uuid4().hex, now + CLAIM
    connection = connections[database_of(Notice)]
    adapt = connection.ops.adapt_datetimefield_value
    at, ends = adapt(now), adapt(until)
    go, later = sorted(due.go, key=_key), sorted(due.wait, key=lambda one: _key(one[0]))
    if later:
        with atomic(), connection.cursor() as cursor:
            cursor.executemany(PUT_OFF, [(adapt(then), one.pk, one.claim, one.version) for one, then in later])
    claimed = 0
    if go:
        with atomic(), connection.cursor() as cursor:
            values = [(token, ends, adapt(one.full_at), at, one.pk, one.claim, one.version, at, at) for one in go]
            cursor.executemany(CLAIMED, values)
            claimed = cursor.rowcount
    taken = go
    if claimed != len(go):  # another deliverer was faster
        ours = set(Notice.objects.filter(pk__in=[one.pk for one in go], claim=token).values_list("pk", flat=True))
        taken = [notice for notice in go if notice.pk in ours]
    for notice in taken:
        notice.claim, notice.claimed_until = token, until
    return taken


def _key(notice: Notice) -> int:
    return notice.pk


def roots(notices: Iterable[Notice]) -> dict[int, Notice]:
    """The messages that the edits among these notices change, by the primary key of the edit."""
    edits = {(notice.run_id, notice.recipient): notice.pk for notice in notices if notice.is_edit}
    is_edited = Q(kind=NoticeKind.ROOT) | Q(kind__startswith=f"{NoticeKind.ASK}:")
    found = Notice.objects.filter(is_edited, run__in=padded([run for run, _ in edits])) if edits else ()
    return {edits[root.run_id, root.recipient]: root for root in found if (root.run_id, root.recipient) in edits}


def is_fresh(notice: Notice, now: datetime) -> bool:
    """Whether the claim certainly lasts until the notice is sent. Check this just before sending. If False, call `renew`."""
    is_young = notice.claimed_until is not None and notice.claimed_until - now > CLAIM - FRESH
    return is_young and not clock.is_unsure()


@atomic()
def renew(notice: Notice, now: datetime) -> bool:
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
    asks_nobody: bool = False  # whether it should have mentioned the run's approvers, but couldn't in this channel


def mark_sent(accepted: Collection[Sent]) -> None:
    """Marks the notices that we still claim as sent, in one transaction. An edit that was owed again meanwhile stays owed."""
    if not accepted:
        return
    connection = connections[database_of(Notice)]
    done, threads = [], []
    for sent in sorted(accepted, key=lambda sent: sent.notice.pk):
        notice, at = sent.notice, connection.ops.adapt_datetimefield_value(sent.at)
        done.append((notice.version, sent.channel, sent.ts, at, notice.pk, notice.claim))
        if notice.kind == NoticeKind.ROOT:
            threads.append((sent.ts, notice.run_id, notice.pk, notice.claim, sent.ts))
    unasked = [sent.notice.run_id for sent in accepted if sent.asks_nobody]
    # The runs of which another notice may have waited for one of these.
    moved = {sent.notice.run_id for sent in accepted if not sent.notice.is_edit and sent.notice.rank < HIGHEST_RANK}
    with atomic(), connection.cursor() as cursor:
        lock(Run.objects.filter(pk__in={sent.notice.run_id for sent in accepted}))  # runs before notices, as everywhere
        cursor.executemany(SENT, done)
        if threads:
            cursor.executemany(THREAD, threads)
        if unasked:  # no message mentions their approvers, so these are asked directly (bot.runs.approvals)
            waits = Run.objects.filter(still(RunState.WAITING), pk__in=unasked)
            waits.update(approval_ask=None, approvers_asked_at=None)
        if moved:
            arrange(moved, max(sent.at for sent in accepted))


@atomic()
def give_back(notice: Notice, due_at: datetime) -> None:
    """Postpones a notice that wasn't tried."""
    _postpone(notice, due_at, tried_at=notice.tried_at)


@atomic()
def pause(notice: Notice, due_at: datetime, problem: Reason, *, closes: bool = False) -> None:
    """Postpones the notice because Slack takes nothing now. That doesn't count as a failed attempt.

    `closes`: nothing else may be posted to the notice's channel until `due_at`, either.
    """
    full = {"full_at": after_pause(due_at)} if closes else {}
    _postpone(notice, due_at, problem, tried_at=notice.tried_at, **full)


@atomic()
def retry(notice: Notice, due_at: datetime, problem: Reason, *, maybe_posted: bool = False) -> None:
    """Postpones the notice after a failed attempt. `maybe_posted`: the next try first looks for the message of this one."""
    tried = {} if maybe_posted else {"tried_at": notice.tried_at}
    _postpone(notice, due_at, problem, attempts=F("attempts") + 1, **tried)


def _postpone(notice: Notice, due_at: datetime, problem: Reason | None = None, **more: Any) -> None:
    text = problem.dump(PROBLEM_LIMIT) if problem else ""
    _ours(notice).update(state=NoticeState.OWED, due_at=due_at, problem=text, **more)


@atomic()
def park(notice: Notice, problem: Reason, now: datetime) -> None:
    """Parks this notice, and all that wait for it now or later. The admin shows the reason."""
    lock(Run.objects.filter(pk=notice.run_id))  # so that a notice that is being added isn't missed
    _ours(notice).update(state=NoticeState.PARKED, problem=problem.dump(PROBLEM_LIMIT), due_at=now)
    arrange([notice.run_id], now)
    if NoticeKind.of(notice.kind) is NoticeKind.ASK:  # the root says which approvers were not reached
        owe_edit(notice.run, NoticeKind.ROOT, now=now)


@atomic()
def redirect(notice: Notice, *, channel: str, because: str, now: datetime) -> None:
    """From now on the run's messages go to `channel`, starting with a new root there.

    For a notice to an approver, this redirects only the messages to that approver. `because`: Slack's error code for the old
    channel. Empty if the messages were meant for this direct message, which has been opened.
    """
    run = notice.run
    lock(Run.objects.filter(pk=run.pk))
    if not _ours(notice).update(state=NoticeState.OWED, due_at=now, tried_at=None):
        return
    if notice.recipient:
        Notice.objects.filter(run=run, recipient=notice.recipient).exclude(state=NoticeState.SENT).update(
            channel=channel
        )
        return
    Run.objects.filter(pk=run.pk, redirected_from="").update(
        channel=channel,
        parent=None,
        thread="",
        redirected_from=run.channel if because else "",
        redirected_because=because[:64],
        **({"approvers_asked_at": None} if because else {}),  # approvers lose the thread: they are asked directly
    )
    Notice.objects.filter(run=run, kind=NoticeKind.ROOT).exclude(pk=notice.pk).update(
        state=NoticeState.OWED, due_at=now
    )
    Notice.objects.filter(run=run, recipient=None).exclude(state=NoticeState.SENT).exclude(
        kind=NoticeKind.PROGRESS
    ).update(channel=channel)
    arrange([run.pk], now)
