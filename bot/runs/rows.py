"""Builds the row of a run."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import approval, options
from bot.core.audit import Act, Record, Who
from bot.core.changes import changes
from bot.core.ids import team_of
from bot.core.model import (
    Actor,
    ChannelId,
    Destination,
    Dispatch,
    InstallationId,
    Place,
    RunRequest,
    Schedule,
    SlackAccount,
    SlackUserId,
)
from bot.core.rules import Rule, terms
from bot.core.secrets import Parameters, Secrets
from bot.core.status import RunState
from bot.core.text import clip
from bot.models import Run, SlackLink
from bot.runs import clock, installations, limits, masks
from bot.runs.attempts import Attempt
from bot.runs.door import Admitted, Platform

# A new attempt clears these columns: a Stop of the earlier attempt, which sent nothing, doesn't count for the new one.
NO_STOP = {
    "stop_asked_at": None,
    "stopped_by": None,
    "stopped_by_slack": "",
    "stop_way": "",
    "stop_tries": 0,
    "stop_due_at": None,
}
AUDITED = 20  # changed values in a record of the audit log, at most
AUDITED_TEXT = 200  # characters of each such value, at most


def attempt(
    admitted: Admitted,
    request: RunRequest,
    schedule: Schedule,
    dispatch: Dispatch,
    rules: tuple[Rule, ...],
    *,
    names: Parameters,
) -> Attempt:
    """Builds the attempt.

    `names`: the names of the positional values. They are stored, so that the run's pages mask the same values as the form.
    """
    platform, actor, now = admitted.platform, admitted.actor, clock.now()
    by_names = Secrets(keys=platform.secret_keys, names=names)
    values = {
        **NO_STOP,
        **limits.columns_of_rules(rules),
        "reason": masks.said(request.reason, schedule, by_names, (dispatch.args, dispatch.kwargs)) or None,
        "task_id": dispatch.task_id,
        "state": RunState.QUEUED,
        "created_at": now,
        "digest": request.digest,
        "not_sent_because": "",
        "values_deleted_at": None,
        "schedule_id": schedule.id,
        "schedule_name": schedule.name,
        "task": schedule.task,
        "args": json.dumps(dispatch.args, ensure_ascii=False),
        "kwargs": json.dumps(dispatch.kwargs, ensure_ascii=False),
        "changes": list(_changes(schedule, dispatch, platform.secret_keys, names)),
        **sent_where(dispatch, names),
        "user_id": actor.user,
        **followed(platform, schedule.task),
        "deadline_at": deadline(platform, dispatch, now),
        **_approval(schedule, dispatch, rules, now),
    }
    if (destination := request.destination or _announcement(platform, schedule, actor)) is not None:
        requester = destination.requester
        values |= {"installation": destination.installation}
        values |= {"team": requester.team if requester else "", "slack_user": requester.user if requester else ""}
        values |= {"channel": destination.place.channel, "parent": destination.place.parent}
    otherwise = {"state": RunState.NOT_SENT, "deadline_at": now}
    return Attempt(
        key=request.key, values=values, pressed=_asked(admitted, request, schedule, values), otherwise=otherwise
    )


def _asked(admitted: Admitted, request: RunRequest, schedule: Schedule, values: Mapping[str, Any]) -> Record:
    changed = _clipped(values["changes"], has_values=admitted.platform.audits_values)
    details = {"task_id": values["task_id"], "task": values["task"], **changed}
    if values["reason"]:
        details["reason"] = values["reason"]
    return Record(
        act=Act.RUN_ASKED,
        entry=admitted.actor.entry,
        who=Who.of(admitted.actor),
        schedule=schedule.id,
        schedule_name=schedule.name,
        installation=values.get("installation", ""),
        details={**details, **({"again": request.again} if request.again is not None else {})},
    )


def _clipped(changed: list[dict[str, Any]], *, has_values: bool) -> dict[str, Any]:
    """The changed values, shortened: audit records are small, and the run's row has the whole values."""
    left_out = () if has_values else ("old", "new")
    told = [
        {
            name: clip(value, AUDITED_TEXT) if isinstance(value, str) else value
            for name, value in change.items()
            if name not in left_out
        }
        for change in changed[:AUDITED]
    ]
    more = len(changed) - len(told)
    return {"changes": told, **({"changes_left_out": more} if more else {})}


