"""The verb *run again*: fills a form with the values of an earlier run."""

import json
from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model

from bot.core.again import Again, Earlier, Fill
from bot.core.changes import changes, since
from bot.core.model import Actor, Change, ChannelId, Preview, RunId, Schedule
from bot.core.options import OPTIONS, of_row
from bot.core.rights import Action
from bot.core.secrets import Call
from bot.core.status import ENDED
from bot.models import Run, database_of
from bot.prepared import Placeholder, Prepared
from bot.runs import basis, limits, masks, own, see
from bot.runs.denials import Wanted
from bot.runs.door import Admitted, Platform, SeenRun
from bot.runs.refusals import NoRunYet, NoSuchRun, Orphaned, ValuesDeleted

SETS = 5  # earlier runs in a form's menu, each with other values
WITH_COLUMNS = frozenset(option.name for option in OPTIONS if option.columns)  # the options that a schedule's row has
LOOKED_AT = 20  # runs that are read, at most: of each state for the menu, and of the actor's own for `own_last`
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


def earlier(admitted: Admitted, run: RunId) -> SeenRun:
    """The run whose values will be sent again, with its schedule. Raises NoSuchRun or ValuesDeleted."""
    seen = admitted.run(run)
    if seen is None:
        raise NoSuchRun
    _check_values(seen.run)
    return seen


def earlier_of(admitted: Admitted, schedule: Schedule, run: RunId) -> Run:
    """Like `earlier`, of a schedule that the actor may see."""
    found = admitted.run_of(schedule, run)
    if found is None:
        raise NoSuchRun
    _check_values(found)
    return found


def _check_values(run: Run) -> None:
    if run.values_deleted_at is not None:
        raise ValuesDeleted


def own_last(admitted: Admitted) -> RunId:
    """The actor's newest run, from wherever they asked for it. Raises NoRunYet."""
    runs = own.of(str(admitted.actor.user)).only("schedule_id", "schedule_name", "task", "user_id")[:LOOKED_AT]
    found = next(filter(admitted.seen, runs), None)
    if found is None:
        raise NoRunYet
    return RunId(found.pk)


def preview(admitted: Admitted, run: RunId, channel: ChannelId | None = None) -> tuple[Preview, Fill]:
    """The schedule of a run, and its values. Raises CantRepeat or Orphaned. `channel`: as for `see.preview`."""
    with admitted.recorded(Wanted(action=Action.RUN, run=run)):
        seen = earlier(admitted, run)
        if seen.schedule is None:
            raise Orphaned
        found = see.preview_of(admitted, seen.schedule, channel)
        return found, _fill(admitted, found, seen.run)


def fill(admitted: Admitted, preview: Preview, run: RunId | None = None) -> Fill:
    """Fills a form of this schedule with the values of `run`, or with the stored ones. Raises CantRepeat."""
    return _fill(admitted, preview, None if run is None else earlier_of(admitted, preview.schedule, run))


def _fill(admitted: Admitted, preview: Preview, run: Run | None) -> Fill:
    again = None if run is None else _again(admitted, preview.schedule, preview.target.headers, run)
    return Fill(again=again, recent=_recent(admitted.actor, preview.schedule))


def _recent(actor: Actor, schedule: Schedule) -> tuple[Earlier, ...]:
    """The newest ended runs with values other than the stored ones. Of runs with equal values, only the newest."""
    alias = database_of(Run)
    rows = [row for state in ENDED for row in RECENT.rows(alias, schedule=schedule.id, state=state.value)]
    stored = limits.stored_call(schedule)
    sets = set[str]() if stored is None else {_comparable(stored)}
    texts = {(schedule.args, schedule.kwargs)}
    found = list[Earlier]()
    users = list[Any]()  # the requesters of the runs in `found`
    with_values = (row for row in sorted(rows, reverse=True) if row[-1] is None)  # values_deleted_at
    for run, team, requester, user, at, state, status, made, args, kwargs, _ in with_values:
        if (args, kwargs) in texts:  # most runs have equal texts, and long texts take long to parse
            continue
        texts.add((args, kwargs))
        values = _comparable((json.loads(args), json.loads(kwargs)))
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


def _again(admitted: Admitted, schedule: Schedule, shown_headers: str, run: Run) -> Again:
    platform = admitted.platform
    filled = basis.of_run(platform, schedule, run, admitted.actor)
    sent, stored = masks.call(run), limits.stored_call(schedule)
    keys, names, headers = platform.secret_keys, filled.secrets.names, _headers(schedule, run)
    return Again(
        run=Earlier(
            run=RunId(run.pk),
            requester=see.account_if_in_same_team(admitted.actor, run.team, run.slack_user),
            name="" if run.user is None else run.user.get_username(),
            at=run.created_at,
            state=run.state,
            status=run.status,
            changes=run.changed_values,
        ),
        values=filled.shown(),
        # If the stored values can't be read, nothing can be compared. The preview says what is wrong with them.
        differences=() if stored is None else changes(stored, sent, keys, names, headers=headers),
        since=() if stored is None else since(sent, run.changed_values, stored, keys, names, headers=headers),
        settings=_settings(schedule, shown_headers, run),
        fingerprint=platform.sealed(filled.fingerprint),
        problems=tuple(limits.of_values(admitted, schedule, admitted.rules_of(schedule), sent)),
    )


def _settings(schedule: Schedule, headers: str, run: Run) -> tuple[Change, ...]:
    """The settings of the schedule that have changed since the run: name, task, options and headers, but not its values.

    `headers`: the schedule's, as `Target.headers`.
    """
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
    sent, stored = masks.call(run), limits.stored_call(schedule)
    names = masks.of_run_today(run, schedule.task, platform.catalog, platform.secret_keys).names
    keys, headers = platform.secret_keys, _headers(schedule, run)
    values = () if stored is None else since(sent, run.changed_values, stored, keys, names, headers=headers)
    settings = _settings(schedule, platform.sender.target(schedule).headers, run)
    return tuple(change.name.replace("_", " ") or f"#{change.position}" for change in (*settings, *values))


def _headers(schedule: Schedule, run: Run) -> list[Any]:
    """The headers of the schedule and of the run. Their secrets are masked in values, too."""
    return [masks.headers(schedule), run.options.get("headers")]


def _texts(options: dict[str, Any]) -> dict[str, str]:
    """Those options that a schedule's row has, as texts, because a run's row stores dates as texts (bot.runs.rows)."""
    return {name: str(value) for name, value in options.items() if name in WITH_COLUMNS}


def _had_passed(value: Any, run: Run) -> bool:
    """Whether the value is a moment that had passed when the run was asked for. Then the run doesn't have this option."""
    return isinstance(value, type(run.created_at)) and value <= run.created_at


def _comparable(values: Call) -> str:
    """A text that is the same for equal values, whatever the order of their keys."""
    return json.dumps(values, sort_keys=True)
