"""The workspace as it is at first: the people and channels that the demo and the tests know by id."""

from localslack.workspace import APP_NAME, BOT_USER, OTHER_TEAM, SLACKBOT, Conversation, Person, Workspace

_PEOPLE = (
    Person(id="U0ANA", name="ana", real_name="Ana Ruiz", email="ana@example.com", is_admin=True),
    Person(id="U0BEN", name="ben", real_name="Ben Okafor", email="ben@example.com"),
    Person(id="U0CARA", name="cara", real_name="Cara Staff", email="cara@example.com"),
    Person(id="U0GIL", name="gil", real_name="Gil Guest", email="gil@example.com", is_restricted=True, is_ultra_restricted=True),
    Person(id="U0OLGA", name="olga", real_name="Olga Outsider", email="olga@elsewhere.example", team_id=OTHER_TEAM["id"], is_stranger=True),
    Person(id=BOT_USER, name="runtask", real_name=APP_NAME, is_bot=True),
    Person(id=SLACKBOT, name="slackbot", real_name="Slackbot"),
)  # fmt: skip
_CHANNELS = (
    Conversation(id="C0GENERAL", name="general", members=["U0ANA", "U0BEN", "U0CARA", BOT_USER]),
    Conversation(id="C0OPS", name="ops", members=["U0ANA", "U0BEN", "U0CARA", "U0GIL", BOT_USER]),
    Conversation(id="C0QUIET", name="quiet", members=["U0ANA", "U0BEN"]),
    Conversation(id="G0SECRET", name="secret", kind="private", members=["U0ANA", "U0CARA"]),
    Conversation(
        id="C0SHARED", name="shared", members=["U0ANA", "U0BEN", "U0CARA", "U0GIL", "U0OLGA", BOT_USER], is_shared=True
    ),
    Conversation(id="D0ANABEN", name="", kind="im", members=["U0ANA", "U0BEN"]),
)


def fill(workspace: Workspace) -> None:
    """Start afresh with the people and channels above, and everybody's direct message with the bot."""
    fresh = Workspace(workspace.clock)
    fresh.people = {one.id: one for one in _PEOPLE}
    fresh.conversations = {one.id: one for one in _CHANNELS}
    workspace.load(fresh.dump())  # copies: the constants above stay as they are
    for one in _PEOPLE:
        if one.id not in (BOT_USER, SLACKBOT):
            name = one.id.removeprefix("U0")
            dm = Conversation(id=f"D0{name}", name="", kind="im", members=[one.id, BOT_USER])
            workspace.conversations[dm.id] = dm
