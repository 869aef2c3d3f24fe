"""Parses the payloads of the slash command and of the form into values."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bot.core.model import ChannelId, Field, RunId, ScheduleId, SlackAccount, SlackUserId, TeamId
from bot.slack.ids import FILL_PREFIX, INPUT_PREFIX, STORED, Id
from bot.slack.metadata import Metadata
from bot.slack.parsing import Payload, account_of, parser, schedule_of, text_of

CHANNEL = re.compile(r"[CG][A-Z0-9]{1,30}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A slash command. `text` is what was typed after it."""

    account: SlackAccount
    channel: str
    text: str = field(repr=False)
    trigger: str
    response_url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A request for the picker's menu."""

    account: SlackAccount
    query: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """A schedule was picked, the picker was cleared (None), or something else was chosen under "Fill in from".

    `hash` is the version of the view at that moment.
    """

    account: SlackAccount
    at: Decimal  # seconds since 1970, by Slack's clock
    schedule: ScheduleId | None
    view: str
    hash: str
    metadata: Metadata
    again: RunId | None = None  # the run to fill the form from


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """Run was pressed. `values` contains the inputs' texts, without the fields that have no input."""

    account: SlackAccount
    view: str
    schedule: ScheduleId | None
    again: RunId | None  # the run that is chosen under "Fill in from"
    metadata: Metadata
    report_in: ChannelId | None  # None if nothing was picked, or if the form doesn't ask
    values: dict[Field, str] = field(repr=False)
    inputs: dict[Field, str]  # block ids, for errors


@parser
def command(body: Payload) -> Command:
    return Command(
        account=SlackAccount(team=TeamId(text_of(body["team_id"])), user=SlackUserId(text_of(body["user_id"]))),
        channel=text_of(body["channel_id"]),
        text=" ".join(text_of(body.get("text", "")).split()),  # phones type non-breaking spaces
        trigger=text_of(body["trigger_id"]),
        response_url=text_of(body["response_url"]),
    )


@parser
def suggestion(body: Payload) -> Suggestion:
    return Suggestion(account=account_of(body), query=text_of(body.get("value") or ""))


@parser
def selection(body: Payload) -> Selection:
    # Null if the schedule that was picked before is picked again: that clears the picker.
    option = body["actions"][0]["selected_option"]
    return Selection(
        account=account_of(body),
        at=_moment(body["actions"][0]["action_ts"]),
        schedule=schedule_of(option) if option else None,
        view=text_of(body["view"]["id"]),
        hash=text_of(body["view"]["hash"]),
        metadata=Metadata.load(body["view"]["private_metadata"]),
    )


@parser
def filling(body: Payload) -> Selection:
    """Something else was chosen under "Fill in from". That counts only for the schedule that is still picked."""
    view = body["view"]
    metadata, picked = Metadata.load(view["private_metadata"]), _picked(view["state"]["values"])
    return Selection(
        account=account_of(body),
        at=_moment(body["actions"][0]["action_ts"]),
        schedule=picked,
        view=text_of(view["id"]),
        hash=text_of(view["hash"]),
        metadata=metadata,
        again=_run(body["actions"][0]["selected_option"]) if picked == metadata.schedule else None,
    )


@parser
def submission(body: Payload) -> Submission:
    view = body["view"]
    state = view["state"]["values"]
    menu = _input_block(view, FILL_PREFIX)
    inputs = {field: _input_block(view, prefix) for field, prefix in INPUT_PREFIX.items()}
    return Submission(
        account=account_of(body),
        view=text_of(view["id"]),
        schedule=_picked(state) or _shown(view),
        again=None if menu is None else _run(_chosen(menu, state)),
        metadata=Metadata.load(view["private_metadata"]),
        report_in=_channel(state.get(Id.REPORT_BLOCK, {}).get(Id.REPORT_SELECT, {}).get("selected_conversation")),
        values={field: _value(block, state) for field, block in inputs.items() if block is not None},
        inputs={field: block["block_id"] for field, block in inputs.items() if block is not None},
    )


def _channel(picked: Any) -> ChannelId | None:
    """Accepts only what the menu offers: posting to a person's id would open a direct message with them."""
    if picked is None:
        return None
    if not CHANNEL.fullmatch(text_of(picked)):
        raise ValueError("not a channel")
    return ChannelId(picked)


def _picked(state: Payload) -> ScheduleId | None:
    option = state[Id.SCHEDULE_BLOCK][Id.SCHEDULE_SELECT]["selected_option"]
    return schedule_of(option) if option else None


def _shown(view: Payload) -> ScheduleId | None:
    """The schedule that the form was made with. It counts if Slack sends null for the picker by mistake (see `_value`)."""
    picker = _input_block(view, Id.SCHEDULE_BLOCK)
    option = None if picker is None else picker["element"].get("initial_option")
    return schedule_of(option) if option else None


def _chosen(menu: Payload, state: Payload) -> Payload:
    option: Payload | None = state[menu["block_id"]][Id.FILL_SELECT]["selected_option"]
    return menu["element"]["initial_option"] if option is None else option  # null by mistake, as in `_shown`


def _run(option: Payload) -> RunId | None:
    return None if option["value"] == STORED else RunId(int(text_of(option["value"])))


def _moment(value: Any) -> Decimal:
    """Seconds since 1970, with microseconds: 1548426417.840180."""
    moment = Decimal(text_of(value))
    if not moment.is_finite():
        raise ValueError("not a moment")
    return moment


def _input_block(view: Payload, prefix: str) -> Payload | None:
    return next((block for block in view["blocks"] if block.get("block_id", "").startswith(prefix)), None)


def _value(block: Payload, state: Payload) -> str:
    """Slack sometimes sends null for a required input by mistake (slackapi/bolt-js#1073). Then we use its initial value."""
    value = state.get(block["block_id"], {}).get(Id.JSON_INPUT, {}).get("value")
    return text_of(block["element"].get("initial_value", "") if value is None else value)
