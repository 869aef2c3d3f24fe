"""Measures all installations of this database. `bot.web.exposition` shows the numbers to a monitoring system.

The numbers count rows that are open, or that ended within the last hour. So each query reads only these rows, by an index,
however long the history is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform

from bot.core.audit import Act
from bot.core.kinds import Kind, kind
from bot.core.reasons import Reason
from bot.core.status import AWAITED, CELERYS, FINAL, NEVER_RUN, OPEN, UNENDED, RunState
from bot.models import AuditRecord, Installation, Notice, NoticeState, Run
from bot.runs import finish, installations, lateness, sources

PERIOD = finish.WATCHED_ON  # for this time after their end, runs can be found by their deadlines
OTHER = "other"  # label of all statuses that aren't Celery's own: tasks may invent any number of them
WAITING = (NoticeState.OWED, NoticeState.BEHIND, NoticeState.CLAIMED)
OVER = (NoticeState.SENT, NoticeState.PARKED)
# These have a number even if it is 0, so that their series don't come and go.
RUNS = [(str(state), status) for state in RunState for status in (FINAL if state is RunState.FINISHED else [""])]
Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """Ages and lags are in seconds; 0: there is no such row."""

    runs: Mapping[tuple[str, str], int]  # by state and by Celery's status (empty: none yet)
    oldest_open_run: float
    notices: Mapping[str, int]  # by state
    failing_notices: int
    oldest_due_notice: float
    parked_notices: Mapping[str, int]  # by the code of the reason
    refusals: Mapping[str, int]  # by kind
    source_lags: Mapping[str, float]
    installations: Mapping[str, bool]  # whether Slack takes the token of a process that delivers there


def measure(*, now: datetime) -> Metrics:
    """Makes one query for each kind of rows, and one for each installation, which takes one step of an index."""
    runs, names = _runs(now), installations.named()
    notices = _notices(names, now)
    due = [group for group in notices if group.state in (NoticeState.OWED, NoticeState.CLAIMED)]
    return Metrics(
        runs=_summed(RUNS, (((group.state, group.label), group.count) for group in runs)),
        oldest_open_run=_age(now, (group.oldest for group in runs if group.state in OPEN)),
        notices=_summed(NoticeState.values, ((group.state, group.count) for group in notices)),
        failing_notices=sum(group.failing for group in due),
        oldest_due_notice=_age(now, (group.oldest for group in due)),
        parked_notices=_parked(names, now),
        refusals=_refusals(now),
        source_lags=sources.lags(_awaited(runs), now=now),
        installations={
            one.key: not one.problem and now - one.seen_at <= lateness.LATE for one in Installation.objects.all()
        },
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Runs:
    """The number of runs that have the same state, status and source."""

    state: str
    status: str
    source: str
    count: int
    oldest: datetime  # when the first of these runs was asked for

    @property
    def label(self) -> str:
        return self.status if self.status in CELERYS or not self.status else OTHER


@dataclass(frozen=True, kw_only=True, slots=True)
class _Notices:
    """The number of notices in the same state."""

    state: str
    count: int
    failing: int  # how many of these notices failed several times
    oldest: datetime  # when the first of these notices was due


def _runs(now: datetime) -> list[_Runs]:
    ended = finish.watched_on(now), Q(state__in=NEVER_RUN, deadline_at__gt=now - PERIOD)
    found = [Run.objects.filter(condition).order_by() for condition in (Q(state__in=UNENDED), *ended)]
    counted = {"count": Count("pk"), "oldest": Min("created_at")}
    groups = [runs.values("state", "status", "source").annotate(**counted) for runs in found]
    return [_Runs(**row) for row in _together(groups)]


def _awaited(runs: Iterable[_Runs]) -> dict[str, datetime]:
    """Since when the oldest of these runs waits for its result, by source."""
    since: dict[str, datetime] = {}
    for group in runs:
        if group.state in AWAITED:
            since[group.source] = min(group.oldest, since.get(group.source, group.oldest))
    return since


def _notices(names: list[str], now: datetime) -> list[_Notices]:
    found = [_of(names, WAITING), _lately(names, OVER, now)]
    failing = Count("pk", filter=Q(attempts__gt=lateness.FAILING))
    counted = {"count": Count("pk"), "failing": failing, "oldest": Min("due_at")}
    return [_Notices(**row) for row in _together([notices.values("state").annotate(**counted) for notices in found])]


def _parked(names: list[str], now: datetime) -> dict[str, int]:
    found = _lately(names, [NoticeState.PARKED], now).values_list("problem").annotate(times=Count("pk"))
    return _summed([], ((str(Reason.load(problem).code), times) for problem, times in found))


def _of(names: list[str], states: Iterable[str]) -> QuerySet[Notice]:
    return Notice.objects.filter(installation__in=names, state__in=states).order_by()


def _lately(names: list[str], states: Iterable[str], now: datetime) -> QuerySet[Notice]:
    return _of(names, states).filter(due_at__gt=now - PERIOD)


def _refusals(now: datetime) -> dict[str, int]:
    found = AuditRecord.objects.filter(action=Act.RUN_REFUSED, at__gt=now - PERIOD).order_by()
    codes = found.values_list(KeyTextTransform("code", "details")).annotate(times=Sum("count"))
    return _summed(map(str, Kind), ((str(kind(code or "")), times) for code, times in codes))


def _together(parts: list[QuerySet[Any, Any]]) -> QuerySet[Any, Any]:
    """Combines the queries with UNION ALL. With OR instead, SQLite would read the whole index."""
    first, *others = parts
    return first.union(*others, all=True)


def _summed(zeros: Iterable[Key], found: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    total = dict.fromkeys(zeros, 0)
    for key, count in found:
        total[key] = total.get(key, 0) + count
    return total


def _age(now: datetime, moments: Iterable[datetime]) -> float:
    """The seconds since the first of these moments. 0 if there is none, or if it is in the future."""
    return max([0.0, *((now - moment).total_seconds() for moment in moments)])
