"""Saves the notices that runs owe, in the transaction that saves what they report. Deliverers claim them: `bot.runs.claims`."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connections
from django.db.models import Case, DateTimeField, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest

from bot.core.audit import Act, Record, Who
from bot.core.model import EDITS, Actor, InstallationId, NoticeKind, SlackUserId
from bot.core.reasons import Code, Reason
from bot.models import Notice, NoticeState, Run, atomic, still
from bot.prepared import padded
from bot.runs import audit

# A notice waits for those of its run and recipient that have a lower rank. No notice waits for an edit.
RANK = {
    NoticeKind.ROOT: 0,
    NoticeKind.ID: 1,
    NoticeKind.PROGRESS: 1,
    NoticeKind.DEADLINE: 2,
    NoticeKind.UNSEEN: 3,
    NoticeKind.CLOSED: 3,
    NoticeKind.FINAL: 4,  # rows of earlier versions may have 3, and 4 for AGAIN
    NoticeKind.AGAIN: 5,
    NoticeKind.ASK: 0,
    NoticeKind.ANSWERED: 1,
}
WAITING = (NoticeState.OWED, NoticeState.BEHIND)
# These two are always inserted first, together. Their states are known then, so `arrange` isn't called.
FIRST = {NoticeKind.ROOT, NoticeKind.ID}
EDIT_PACE = timedelta(seconds=2)  # between two edits of a root: chat.update allows about 50 a minute (Tier 3)
LISTED = 100  # runs that an audit record names, at most


def owe(run: Run, *kinds: NoticeKind, now: datetime) -> None:
    """Owes notices of these kinds. Call this inside the transaction that saves what they report. Existing notices don't change."""
    if _insert(run, kinds, now) and not set(kinds) <= FIRST:
        arrange([run.pk], now)


def has_notices(run: Run) -> bool:
    return Notice.objects.filter(run=run).exists()


def owe_edit(run: Run, *others: NoticeKind, now: datetime, at_once: bool = False) -> None:
    """Owes an edit of the first message, and notices of the kinds in `others`.

    The edit shows the run as it is when the edit is claimed. `at_once`: doesn't wait for EDIT_PACE.
    """
    if _insert(run, [*others, NoticeKind.PROGRESS], now):
        _owe_edits_again(run, [NoticeKind.PROGRESS], now=now, at_once=at_once)