def sent_where(dispatch: Dispatch, names: Parameters) -> dict[str, Any]:
    """The columns that say with which options a message is sent, and where to. `names`: of the positional arguments."""
    headers = {"headers": dispatch.target.headers} if dispatch.target.headers else {}
    named = {masks.PARAMETERS: list(names)} if names and dispatch.args else {}
    return {
        "options": json.loads(json.dumps(dict(dispatch.options), default=str)),
        "target": options.stored({**dispatch.target.options, **headers, **named}),
    }


def followed(platform: Platform, task: str) -> dict[str, Any]:
    """The columns that say where the outcome will be read, and why it may stay unknown."""
    unseen = platform.why_unseen(task)
    return {"source": platform.source_of(task), "unseen_because": "" if unseen is None else unseen.dump()}


def deadline(platform: Platform, dispatch: Dispatch, now: datetime) -> datetime:
    """The deadline of a run that is sent now."""
    return now + timedelta(seconds=max(platform.deadline, _lifetime(dispatch, now)))


def _approval(schedule: Schedule, dispatch: Dispatch, rules: tuple[Rule, ...], now: datetime) -> dict[str, Any]:
    """The columns of a run that waits for approval. If rules ask for none, they are None, and the run is sent at once."""
    needs, found = approval.needs(rules), terms(rules)
    if not needs:
        return {"approval_needs": None, "approval_ask": None, "approval_digest": None, "approvers_asked_at": None}
    return {
        "state": RunState.WAITING,
        "approval_needs": [asdict(need) for need in needs],
        "approval_ask": list(found.ask),
        "approval_digest": digest(schedule, dispatch, salt=secrets.token_hex(approval.SALT // 2)),
        "approvers_asked_at": None,
        "deadline_at": now + timedelta(hours=found.approval_hours),
    }


def digest(schedule: Schedule, dispatch: Dispatch, *, salt: str) -> str:
    call = json.loads(json.dumps([dispatch.args, dispatch.kwargs]))  # the row's JSON turns tuples into lists, too
    return approval.digest(schedule, (call[0], call[1]), dispatch.options, salt=salt)


def is_as_asked(run: Run, schedule: Schedule, dispatch: Dispatch) -> bool:
    """Whether this is the message that the approvers have seen. The requester may have been renamed; that is ignored."""
    asked = run.approval_digest or ""
    sent, headers = dict(dispatch.options), run.options.get("headers", {})
    if options.REQUESTER_HEADER in headers:
        sent["headers"] = {**sent.get("headers", {}), options.REQUESTER_HEADER: headers[options.REQUESTER_HEADER]}
    return digest(schedule, replace(dispatch, options=sent), salt=asked[: approval.SALT]) == asked


def _announcement(platform: Platform, schedule: Schedule, actor: Actor) -> Destination | None:
    """Where a run from the web or the API is announced; None: nowhere. Its `requester` is the actor's account there, if any."""
    channel = platform.announcements.get(schedule.name, platform.announcements.get("*", ""))
    if not channel:
        return None
    named, _, channel = channel.rpartition("/")
    installation = InstallationId(named) or installations.only()
    team = team_of(installation)
    links = SlackLink.objects.filter(user_id=str(actor.user), team=team) if team else SlackLink.objects.none()
    requester = links.order_by("pk").values_list("slack_user", flat=True).first()
    return Destination(
        installation=installation,
        place=Place(channel=ChannelId(channel)),
        requester=SlackAccount(team=team, user=SlackUserId(requester)) if requester else None,
    )


def _changes(
    schedule: Schedule, dispatch: Dispatch, secret_keys: tuple[str, ...], names: Parameters
) -> Iterator[dict[str, Any]]:
    old = limits.stored_call(schedule) or ([], {})  # if these can't be read, everything sent counts as changed
    for change in changes(old, (dispatch.args, dispatch.kwargs), secret_keys, names, headers=masks.headers(schedule)):
        yield {name: value for name, value in asdict(change).items() if value or name in ("old", "new")}


def _lifetime(dispatch: Dispatch, now: datetime) -> float:
    """Seconds until the message expires; 0 if it doesn't."""
    expires = dispatch.options.get("expires", 0)
    return (expires - now).total_seconds() if isinstance(expires, datetime) else float(expires)
