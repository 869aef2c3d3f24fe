"""What the rules that match a schedule ask of a run, and which of that a run breaks."""

from collections.abc import Iterator
from typing import Any

from bot.core import approval, arguments, bound
from bot.core.model import ChannelId, Field, RunId, RunRequest, Schedule
from bot.core.policy import Denied
from bot.core.reasons import Code, Invalid, Problem
from bot.core.rights import REASON_LIMIT, Action, Limits
from bot.core.rules import Rule, terms
from bot.core.secrets import Call
from bot.core.status import OPEN
from bot.models import Run
from bot.runs.door import Admitted


def of_stored(admitted: Admitted, schedule: Schedule, channel: ChannelId | None) -> Limits:
    """What rules say of a run with the schedule's stored values.

    `channel`: where a run from Slack would report; None: not known yet.
    """
    rules = admitted.rules_of(schedule)
    denied = admitted.denied(Action.RUN, rules, channel=channel) or busy(rules, schedule)
    return Limits(
        denied=denied,
        reason_for=next((rule.name for rule in rules if rule.reason), ""),
        needs=approval.needs(rules),
        problems=tuple(of_values(admitted, schedule, rules, stored_call(schedule) or ([], {}))),
    )


def of_values(admitted: Admitted, schedule: Schedule, rules: tuple[Rule, ...], call: Call) -> Iterator[Problem]:
    return bound.problems(rules, call, stored_call(schedule), admitted.platform.catalog.names(schedule.task).sure)


def of_reason(rules: tuple[Rule, ...], request: RunRequest) -> Iterator[Problem]:
    length = len(request.reason.strip())
    if length > REASON_LIMIT:
        params: dict[str, Any] = {"limit": REASON_LIMIT, "length": length}
        yield Problem(code=Code.REASON_TOO_LONG, field=Field.REASON, params=params)
    if not length and (rule := next((one for one in rules if one.reason), None)):
        yield Problem(code=Code.REASON_MISSING, field=Field.REASON, params={"rule": rule.name})


def busy(rules: tuple[Rule, ...], schedule: Schedule, *, key: str = "") -> Denied | None:
    """Why this run can't start: a rule allows one at a time, and another one is open. `key`: this run's, as it doesn't count."""
    rule = next((one for one in rules if one.one_at_a_time), None)
    if rule is None:
        return None
    # Not ordered by the primary key: PostgreSQL may walk down it through the runs of others.
    others = Run.objects.filter(schedule_id=schedule.id, state__in=OPEN).exclude(key=key).order_by("-created_at")
    run = others.values_list("pk", flat=True).first()
    return None if run is None else Denied(code=Code.BUSY, params={"rule": rule.name, "run": RunId(run)})


def columns_of_rules(rules: tuple[Rule, ...]) -> dict[str, Any]:
    """The columns of a run's row that its rules determine."""
    found = terms(rules)
    return {"notify": found.notify, "mention": list(found.mention)} if rules else {"notify": None, "mention": None}


def stored_call(schedule: Schedule) -> Call | None:
    """The schedule's stored values. None if they can't be read."""
    try:
        return arguments.parse_stored(schedule.args, Field.ARGS), arguments.parse_stored(schedule.kwargs, Field.KWARGS)
    except Invalid:
        return None
