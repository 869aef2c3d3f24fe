"""Values that somebody wrote in a message to the bot. They fill the form that its author opens, and start nothing by themselves.

Secrets never get into a draft.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

from django.db import IntegrityError, connections

from bot.core.mention import Mention
from bot.core.model import (
    ChannelId,
    InstallationId,
    MessageTs,
    Place,
    SlackAccount,
    SlackUserId,
    TeamId,
)
from bot.core.secrets import Secrets
from bot.models import Draft, atomic, database_of, writers_turn
from bot.runs import clock, masks
from bot.runs.door import Admitted, Platform
from bot.runs.refusals import NoSuchDraft

MOST = 20  # messages of one person within a minute that are answered
MINUTE = timedelta(minutes=1)
LIFE = timedelta(minutes=10)  # then the row may be deleted: events of older messages are ignored (bot.slack.replay)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A message to the bot: its author, and where it was posted."""

    installation: InstallationId
    account: SlackAccount
    place: Place  # `parent` is the first message of the thread that the message is in
    message: MessageTs


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """The values that a form is filled with, and the secret ones that were left out and must be typed there."""

    args: list[Any] | None = field(default=None, repr=False)  # None: the schedule's stored ones
    kwargs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    left_out: tuple[str, ...] = ()  # names of keyword arguments
    has_left_out_args: bool = False


NOTHING = Values()


def without_secrets(platform: Platform, read: Mention, tasks: Collection[str]) -> Values:
    """The values of a mention, without secret ones. `tasks`: those that may get the values.

    Names say which values are secret. Positional values have the names of these tasks' parameters.
    """
    call = (read.args or [], read.kwargs)
    secrets = Secrets.of(platform.secret_keys, (), call)
    hidden = secrets.hidden(read.kwargs)
    left_out = [
        name
        for name, value in read.kwargs.items()
        if name in hidden or (secrets.text(name), secrets.value(value)) != (name, value)
    ]
    by_task = (Secrets.of(platform.secret_keys, masks.parameters(platform.catalog, task), call) for task in tasks)
    has_secret_args = any(one.args(call[0]) != call[0] for one in by_task)
    return Values(
        args=None if has_secret_args else read.args,
        kwargs={name: value for name, value in read.kwargs.items() if name not in left_out},
        left_out=tuple(map(secrets.text, left_out)),
        has_left_out_args=has_secret_args,
    )


def lately(written: Written) -> int:
    """How many messages of this author were answered within the last minute."""
    own = Draft.objects.filter(
        installation=written.installation, team=written.account.team, slack_user=written.account.user
    )
    return own.filter(valid_until__gt=clock.now() + LIFE - MINUTE).count()


def new_key() -> str:
    return token_urlsafe()


def keep(key: str, written: Written, values: Values = NOTHING) -> bool:
    """Saves the draft. False: this message was answered before, by this process or another one."""
    row = Draft(
        key=key,
        installation=written.installation,
        team=written.account.team,
        slack_user=written.account.user,
        channel=written.place.channel,
        message=written.message,
        parent=written.place.parent or "",
        args="" if values.args is None else json.dumps(values.args),
        kwargs=json.dumps(values.kwargs),
        left_out=list(values.left_out),
        has_left_out_args=values.has_left_out_args,
        valid_until=clock.now() + LIFE,
    )
    # In an open transaction, IntegrityError needs a savepoint.
    nested = connections[database_of(Draft)].in_atomic_block
    try:
        with atomic() if nested else writers_turn():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def get(admitted: Admitted, installation: InstallationId, key: str) -> tuple[Place, Values]:
    """Where the draft was written, and its values. It must be the actor's own. Raises NoSuchDraft."""
    row = Draft.objects.filter(key=key, installation=installation, valid_until__gt=clock.now()).first()
    if row is None or admitted.actor.slack != SlackAccount(team=TeamId(row.team), user=SlackUserId(row.slack_user)):
        raise NoSuchDraft
    place = Place(channel=ChannelId(row.channel), parent=MessageTs(row.parent) if row.parent else None)
    return place, Values(
        args=json.loads(row.args) if row.args else None,
        kwargs=json.loads(row.kwargs),
        left_out=tuple(row.left_out),
        has_left_out_args=row.has_left_out_args,
    )
