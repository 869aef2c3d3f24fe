"""Parses Slack's payloads into values. Every function raises Malformed for a payload that Slack doesn't send."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from bot.core.model import ChannelId, Field, MessageTs, Place, RunId, ScheduleId, SlackAccount, SlackUserId, TeamId
from bot.slack.ids import FILL_PREFIX, INPUT_PREFIX, STORED, Id
from bot.slack.metadata import Metadata

Payload = dict[str, Any]
CHANNEL = re.compile(r"[CG][A-Z0-9]{1,30}")
P = ParamSpec("P")
R = TypeVar("R")


class Malformed(Exception):
    """Not a payload that Slack sends for our ids."""


def _parser(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def parse(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as exc:
            raise Malformed(f"{function.__name__}: {type(exc).__name__} {exc}") from exc

    return parse


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A slash command. `text` is what was typed after it."""

    account: SlackAccount
    channel: str
    text: str
    trigger: str
    response_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A request for the picker's menu."""

    account: SlackAccount
    query: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """A schedule was picked, or the picker was cleared (None). `hash` is the version of the view at that moment."""

    account: SlackAccount
    at: Decimal  # by Slack's clock
    schedule: ScheduleId | None
    view: str
    hash: str
    metadata: Metadata
    again: RunId | None = None  # the run to fill the form from


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A button under the root of a run was pressed. `place` is where the root is."""

    account: SlackAccount
    place: Place
    run: RunId
    trigger: str
    response_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewPress:
    """Something was pressed or picked on Home, or the star in the form. There, Slack names no channel."""

    account: SlackAccount
    value: int  # the id of a run or a schedule; 0 for the button that opens an empty form
    trigger: str
    shown: Payload = field(repr=False)  # Slack's view, with all its blocks
    response_url: str = ""  # Slack gives none


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortcut:
    """A shortcut was used: on a message, to whose thread `place` belongs, or in a menu, which knows no place."""

    account: SlackAccount
    place: Place | None
    trigger: str
    response_url: str  # empty: Slack gives none


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """Run was pressed. `values` contains the inputs' texts, without the fields that have no input."""

    account: SlackAccount
    view: str
    schedule: ScheduleId | None
    again: RunId | None  # the run that is chosen under "Fill in from"
    metadata: Metadata
    report_in: ChannelId | None  # of a form that asks for it
    values: dict[Field, str] = field(repr=False)
    inputs: dict[Field, str]  # block ids, for errors


@_parser
def command(body: Payload) -> Command:
    return Command(
        account=SlackAccount(team=TeamId(_text(body["team_id"])), user=SlackUserId(_text(body["user_id"]))),
        channel=_text(body["channel_id"]),
        text=" ".join(_text(body.get("text", "")).split()),  # phones type non-breaking spaces
        trigger=_text(body["trigger_id"]),
        response_url=_text(body["response_url"]),
    )


@_parser
def suggestion(body: Payload) -> Suggestion:
    return Suggestion(account=_account(body), query=_text(body.get("value") or ""))


@_parser
def selection(body: Payload) -> Selection:
    option = body["actions"][0]["selected_option"]  # null if the picked schedule is picked again
    return Selection(
        account=_account(body),
        at=_moment(body["actions"][0]["action_ts"]),
        schedule=_schedule(option) if option else None,
        view=_text(body["view"]["id"]),
        hash=_text(body["view"]["hash"]),
        metadata=Metadata.load(body["view"]["private_metadata"]),
    )


@_parser
def filling(body: Payload) -> Selection:
    """Something else was chosen under "Fill in from". That counts only for the schedule that is still picked."""
    view = body["view"]
    metadata, picked = Metadata.load(view["private_metadata"]), _picked(view["state"]["values"])
    return Selection(
        account=_account(body),
        at=_moment(body["actions"][0]["action_ts"]),
        schedule=picked,
        view=_text(view["id"]),
        hash=_text(view["hash"]),
        metadata=metadata,
        again=_run(body["actions"][0]["selected_option"]) if picked == metadata.schedule else None,
    )


@_parser
def press(body: Payload) -> Press:
    return Press(
        account=_account(body),
        place=_place(body),
        run=RunId(int(_text(body["actions"][0]["value"]))),
        trigger=_text(body["trigger_id"]),
        response_url=_text(body["response_url"]),
    )


