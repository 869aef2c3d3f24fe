"""What can be set: how the app is reached, what it may do, and how strict time is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from localslack.limits import LIMITS

Json = dict[str, Any]
_INTERACTION = LIMITS["interaction"]


class BadConfig(Exception):
    """A setting that does not exist or has the wrong kind of value."""


def _runtask() -> list[Json]:
    return [{"command": "/runtask", "description": "Run a schedule now", "usage_hint": "[name]"}]


@dataclass(kw_only=True)
class Config:
    """The app's configuration as Slack would hold it, and the switches of the stand-in."""

    mode: Literal["socket", "http"] = "socket"
    http_url: str = ""
    options_url: str = ""  # empty: the same as http_url
    signing_secret: str = field(default="local-signing-secret", repr=False)
    bot_token: str = field(default="xoxb-local", repr=False)
    app_token: str = field(default="xapp-local", repr=False)
    commands: list[Json] = field(default_factory=_runtask)
    shortcuts: list[Json] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    home_tab: bool = True
    scopes: list[str] | None = None  # None: every scope
    rate_limits: bool = False
    deadline: float = _INTERACTION["ack_deadline_seconds"]
    trigger_ttl: float = _INTERACTION["trigger_id"]["ttl_seconds"]
    event_retry_delays: list[float] = field(default_factory=lambda: [0.0, 60.0, 300.0])

    def apply(self, changes: Mapping[str, Any]) -> None:
        """Take over what `changes` names. Raises BadConfig, and then nothing is changed."""
        known = {one.name: getattr(self, one.name) for one in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise BadConfig(f"unknown setting: {name}")
            if not _fits(name, value, known[name]):
                raise BadConfig(f"wrong value for {name}")
        for name, value in changes.items():
            setattr(self, name, [_command(one) for one in value] if name == "commands" else value)

    def public(self) -> Json:
        """Everything but the secrets."""
        secret = {"signing_secret", "bot_token", "app_token"}
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in secret}

    def has_scope(self, scope: str) -> bool:
        """Whether the bot's token carries the scope."""
        return self.scopes is None or scope in self.scopes


def _fits(name: str, value: Any, current: Any) -> bool:
    if name == "mode":
        return value in ("socket", "http")
    if name == "scopes":
        return value is None or isinstance(value, list)
    if isinstance(current, bool):
        return isinstance(value, bool)
    if isinstance(current, (int, float)):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, type(current))


def _command(one: str | Json) -> Json:
    return {"command": one, "description": "", "usage_hint": ""} if isinstance(one, str) else one
