"""The verb *run again*: fills a form with the values of an earlier run. `bot.runs.start` also reads that run, with `row`."""

import json
from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model

from bot.core.again import Again, Earlier, Fill
from bot.core.changes import changes, since
from bot.core.model import Actor, Change, ChannelId, Preview, RunId, Schedule, ScheduleId
from bot.core.options import OPTIONS, of_row
from bot.core.reasons import Problem
from bot.core.rights import Action
from bot.core.secrets import Call
from bot.core.status import ENDED
from bot.models import Run, database_of
from bot.prepared import Placeholder, Prepared
from bot.runs import basis, denials, limits, masks, own, see
from bot.runs.door import Platform, admit
from bot.runs.refusals import NoRunYet, NoSuchRun, Orphaned, ValuesDeleted

SETS = 5  # earlier runs in a form's menu, each with other values
OF_ROWS = frozenset(option.name for option in OPTIONS if option.columns)
LOOKED_AT = 20  # runs of each state that are read at most to fill the menu
RECENT = Prepared(
    # The condition on the state is a range that contains one state: with a plain `=`, PostgreSQL may walk down the primary key
    # through the runs of other schedules. There is no join: with old statistics, PostgreSQL may read all runs of the schedule
    # before it joins and sorts them.
    lambda: (
        Run.objects.filter(
            schedule_id=Placeholder("schedule"), state__gte=Placeholder("state"), state__lte=Placeholder("state")
        )
        .order_by("-state", "-pk")
        .values_list(
            "pk",
            "team",
            "slack_user",
            "user_id",
            "created_at",
            "state",
            "status",
            "changes",
            "args",
            "kwargs",
            "values_deleted_at",
        )[:LOOKED_AT]
    )
)


def row(platform: Platform, actor: Actor, run: RunId, schedule: ScheduleId | None = None) -> Run:
    """Reads the run. If `schedule` is given, it must be the run's. Raises NotAllowed, NoSuchRun or ValuesDeleted."""
    found = admit(platform, actor).run(run)
    if found is None or schedule not in (None, found.schedule_id):
        raise NoSuchRun
    if found.values_deleted_at is not None:
        raise ValuesDeleted
    return found


def own_last(platform: Platform, actor: Actor) -> RunId:
    """The actor's newest run, from wherever they asked for it. Raises NotAllowed or NoRunYet."""
    admitted = admit(platform, actor)
    found = next(filter(admitted.sees, own.of(str(actor.user)).only("schedule_id", "user_id")[:LOOKED_AT]), None)
    if found is None:
        raise NoRunYet
    return RunId(found.pk)


def preview(platform: Platform, actor: Actor, run: RunId, channel: ChannelId | None = None) -> tuple[Preview, Fill]:
    """The schedule of a run, and its values. Raises NotAllowed, CantRepeat or Orphaned. `channel`: as for `see.preview`."""
    with denials.recorded(platform, actor, Action.RUN, run=run):
        earlier = row(platform, actor, run)
        found = see.preview(platform, actor, ScheduleId(earlier.schedule_id), channel)
        if found is None:
            raise Orphaned
        return found, _fill(platform, actor, found, earlier)


def fill(platform: Platform, actor: Actor, preview: Preview, run: RunId | None = None) -> Fill:
    """Fills a form of this schedule with the values of `run`, or with the stored ones. Raises NotAllowed or CantRepeat."""
    return _fill(platform, actor, preview, None if run is None else row(platform, actor, run, preview.schedule.id))


def _fill(platform: Platform, actor: Actor, preview: Preview, run: Run | None) -> Fill:
    again = None if run is None else _again(platform, actor, preview.schedule, preview.target.headers, run)
    return Fill(again=again, recent=_recent(actor, preview.schedule))


def _recent(actor: Actor, schedule: Schedule) -> tuple[Earlier, ...]:
    """The newest ended runs with values other than the stored ones. Of runs with equal values, only the newest."""
    alias = database_of(Run)
    rows = [line for state in ENDED for line in RECENT.rows(alias, schedule=schedule.id, state=state.value)]
    sets, found = {_same(stored) if (stored := limits.stored_call(schedule)) else ""}, list[Earlier]()
    users = list[Any]()
    there = (row for row in sorted(rows, reverse=True) if row[-1] is None)  # not deleted
    for run, team, requester, user, at, state, status, made, args, kwargs, _ in there:
        values = _same((json.loads(args), json.loads(kwargs)))
        if values in sets:
            continue
        sets.add(values)
        users.append(user)
        found.append(
            Earlier(
                run=RunId(run),
                requester=see.account_if_in_same_team(actor, team, requester),
                name="",
                at=at,
                state=state,
                status=status,
                changes=tuple(Change(**change) for change in made),
            )
        )
        if len(found) == SETS:
            break
    names = _names({user for user in users if user is not None})
    return tuple(replace(run, name=names.get(user, "")) for run, user in zip(found, users, strict=True))