@_parser
def home_opened(body: Payload) -> SlackAccount | None:
    """Who looks at the Home tab. None: they look at the messages beside it."""
    event = body["event"]
    if event.get("tab") != "home":
        return None
    return SlackAccount(team=TeamId(_text(body["team_id"])), user=SlackUserId(_text(event["user"])))


@_parser
def view_press(body: Payload) -> ViewPress:
    action, view = body["actions"][0], body["view"]
    return ViewPress(
        account=_account(body),
        value=int(_text((action.get("selected_option") or action)["value"])),
        trigger=_text(body["trigger_id"]),
        shown={**view, "id": _text(view["id"]), "hash": _text(view["hash"]), "blocks": list(map(dict, view["blocks"]))},
    )


@_parser
def global_shortcut(body: Payload) -> Shortcut:
    return Shortcut(account=_account(body), place=None, trigger=_text(body["trigger_id"]), response_url="")


@_parser
def message_shortcut(body: Payload) -> Shortcut:
    """The message may be anybody's, and a reply: then its thread is that of its parent."""
    message = body["message"]
    return Shortcut(
        account=_account(body),
        place=Place(
            channel=ChannelId(_text(body["channel"]["id"])),
            parent=MessageTs(_text(message.get("thread_ts") or message["ts"])),
        ),
        trigger=_text(body["trigger_id"]),
        response_url=_text(body["response_url"]),
    )


@_parser
def submission(body: Payload) -> Submission:
    view = body["view"]
    state = view["state"]["values"]
    menu = _input_block(view, FILL_PREFIX)
    inputs = {field: _input_block(view, prefix) for field, prefix in INPUT_PREFIX.items()}
    return Submission(
        account=_account(body),
        view=_text(view["id"]),
        schedule=_picked(state),
        again=None if menu is None else _run(state[menu["block_id"]][Id.FILL_SELECT]["selected_option"]),
        metadata=Metadata.load(view["private_metadata"]),
        report_in=_channel(state.get(Id.REPORT_BLOCK, {}).get(Id.REPORT_SELECT, {}).get("selected_conversation")),
        values={field: _value(block, state) for field, block in inputs.items() if block is not None},
        inputs={field: block["block_id"] for field, block in inputs.items() if block is not None},
    )


def _account(body: Payload) -> SlackAccount:
    """The account in the person's own team. In shared channels, Bolt's context has the installing team instead.

    In Enterprise Grid, Slack may send the organisation's id (reference/interaction-payloads/block_suggestion-payload).
    """
    user, team = body["user"], body.get("team") or {}
    own = user.get("team_id")
    if not own or own == team.get("enterprise_id"):
        own = team["id"]
    return SlackAccount(team=TeamId(_text(own)), user=SlackUserId(_text(user["id"])))


def _channel(picked: Any) -> ChannelId | None:
    """Only what the menu offers: posting to a person's id would open a direct message with them."""
    if picked is None:
        return None
    if not CHANNEL.fullmatch(_text(picked)):
        raise ValueError("not a channel")
    return ChannelId(picked)


def _place(body: Payload) -> Place:
    """Where the message is, so that others can go next to it: a message in a thread has its thread's first message."""
    ts, thread = body["container"]["message_ts"], body["container"].get("thread_ts")
    return Place(
        channel=ChannelId(_text(body["channel"]["id"])),
        parent=None if thread in (None, ts) else MessageTs(_text(thread)),  # one that has replies is its own
    )


def _picked(state: Payload) -> ScheduleId | None:
    option = state[Id.SCHEDULE_BLOCK][Id.SCHEDULE_SELECT]["selected_option"]
    return _schedule(option) if option else None


def _run(option: Payload) -> RunId | None:
    return None if option["value"] == STORED else RunId(int(_text(option["value"])))


def _schedule(option: Payload) -> ScheduleId:
    return ScheduleId(int(_text(option["value"])))


def _moment(value: Any) -> Decimal:
    """Seconds since 1970, with microseconds: 1548426417.840180."""
    moment = Decimal(_text(value))
    if not moment.is_finite():
        raise ValueError("not a moment")
    return moment


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _input_block(view: Payload, prefix: str) -> Payload | None:
    return next((block for block in view["blocks"] if block.get("block_id", "").startswith(prefix)), None)


def _value(block: Payload, state: Payload) -> str:
    """Slack sometimes sends null for a required input by mistake (slackapi/bolt-js#1073). Then we use its initial value."""
    value = state.get(block["block_id"], {}).get(Id.JSON_INPUT, {}).get("value")
    return _text(block["element"].get("initial_value", "") if value is None else value)