def owe_asks(run: Run, installation: InstallationId, recipients: Sequence[SlackUserId], *, now: datetime) -> None:
    """Owes each recipient a direct message that asks them to approve the run."""
    notices = [
        _notice(run, f"{NoticeKind.ASK}:{number}", now, installation, channel=recipient, recipient=recipient)
        for number, recipient in enumerate(recipients)
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def owe_answered(run: Run, *, now: datetime) -> None:
    """Owes an edit of each message of `owe_asks`: somebody has answered, or the run doesn't wait any more."""
    asks = list(Notice.objects.filter(run=run, kind__startswith=f"{NoticeKind.ASK}:").order_by("kind"))
    edits = [
        _notice(
            run,
            ask.kind.replace(NoticeKind.ASK, NoticeKind.ANSWERED),
            now,
            ask.installation,
            channel=ask.channel,
            recipient=ask.recipient,
        )
        for ask in asks
    ]
    if edits:
        Notice.objects.bulk_create(edits, ignore_conflicts=True)
        _owe_edits_again(run, [edit.kind for edit in edits], now=now, at_once=True)


def _owe_edits_again(run: Run, kinds: Sequence[str], *, now: datetime, at_once: bool) -> None:
    waits, is_over = Q(state__in=WAITING), Q(state__in=[NoticeState.SENT, NoticeState.PARKED])
    after_pause = Coalesce(F("sent_at"), now, output_field=DateTimeField()) + EDIT_PACE
    # `state` comes last: MariaDB sets one column after the other, and conditions read the new values.
    Notice.objects.filter(run=run, kind__in=kinds).update(
        version=F("version") + 1,
        due_at=now if at_once else Case(When(waits, then=F("due_at")), default=after_pause),
        attempts=Case(When(is_over, then=0), default=F("attempts"), output_field=IntegerField()),
        state=Case(When(is_over, then=Value(NoticeState.OWED)), default=F("state")),
    )
    arrange([run.pk], now)


def owe_again(run: Run, *, now: datetime) -> None:
    """Owes the reply that says that the task ended again. If that reply was sent before, it will be sent once more."""
    if not _insert(run, [NoticeKind.AGAIN], now):
        return
    Notice.objects.filter(run=run, kind=NoticeKind.AGAIN).update(
        version=F("version") + 1,
        due_at=now,
        state=Case(When(Q(state=NoticeState.SENT), then=Value(NoticeState.OWED)), default=F("state")),
    )
    arrange([run.pk], now)


def _insert(run: Run, kinds: Iterable[NoticeKind], now: datetime) -> bool:
    """Inserts the notices that don't exist yet. False if the run has no channel, and so no messages."""
    if not run.channel:
        return False
    notices = [_notice(run, kind, now, run.installation, channel=run.channel) for kind in kinds]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    return True


def _notice(
    run: Run, kind: str, now: datetime, installation: str, *, channel: str, recipient: str | None = None
) -> Notice:
    """A notice that isn't saved yet. Without a recipient, it is for the run's thread."""
    rank = RANK[NoticeKind.of(kind)]
    return Notice(
        run=run,
        installation=installation,
        channel=channel,
        recipient=recipient,
        kind=kind,
        rank=rank,
        state=NoticeState.BEHIND if rank else NoticeState.OWED,
        due_at=now,
    )


def arrange(runs: Collection[int], now: datetime) -> None:
    """Sets the states of those notices of these runs that wait. Deliverers read only `owed`.

    `owed`: it may be sent. `behind`: an earlier notice isn't sent yet. `parked`: an earlier notice was given up.

    Call this inside a transaction that has locked the runs' rows.
    """
    moves: dict[tuple[str, str, str], list[int]] = {}
    rows = Notice.objects.filter(run__in=padded(runs)).order_by("run", "recipient", "rank")
    found = rows.values_list("run", "recipient", "pk", "kind", "rank", "state")
    for _, notices in groupby(found, key=lambda row: row[:2]):
        ahead: list[tuple[str, int, str]] = []  # kind, rank and state of notices that others may wait for
        for _, _, pk, kind, rank, state in notices:
            if state in WAITING:
                arranged, cause = _arranged([one for one in ahead if one[1] < rank])
                if arranged != state:
                    moves.setdefault((state, arranged, cause), []).append(pk)
                state = arranged  # noqa: PLW2901
            if NoticeKind.of(kind) not in EDITS and state != NoticeState.SENT:
                ahead.append((kind, rank, state))
    for (was, state, cause), keys in moves.items():
        moved = Notice.objects.filter(still(was), pk__in=padded(keys))
        if cause:
            reason = Reason(code=Code.BEHIND_ANOTHER, params={"notice": cause})
            moved.update(state=state, problem=reason.dump(), due_at=now)
        else:
            moved.update(state=state, due_at=Greatest(F("due_at"), Value(now, DateTimeField())))


def _arranged(ahead: list[tuple[str, int, str]]) -> tuple[str, str]:
    """The state of a notice that waits for these, and the kind of the first of them that is parked (empty: none is)."""
    if parked := next((kind for kind, _, state in ahead if state == NoticeState.PARKED), ""):
        return NoticeState.PARKED, parked
    return (NoticeState.BEHIND if ahead else NoticeState.OWED), ""


def lock(rows: QuerySet[Any]) -> None:
    """Locks rows in primary-key order, to avoid deadlocks.

    Not on SQLite: it has only one writer, and a transaction that begins by reading may find that it can't write.
    """
    if connections[rows.db].features.has_select_for_update:
        list(rows.select_for_update().order_by("pk").values_list("pk"))


@atomic()
def revive(notices: QuerySet[Notice], *, actor: Actor, now: datetime) -> int:
    """Owes parked notices again, together with all other parked notices of their runs. Returns how many."""
    runs = sorted(set(notices.filter(state=NoticeState.PARKED).values_list("run", flat=True)))
    lock(Run.objects.filter(pk__in=runs))
    parked = Notice.objects.filter(still(NoticeState.PARKED), run__in=runs)
    revived = parked.update(state=NoticeState.OWED, due_at=now, attempts=0, problem="", tried_at=None)
    arrange(runs, now)
    if revived:
        details = {"notices": revived, "runs": runs[:LISTED]}
        audit.append(Record(act=Act.NOTICES_RETRIED, entry=actor.entry, who=Who.of(actor), details=details))
    return revived
