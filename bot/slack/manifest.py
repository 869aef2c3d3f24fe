"""The app's manifest for Socket Mode and HTTP mode, with the scopes that our calls and events need.

docs.slack.dev: reference/app-manifest. `connections:write` belongs to the app-level token and can't be in a manifest.
"""

from typing import Any

from bot.slack.ids import Id

# The bot scopes of each Web API method that we call, by the client's name for it (docs.slack.dev: reference/methods).
SCOPES: dict[str, tuple[str, ...]] = {
    "auth_test": (),
    "bots_info": ("users:read",),
    "chat_delete": ("chat:write",),
    "chat_postEphemeral": ("chat:write",),
    "chat_postMessage": ("chat:write", "chat:write.public"),  # .public: in public channels without an invitation
    "chat_update": ("chat:write",),
    "conversations_history": ("channels:history", "groups:history", "im:history", "mpim:history"),
    "conversations_info": ("channels:read", "groups:read", "mpim:read"),  # we never ask about direct messages (im)
    "conversations_open": ("im:write",),
    "conversations_replies": ("channels:history", "groups:history", "im:history", "mpim:history"),
    "users_info": ("users:read", "users:read.email"),
    "views_open": (),
    "views_publish": (),
    "views_push": (),
    "views_update": (),
}
# The bot scopes of each event that we subscribe to (docs.slack.dev: reference/events).
EVENTS: dict[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_uninstalled": (),
    "tokens_revoked": (),
}
COMMANDS_SCOPE = "commands"
WANTED = frozenset({COMMANDS_SCOPE}.union(*SCOPES.values(), *EVENTS.values()))
VITAL = frozenset({COMMANDS_SCOPE, "chat:write", "users:read"})
OPTIONAL = WANTED - VITAL  # the person who installs the app may leave these out
SHORTCUTS = [
    {
        "name": "Run a schedule",
        "type": "global",
        "callback_id": Id.RUN_SHORTCUT.value,
        "description": "Run a schedule now, with its stored arguments or others",
    },
    {
        "name": "Run a schedule here",
        "type": "message",
        "callback_id": Id.RUN_HERE_SHORTCUT.value,
        "description": "Run a schedule now, and report in the thread of this message",
    },
]
EVENTS_PATH = "slack/events"


def manifest(command: str, address: str = "") -> dict[str, Any]:
    """The manifest for HTTP mode if the `address` of the endpoint is given, else for Socket Mode."""
    slash: dict[str, Any] = {
        "command": command,
        "description": "Run a schedule now, with its stored arguments or others",
        "usage_hint": "[name of a schedule] or help",
        "should_escape": False,
    }
    interactivity: dict[str, Any] = {"is_enabled": True}
    subscriptions: dict[str, Any] = {"bot_events": list(EVENTS)}
    if address:
        slash["url"] = address
        interactivity |= {"request_url": address, "message_menu_options_url": address}
        subscriptions["request_url"] = address
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Run tasks",
            "description": "Runs any periodic task of the site now, with other parameters, and reports how it ended",
            "background_color": "#0c4b33",
        },
        "features": {
            "bot_user": {"display_name": "Run tasks", "always_online": True},
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "slash_commands": [slash],
            "shortcuts": SHORTCUTS,
        },
        # Slack wants the optional scopes in both lists (docs.slack.dev: authentication/installing-with-oauth).
        "oauth_config": {"scopes": {"bot": sorted(WANTED), "bot_optional": sorted(OPTIONAL)}},
        "settings": {
            "event_subscriptions": subscriptions,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not address,
            "token_rotation_enabled": False,
        },
    }
