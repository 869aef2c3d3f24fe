"""The first contents of a workspace: people and channels whose ids the demo and the tests know."""

from copy import deepcopy
from dataclasses import replace

from localslack.conversation import Conversation
from localslack.ids import Bot
from localslack.members import OTHER_TEAM, SLACKBOT, Person, Team

TEAM = Team(id="T0LOCAL", name="Local", domain="local")
BOT = Bot(team_id=TEAM.id, app_id="A0LOCAL", user_id="U0BOT", bot_id="B0BOT", name="Runtask")
BOT_NAME = "runtask"
BOT_CHANNELS = ("C0GENERAL", "C0OPS", "C0SHARED")  # the channels that our bot is in
COMMANDS = [{"command": "/runtask", "description": "Run a schedule now", "usage_hint": "[name]"}]
SHORTCUTS = [
    {"name": "Run a schedule", "type": "global", "callback_id": "run", "description": "Run a schedule now"},
    {
        "name": "Run a schedule here",
        "type": "message",
        "callback_id": "run_here",
        "description": "Report in this thread",
    },
]
EVENTS = ("app_home_opened", "app_mention", "app_uninstalled", "tokens_revoked")

_OURS = TEAM.id
_PEOPLE = (
    Person(id="U0ANA", name="ana", real_name="Ana Ruiz", team_id=_OURS, email="ana@example.com", is_admin=True),
    Person(id="U0BEN", name="ben", real_name="Ben Okafor", team_id=_OURS, email="ben@example.com"),
    Person(id="U0CARA", name="cara", real_name="Cara Staff", team_id=_OURS, email="cara@example.com"),
    Person(id="U0GIL", name="gil", real_name="Gil Guest", team_id=_OURS, email="gil@example.com", is_restricted=True, is_ultra_restricted=True),
    Person(id="U0OLGA", name="olga", real_name="Olga Outsider", team_id=OTHER_TEAM.id, email="olga@elsewhere.example", is_stranger=True),
    Person(id=SLACKBOT, name="slackbot", real_name="Slackbot", team_id=_OURS),
)  # fmt: skip
_CHANNELS = (
    Conversation(id="C0GENERAL", name="general", members=["U0ANA", "U0BEN", "U0CARA"]),
    Conversation(id="C0OPS", name="ops", members=["U0ANA", "U0BEN", "U0CARA", "U0GIL"]),
    Conversation(id="C0QUIET", name="quiet", members=["U0ANA", "U0BEN"]),
    Conversation(id="G0SECRET", name="secret", kind="private", members=["U0ANA", "U0CARA"]),
    Conversation(id="C0SHARED", name="shared", members=["U0ANA", "U0BEN", "U0CARA", "U0GIL", "U0OLGA"], is_shared=True),
    Conversation(id="D0ANABEN", name="", kind="im", members=["U0ANA", "U0BEN"]),
)


def people(team_id: str) -> dict[str, Person]:
    """The people of a new workspace, by id."""
    return {one.id: replace(one, team_id=team_id if one.team_id == TEAM.id else one.team_id) for one in _PEOPLE}


def conversations() -> dict[str, Conversation]:
    """The conversations of a new workspace, by id."""
    return {one.id: deepcopy(one) for one in _CHANNELS}
