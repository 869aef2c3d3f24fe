"""A payload for each entry from Slack, as Slack would send it for somebody."""

import time
from typing import Any

from bot.core.model import ChannelId, InstallationId, MessageTs, Place, SlackAccount, SlackUserId, TeamId
from bot.models import Run
from bot.runs import drafts
from bot.runs.drafts import Values, Written
from bot.slack.ids import FILL_PREFIX, Id
from localslack.testing import LocalSlack
from tests.wire.conftest import OPS
from tests.wire.ended import HERE, press
from tests.wire.mentioning import BOT, event

SECRET_NAME = "Operation Nightfall"
Json = dict[str, Any]


def command(user: str) -> Json:
    return {
        "token": "t",
        "team_id": "T0LOCAL",
        "team_domain": "local",
        "channel_id": OPS,
        "channel_name": "ops",
        "user_id": user,
        "user_name": "x",
        "command": "/runtask",
        "text": SECRET_NAME,
        "api_app_id": "A0LOCAL",
        "response_url": "http://127.0.0.1:9/nobody",
        "trigger_id": "1.2.3",
    }


def shortcut(user: str) -> Json:
    return {
        "type": "shortcut",
        "token": "t",
        "action_ts": "1.2",
        "team": {"id": "T0LOCAL", "domain": "local"},
        "user": {"id": user, "username": "x", "team_id": "T0LOCAL"},
        "callback_id": Id.RUN_SHORTCUT,
        "trigger_id": "1.2.3",
    }


def message_shortcut(user: str) -> Json:
    return {
        **shortcut(user),
        "type": "message_action",
        "callback_id": Id.RUN_HERE_SHORTCUT,
        "channel": {"id": OPS, "name": "ops"},
        "message_ts": "1.2",
        "message": {"type": "message", "user": user, "ts": "1.2", "text": SECRET_NAME},
        "response_url": "http://127.0.0.1:9/nobody",
    }


def interaction(kind: str, user: str, view: Json, **more: Any) -> Json:
    who = {"id": user, "username": "x", "name": "x", "team_id": "T0LOCAL"}
    team = {"id": "T0LOCAL", "domain": "local"}
    return {"type": kind, "team": team, "user": who, "api_app_id": "A0LOCAL", "token": "t", "view": view, **more}


def home_opened(user: str) -> Json:
    event = {"type": "app_home_opened", "user": user, "channel": "D1", "tab": "home", "event_ts": "1.2"}
    about = {"team_id": "T0LOCAL", "api_app_id": "A0LOCAL", "event_id": "Ev1", "event_time": int(time.time())}
    return {"type": "event_callback", **about, "event": event}


def entries(slack: LocalSlack, user: str, view: Json, run: Run) -> dict[str, tuple[str, Json]]:
    """Every way in: its name, and the kind and the payload of a request, as a modified client could cause it."""
    schedule = run.schedule_id
    select = {"block_id": Id.SCHEDULE_BLOCK, "action_id": Id.SCHEDULE_SELECT}
    option = {"text": {"type": "plain_text", "text": "x"}, "value": str(schedule)}
    chosen = {"block_id": FILL_PREFIX, "action_id": Id.FILL_SELECT, "selected_option": {**option, "value": str(run.pk)}}
    chosen["action_ts"] = "1"
    home = {"id": "V1", "type": "home", "hash": "1.a", "blocks": []}
    buttons = {Id.HOME_RUN: 0, Id.HOME_RUN_FAVOURITE: schedule, Id.HOME_RUN_AGAIN: run.pk, Id.HOME_STOP: run.pk}
    buttons |= {Id.HOME_UNSTAR: schedule, Id.STAR: schedule}
    on_home = {
        str(button): {"type": "button", "action_id": button, "block_id": "b", "value": str(value), "action_ts": "1"}
        for button, value in buttons.items()
    }
    starred = on_home.pop(Id.STAR)
    picked = {**select, "type": "external_select", "selected_option": option, "action_ts": "1"}
    return {
        "command": ("slash_commands", command(user)),
        "suggestion": ("block_suggestion", interaction("block_suggestion", user, view, value="", **select)),
        "selection": ("block_actions", interaction("block_actions", user, view, actions=[picked], trigger_id="1.2.3")),
        "filling": ("block_actions", interaction("block_actions", user, view, actions=[chosen], trigger_id="1.2.3")),
        "shortcut": ("shortcut", shortcut(user)),
        "message shortcut": ("message_action", message_shortcut(user)),
        "press": ("block_actions", press(slack, user, run)),
        "stop": ("block_actions", press(slack, user, run, Id.STOP)),
        "home": ("event_callback", home_opened(user)),
        **{
            button: ("block_actions", interaction("block_actions", user, home, actions=[pressed], trigger_id="1.2.3"))
            for button, pressed in on_home.items()
        },
        "star": ("block_actions", interaction("block_actions", user, view, actions=[starred], trigger_id="1.2.3")),
        "stop in the list": ("block_actions", press(slack, user, run, Id.STOP_LISTED)),
        "status": ("slash_commands", {**command(user), "text": "status"}),
        "mention": ("event_callback", event(user=user, text=f"{BOT} {SECRET_NAME}")),
        "choice": ("block_actions", choice(slack, user, run)),
        "submission": (
            "view_submission",
            interaction("view_submission", user, view, trigger_id="1.2.3", response_urls=[]),
        ),
    }


def choice(slack: LocalSlack, user: str, run: Run) -> Json:
    """A press of the button that answers Ana's mention, by a user who has learnt the button's key."""
    place = Place(channel=ChannelId(OPS))
    ana = SlackAccount(team=TeamId("T0LOCAL"), user=SlackUserId("U0ANA"))
    key = drafts.new_key()
    written = Written(installation=InstallationId(HERE), account=ana, place=place, message=MessageTs(key[:20]))
    assert drafts.keep(key, written, Values(kwargs={"days": SECRET_NAME}))
    payload = press(slack, user, run)
    payload["actions"][0] |= {"action_id": "choose:0", "value": f"{key}:{run.schedule_id}"}
    return payload


ON_HOME = [Id.HOME_RUN, Id.HOME_RUN_FAVOURITE, Id.HOME_RUN_AGAIN, Id.HOME_STOP, Id.HOME_UNSTAR]
IN_FORM = ["suggestion", "selection", "filling", "star", "submission"]
ELSEWHERE = [
    "command", "status", "shortcut", "message shortcut", "mention", "choice", "press", "stop", "stop in the list", "home",
]  # fmt: skip
