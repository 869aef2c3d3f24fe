"""Parses presses of buttons and uses of shortcuts into values."""

import json
from dataclasses import dataclass, field

from bot.core.model import ChannelId, MessageTs, Place, RunId, ScheduleId, SlackAccount
from bot.slack.ids import Id
from bot.slack.parsing import Payload, account_of, parser, place_of, schedule_of, text_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A button for a run was pressed, under the root or in the answer to `/runtask status`. `place` is where that message is."""

    account: SlackAccount
    place: Place
    run: RunId
    trigger: str
    response_url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPress:
    """Approve, Review or Decline was pressed, under a message or on Home."""

    account: SlackAccount
    run: RunId
    mark: str  # identifies what would be sent (bot.core.approval.mark)
    trigger: str
    response_url: str = field(repr=False)  # empty on Home


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """Somebody has approved a run in the window that shows all of its changes."""

    account: SlackAccount
    run: RunId
    mark: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Declining:
    """Somebody has submitted the window that asks why they decline a run."""

    account: SlackAccount
    run: RunId
    mark: str
    why: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class HomePress:
    """A button on Home was pressed, or something picked in a menu. Slack sends no channel and no response_url with it."""

    account: SlackAccount
    value: int  # the id of a run or a schedule; 0 for the button that opens an empty form
    trigger: str
    response_url: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class StarPress:
    """The star in an open form was pressed. `form` is Slack's view, with all its blocks."""

    account: SlackAccount
    schedule: ScheduleId
    trigger: str
    form: Payload = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A button in the answer to a mention was pressed."""

    account: SlackAccount
    draft: str  # the draft's key
    schedule: ScheduleId
    trigger: str
    response_url: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortcut:
    """A shortcut was used. `place` is the thread of the message; None for the shortcut in Slack's menu."""

    account: SlackAccount
    place: Place | None
    trigger: str
    response_url: str = field(repr=False)  # empty if Slack gives none


@parser
def press(body: Payload) -> Press:
    return Press(
        account=account_of(body),
        place=place_of(body),
        run=RunId(int(text_of(body["actions"][0]["value"]))),
        trigger=text_of(body["trigger_id"]),
        response_url=text_of(body["response_url"]),
    )


@parser
def answer(body: Payload) -> AnswerPress:
    run, _, mark = text_of(body["actions"][0]["value"]).partition(":")
    return AnswerPress(
        account=account_of(body),
        run=RunId(int(run)),
        mark=mark,
        trigger=text_of(body["trigger_id"]),
        response_url=text_of(body.get("response_url", "")),
    )


@parser
def reviewed(body: Payload) -> Reviewed:
    about = json.loads(body["view"]["private_metadata"])
    return Reviewed(account=account_of(body), run=RunId(int(about["run"])), mark=text_of(about["mark"]))


@parser
def declining(body: Payload) -> Declining:
    """Slack may send null for an empty input."""
    view = body["view"]
    about = json.loads(view["private_metadata"])
    return Declining(
        account=account_of(body),
        run=RunId(int(about["run"])),
        mark=text_of(about["mark"]),
        why=text_of(view["state"]["values"][Id.WHY_BLOCK][Id.JSON_INPUT]["value"] or ""),
    )


@parser
def home_press(body: Payload) -> HomePress:
    action = body["actions"][0]
    pressed = action.get("selected_option") or action
    return HomePress(
        account=account_of(body), value=int(text_of(pressed["value"])), trigger=text_of(body["trigger_id"])
    )


@parser
def star_press(body: Payload) -> StarPress:
    form = body["view"]
    checked = {"id": text_of(form["id"]), "hash": text_of(form["hash"]), "blocks": list(map(dict, form["blocks"]))}
    return StarPress(
        account=account_of(body),
        schedule=schedule_of(body["actions"][0]),
        trigger=text_of(body["trigger_id"]),
        form={**form, **checked},
    )


@parser
def choice(body: Payload) -> Choice:
    draft, _, schedule = text_of(body["actions"][0]["value"]).partition(":")
    return Choice(
        account=account_of(body),
        draft=draft,
        schedule=ScheduleId(int(schedule)),
        trigger=text_of(body["trigger_id"]),
        response_url=text_of(body["response_url"]),
    )


@parser
def global_shortcut(body: Payload) -> Shortcut:
    return Shortcut(account=account_of(body), place=None, trigger=text_of(body["trigger_id"]), response_url="")


@parser
def message_shortcut(body: Payload) -> Shortcut:
    """The message may be by anybody. If it is a reply, the run's messages go to the same thread."""
    message = body["message"]
    return Shortcut(
        account=account_of(body),
        place=Place(
            channel=ChannelId(text_of(body["channel"]["id"])),
            parent=MessageTs(text_of(message.get("thread_ts") or message["ts"])),
        ),
        trigger=text_of(body["trigger_id"]),
        response_url=text_of(body["response_url"]),
    )
