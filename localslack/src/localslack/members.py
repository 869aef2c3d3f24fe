"""The ids and names of workspaces, and their members."""

from dataclasses import dataclass

SLACKBOT = "USLACKBOT"
CREATED = 1_700_000_000  # Unix time at which everything here was created


@dataclass(frozen=True, kw_only=True)
class Team:
    """A workspace's id and names ("team" is Slack's word for it in payloads)."""

    id: str
    name: str
    domain: str


OTHER_TEAM = Team(id="T0ELSE", name="Elsewhere", domain="elsewhere")  # another company, which shares a channel with us


@dataclass(kw_only=True)
class Person:
    """A member, guest, outsider or bot, with the flags that users.info shows."""

    id: str
    name: str
    real_name: str
    team_id: str
    email: str = ""
    deleted: bool = False
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_email_confirmed: bool = True
