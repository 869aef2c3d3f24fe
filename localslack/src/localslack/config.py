"""The settings: how an app is reached, what it may do in a workspace, and how strict the local Slack is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from localslack.limits import LIMITS

Json = dict[str, Any]
_INTERACTION = LIMITS["interaction"]
_SHORTCUT = LIMITS["manifest"]["features.shortcuts"]
_SECRETS = frozenset({"signing_secret", "bot_token", "app_token"})


class BadConfig(Exception):
    """A setting that does not exist, or a value that doesn't fit it."""


@dataclass(kw_only=True)
class AppSettings:
    """The settings that an app's developer makes, for all workspaces."""

    app_token: str = field(repr=False)
    mode: Literal["socket", "http"] = "socket"
    http_url: str = ""
    options_url: str = ""  # empty: the same as http_url
    signing_secret: str = field(default="local-signing-secret", repr=False)
    commands: list[Json] = field(default_factory=list)
    shortcuts: list[Json] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    home_tab: bool = True


@dataclass(kw_only=True)
class Grant:
    """The token and scopes that an app got when it was installed in a workspace."""

    bot_token: str = field(repr=False)
    scopes: list[str] | None = None  # None: every scope

    def has(self, scope: str) -> bool:
        """Whether the bot token carries the scope."""
        return self.scopes is None or scope in self.scopes


@dataclass(kw_only=True)
class Switches:
    """How strict the local Slack is with everybody."""

    rate_limits: bool = False
    deadline: float = _INTERACTION["ack_deadline_seconds"]  # seconds for an ack
    trigger_ttl: float = _INTERACTION["trigger_id"]["ttl_seconds"]
    event_retry_delays: list[float] = field(default_factory=lambda: [0.0, 60.0, 300.0])


Settings = AppSettings | Grant | Switches


def apply(changes: Mapping[str, Any], *holders: Settings) -> None:
    """Change settings of any of the holders. Raises BadConfig, and then changes nothing."""
    owners = {one.name: holder for holder in holders for one in fields(holder)}
    for name, value in changes.items():
        if name not in owners:
            raise BadConfig(f"unknown setting: {name}")
        if not _fits(name, value, getattr(owners[name], name)):
            raise BadConfig(f"wrong value for {name}")
    for name, value in changes.items():
        setattr(owners[name], name, [_command(one) for one in value] if name == "commands" else value)


def public(*holders: Settings) -> Json:
    """All settings except the secrets."""
    return {
        one.name: getattr(holder, one.name) for holder in holders for one in fields(holder) if one.name not in _SECRETS
    }


def _fits(name: str, value: Any, current: Any) -> bool:
    if name == "mode":
        return value in ("socket", "http")
    if name == "scopes":
        return value is None or isinstance(value, list)
    if name == "shortcuts":
        return isinstance(value, list) and len(value) <= _SHORTCUT["max_items"] and all(map(_is_shortcut, value))
    if isinstance(current, bool):
        return isinstance(value, bool)
    if isinstance(current, (int, float)):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, type(current))


def _is_shortcut(one: Any) -> bool:
    """Whether this is a shortcut as an app's manifest has it (docs.slack.dev: reference/app-manifest)."""
    if not isinstance(one, dict) or one.get("type") not in ("global", "message"):
        return False
    described = {"description": "-"} | one  # tests may leave the description out
    return all(_is_text(described.get(name), *_SHORTCUT[name]) for name in ("name", "callback_id", "description"))


def _is_text(value: Any, least: int, most: int) -> bool:
    return isinstance(value, str) and least <= len(value) <= most


def _command(one: str | Json) -> Json:
    return {"command": one, "description": "", "usage_hint": ""} if isinstance(one, str) else one
