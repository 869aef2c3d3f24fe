"""The notices that runs owe: written with the change that makes them true, claimed by any number of deliverers."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from bot.core.model import NoticeKind
from bot.models import Notice, NoticeState, Run, atomic

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
    if run.channel:
        notices = [Notice(run=run, kind=kind, rank=RANK[kind], due_at=now) for kind in kinds]
        Notice.objects.bulk_create(notices, ignore_conflicts=True)
        if not set(kinds) <= FIRST:
            _park_behind(run.pk)


def owe_edit(run: Run, *, now: datetime, at_once: bool = False) -> None:
    """The root must show the run as it is now; edits that come in quick succession are made as one."""
    owe(run, NoticeKind.PROGRESS, now=now)
    edits = Notice.objects.filter(run=run, kind=NoticeKind.PROGRESS)
    edits.exclude(state=NoticeState.OWED).update(
        version=F("version") + 1, due_at=now if at_once else Coalesce(F("sent_at"), now) + EDIT_PACE
    )
    edits.filter(state__in=[NoticeState.SENT, NoticeState.PARKED]).update(state=NoticeState.OWED, attempts=0)
    if at_once:
        edits.filter(state=NoticeState.OWED).update(due_at=now)
    _park_behind(run.pk)


def claim(limit: int, now: datetime, *, avoiding: Collection[str] = ()) -> list[Notice]:
    """Up to `limit` notices that are due and whose turn it is, now ours until CLAIM is over.

    `tried_at` of a returned notice is set if an earlier try may have reached Slack.
    """
    first = Notice.objects.filter(run=OuterRef("run"), rank__lt=OuterRef("rank"))
    first = first.exclude(state=NoticeState.SENT).exclude(kind=NoticeKind.PROGRESS)
    turn = Notice.objects.exclude(Exists(first)).exclude(run__channel__in=avoiding).select_related("run")
    turn = turn.order_by("due_at", "pk")
    # Two looks, for a limit in the order of the index ends each early: with OR the whole backlog would be sorted.
    waiting = list(turn.filter(state=NoticeState.CLAIMED, claimed_until__lt=now)[:limit])
    waiting += turn.filter(state=NoticeState.OWED, due_at__lte=now)[: limit - len(waiting)]
    if not waiting:
        return []
    # Of this claim, not of the deliverer: one that wakes up late must not take its own old claim for this one.
    token = uuid4().hex
    with atomic():
        # In one order, so that two deliverers don't wait for each other.
        taken = {notice.pk for notice in sorted(waiting, key=lambda notice: notice.pk) if _take(notice, token, now)}
    return [notice for notice in waiting if notice.pk in taken]


def _take(notice: Notice, token: str, now: datetime) -> bool:
    # All that a claim and its end change: between the look and this, somebody may have tried and put it back.
    seen = {name: getattr(notice, name) for name in ("state", "claim", "version", "due_at", "attempts", "tried_at")}
    notice.claim, notice.claimed_until = token, now + CLAIM
    return bool(
        Notice.objects.filter(pk=notice.pk, **seen).update(
            state=NoticeState.CLAIMED, claim=token, claimed_until=now + CLAIM, tried_at=Coalesce(F("tried_at"), now)
        )
    )


def hold(notice: Notice, now: datetime) -> bool:
    """Still ours, and for as long as sending may take; to be asked just before it is sent."""
    if notice.claimed_until is not None and notice.claimed_until - now > CLAIM - FRESH:
        return True  # nobody else may take it before it is over
    ours = Notice.objects.filter(pk=notice.pk, claim=notice.claim, state=NoticeState.CLAIMED, claimed_until__gt=now)
    return bool(ours.update(claimed_until=now + CLAIM))


@atomic()
def sent(notice: Notice, *, channel: str, ts: str, now: datetime) -> None:
    """Slack has it. If it was owed again meanwhile (an edit), it stays owed."""
    if notice.kind == NoticeKind.ROOT:  # the run before its notices, as everywhere: MariaDB would find a deadlock
        Run.objects.select_for_update().get(pk=notice.run_id)
    ours = Notice.objects.filter(pk=notice.pk, claim=notice.claim, state=NoticeState.CLAIMED)
    done = {"channel": channel, "ts": ts, "sent_at": now, "problem": "", "tried_at": None, "attempts": 0, "claim": ""}
    settled = ours.filter(version=notice.version).update(state=NoticeState.SENT, **done)
    settled = settled or ours.update(state=NoticeState.OWED, **done)
    if settled and notice.kind == NoticeKind.ROOT:
        Run.objects.filter(pk=notice.run_id).update(thread=ts)


def later(
    notice: Notice, *, due_at: datetime, problem: str = "", maybe_posted: bool = False, failed: bool = True
) -> None:
    """Not now. `maybe_posted` keeps the mark of an earlier try, so that the next one looks for its message first."""
    ours = Notice.objects.filter(pk=notice.pk, claim=notice.claim, state=NoticeState.CLAIMED)
    ours.update(
        state=NoticeState.OWED,
        due_at=due_at,
        problem=problem[:300],
        claim="",
        attempts=F("attempts") + int(failed),
        **({} if maybe_posted else {"tried_at": notice.tried_at}),
    )


def park(notice: Notice, problem: str) -> None:
    """Given up, with the reason for the admin; what waits behind it, or ever will, is given up too."""
    ours = Notice.objects.filter(pk=notice.pk, claim=notice.claim, state=NoticeState.CLAIMED)
    with atomic():
        Run.objects.select_for_update().get(pk=notice.run_id)  # what is owed at this moment sees this, or is seen
        ours.update(state=NoticeState.PARKED, problem=problem[:300], claim="")
        _park_behind(notice.run_id)


def _park_behind(run: int) -> None:
    parked = Notice.objects.filter(run=run, state=NoticeState.PARKED).exclude(kind=NoticeKind.PROGRESS)
    if (cause := parked.order_by("rank").first()) is not None:
        behind = Notice.objects.filter(run=run, state=NoticeState.OWED, rank__gt=cause.rank)
        behind.update(state=NoticeState.PARKED, problem=f"behind the {cause.kind} message")


def revive(notices: QuerySet[Notice], *, now: datetime) -> int:
    """Parked messages are owed again, with those that were given up behind them. Returns how many."""
    runs = notices.filter(state=NoticeState.PARKED).values_list("run", flat=True)
    parked = Notice.objects.filter(run__in=list(runs), state=NoticeState.PARKED)
    return parked.update(state=NoticeState.OWED, due_at=now, attempts=0, problem="", tried_at=None)


def redirect(notice: Notice, *, channel: str, because: str, now: datetime) -> None:
    """From now on the run's messages go to `channel`, beginning with a root there."""
    run = notice.run
    Run.objects.filter(pk=run.pk, redirected_from="").update(
        channel=channel, thread="", redirected_from=run.channel, redirected_because=because[:64]
    )
    Notice.objects.filter(run=run, kind=NoticeKind.ROOT).exclude(pk=notice.pk).update(
        state=NoticeState.OWED, due_at=now
    )
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.OWED, due_at=now, claim="", tried_at=None)