def _names(users: set[Any]) -> dict[Any, str]:
    if not users:
        return {}
    model: Any = get_user_model()
    everybody = model._base_manager.using(database_of(Run))  # noqa: SLF001  # documented
    return dict(everybody.filter(pk__in=users).values_list("pk", model.USERNAME_FIELD))


def _again(platform: Platform, actor: Actor, schedule: Schedule, shown_headers: str, run: Run) -> Again:
    filled = basis.of_run(platform, schedule, run)
    sent, now, keys = masks.call(run), limits.stored_call(schedule), platform.secret_keys
    names, headers = filled.secrets.names, _headers(schedule, run)
    return Again(
        run=Earlier(
            run=RunId(run.pk),
            requester=see.account_if_in_same_team(actor, run.team, run.slack_user),
            name="" if run.user is None else run.user.get_username(),
            at=run.created_at,
            state=run.state,
            status=run.status,
            changes=run.changed_values,
        ),
        values=filled.shown(),
        # If the stored values can't be read, nothing can be compared. The preview says what is wrong with them.
        differences=() if now is None else changes(now, sent, keys, names, headers=headers),
        since=() if now is None else since(sent, run.changed_values, now, keys, names, headers=headers),
        settings=_settings(schedule, shown_headers, run),
        fingerprint=platform.sealed(filled.fingerprint),
        problems=_problems(platform, actor, schedule, sent),
    )


def _problems(platform: Platform, actor: Actor, schedule: Schedule, sent: Call) -> tuple[Problem, ...]:
    admitted = admit(platform, actor)
    return tuple(limits.of_values(admitted, schedule, admitted.rules_of(schedule), sent))


def _settings(schedule: Schedule, headers: str, run: Run) -> tuple[Change, ...]:
    """The settings of the schedule that have changed since the run: name, task, options and headers, but not its values."""
    options = {name: value for name, value in of_row(schedule.columns).items() if not _had_passed(value, run)}
    target = run.target if isinstance(run.target, dict) else {}  # a list: from version 0.1.0
    now = {"name": schedule.name, "task": schedule.task, **_texts(options), "headers": headers}
    then = {"name": run.schedule_name, "task": run.task, **_texts(run.options), "headers": target.get("headers", "")}
    return tuple(
        Change(name=name, old=then.get(name) or None, new=now.get(name) or None)
        for name in dict.fromkeys([*then, *now])
        if (then.get(name) or None) != (now.get(name) or None)
    )


def changed_since(platform: Platform, schedule: Schedule, run: Run) -> tuple[str, ...]:
    """The names of the schedule's settings and values that have changed since this run was asked for."""
    secrets, stored = basis.of_run(platform, schedule, run).secrets, limits.stored_call(schedule)
    keys, names = platform.secret_keys, secrets.names
    sent, headers = masks.call(run), _headers(schedule, run)
    values = () if stored is None else since(sent, run.changed_values, stored, keys, names, headers=headers)
    settings = _settings(schedule, platform.sender.target(schedule).headers, run)
    return tuple(change.name.replace("_", " ") or f"#{change.position}" for change in (*settings, *values))


def _headers(schedule: Schedule, run: Run) -> list[Any]:
    """The headers of both, whose secrets are masked in values, too."""
    return [masks.headers(schedule), run.options.get("headers")]


def _texts(options: dict[str, Any]) -> dict[str, str]:
    """The options that a schedule's row has, as text, to compare them with a run's (bot.runs.rows)."""
    return {name: str(value) for name, value in options.items() if name in OF_ROWS}


def _had_passed(value: Any, run: Run) -> bool:
    """Whether the value is a moment that was over when the run was sent. Then the run was sent without this option."""
    return isinstance(value, type(run.created_at)) and value <= run.created_at


def _same(values: Call) -> str:
    """A text to compare values by. The order of keys doesn't matter."""
    return json.dumps(values, sort_keys=True)
