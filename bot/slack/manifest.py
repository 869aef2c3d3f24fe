"""The app's manifest for Socket Mode and HTTP mode, with the scopes of the methods that we call.

docs.slack.dev: reference/app-manifest. `connections:write` belongs to the app-level token and can't be in a manifest.
"""

from typing import Any

from bot.slack.ids import Id

# The bot scopes of each Web API method that we call, by the client's name for it (docs.slack.dev: reference/methods).
SCOPES: dict[str, tuple[str, ...]] = {
    "auth_test": (),
    "bots_info": ("users:read",),
    "chat_postEphemeral": ("chat:write",),
    "chat_postMessage": ("chat:write", "chat:write.public"),  # .public: without an invitation
    "chat_update": ("chat:write",),
    "conversations_history": ("channels:history", "groups:history", "im:history"),
    "conversations_open": ("im:write",),
    "conversations_replies": ("channels:history", "groups:history", "im:history"),
    "users_info": ("users:read", "users:read.email"),
    "views_open": (),
    "views_publish": (),
    "views_push": (),
    "views_update": (),
}
EVENTS = ["app_home_opened"]
COMMANDS_SCOPE = "commands"
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
    """For HTTP mode if the `address` of the endpoint is given, else for Socket Mode."""
    slash: dict[str, Any] = {
        "command": command,
        "description": "Run a schedule now, with its stored arguments or others",
        "usage_hint": "[name of a schedule] or help",
        "should_escape": False,
    }
    interactivity: dict[str, Any] = {"is_enabled": True}
    events: dict[str, Any] = {"bot_events": EVENTS}
    if address:
        slash["url"] = address
        events["request_url"] = address
        interactivity |= {"request_url": address, "message_menu_options_url": address}
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
        "oauth_config": {
            "scopes": {"bot": sorted({COMMANDS_SCOPE, *(s for needed in SCOPES.values() for s in needed)})}
        },
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not address,
            "token_rotation_enabled": False,
        },
    }
