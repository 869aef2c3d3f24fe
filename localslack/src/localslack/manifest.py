"""Reads an app's settings from its manifest (docs.slack.dev: reference/app-manifest, installing-with-oauth)."""

from collections.abc import Collection
from typing import Any

Json = dict[str, Any]


class BadManifest(Exception):
    """A manifest that Slack refuses, or scopes that nobody can leave out. The message is for the control API."""


def settings_of(manifest: Json, without: Collection[str] = ()) -> Json:
    """The settings of an app, and the scopes of its token. `without`: optional scopes that the installer didn't allow.

    Raises BadManifest.
    """
    features = manifest.get("features", {})
    settings = manifest.get("settings", {})
    scopes = manifest.get("oauth_config", {}).get("scopes", {})
    wanted = scopes.get("bot", [])
    optional = set(scopes.get("bot_optional", []))
    # docs.slack.dev, installing-with-oauth: an optional scope must also be among the requested ones.
    if unknown := sorted(optional - set(wanted)):
        raise BadManifest(f"bot_optional: {unknown[0]} is not in bot")
    if required := sorted(set(without) - optional):
        raise BadManifest(f"not optional: {required[0]}")
    subscriptions = settings.get("event_subscriptions", {})
    request_url = settings.get("interactivity", {}).get("request_url") or subscriptions.get("request_url", "")
    return {
        "mode": "socket" if settings.get("socket_mode_enabled") else "http",
        "http_url": request_url,
        "commands": features.get("slash_commands", []),
        "shortcuts": features.get("shortcuts", []),
        "events": subscriptions.get("bot_events", []),
        "home_tab": features.get("app_home", {}).get("home_tab_enabled", False),
        "scopes": [scope for scope in wanted if scope not in without],
    }
