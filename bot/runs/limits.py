"""Checks a run against the rules of its schedule: the reason, the arguments, one run at a time."""

from collections.abc import Iterator
from typing import Any

from bot.core import approval, arguments, bound
from bot.core.model import ChannelId, Field, RunId, RunRequest, Schedule
from bot.core.policy import Denied
from bot.core.reasons import Code, Invalid, Problem
from bot.core.rights import REASON_LIMIT, Action, Limits
from bot.core.rules import Rule, terms
from bot.core.secrets import Call
from bot.runs.door import Admitted


def of_stored(admitted: Admitted, schedule: Schedule, channel: ChannelId | None, open_run: int | None) -> Limits:
    """What rules say of a run with the schedule's stored values.

    `channel`: where a run from Slack would report; None: not known yet. `open_run`: the schedule's newest open run.
    """
    rules = admitted.rules_of(schedule)
    denied = admitted.denied(Action.RUN, rules, channel=channel) or busy(rules, open_run)
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


def busy(rules: tuple[Rule, ...], open_run: int | None) -> Denied | None:
    """Why a run can't start while `open_run` is open: a rule allows one at a time. None: it can."""
    rule = next((one for one in rules if one.one_at_a_time), None)
    if rule is None or open_run is None:
        return None
    return Denied(code=Code.BUSY, params={"rule": rule.name, "run": RunId(open_run)})


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
