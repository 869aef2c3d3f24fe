"""An app in a workspace, as a test needs it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The ids and secrets with which a program acts as this app in this workspace."""

    team: str
    app: str
    bot_user_id: str
    bot_id: str
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
