"""The manifest is valid, and asks for exactly what the code uses."""

import ast
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.slack.manifest import EVENTS, OPTIONAL, SCOPES, WANTED, manifest
from localslack import seed

SCHEMA = json.loads((Path(__file__).parent / "manifest.schema.2.0.0.json").read_text())
ADDRESS = "https://runs.example.com/slack/events"


@pytest.mark.parametrize("address", ["", ADDRESS], ids=["socket", "http"])
def test_the_manifest_is_valid(address: str) -> None:
    jsonschema.validate(manifest("/runtask", address), SCHEMA)


def test_the_file_is_what_the_command_prints() -> None:
    assert yaml.safe_load(Path("manifest.yml").read_text()) == manifest("/runtask")


def test_http_mode_has_one_address_for_everything() -> None:
    content = manifest("/run", ADDRESS)
    [command] = content["features"]["slash_commands"]
    assert (command["command"], command["url"]) == ("/run", ADDRESS)
    assert content["settings"]["interactivity"]["request_url"] == ADDRESS
    assert content["settings"]["interactivity"]["message_menu_options_url"] == ADDRESS
    assert content["settings"]["event_subscriptions"]["request_url"] == ADDRESS
    assert content["settings"]["socket_mode_enabled"] is False


def test_the_local_slack_has_the_same_shortcuts() -> None:
    ids = ("name", "type", "callback_id")
    ours, theirs = manifest("/runtask")["features"]["shortcuts"], seed.SHORTCUTS
    assert [[one[name] for name in ids] for one in theirs] == [[one[name] for name in ids] for one in ours]


def test_scopes_are_known_for_exactly_the_methods_that_are_called() -> None:
    assert called() == set(SCOPES)


def test_the_manifest_asks_for_optional_scopes_too() -> None:
    scopes = manifest("/runtask")["oauth_config"]["scopes"]
    assert set(scopes["bot"]) == WANTED
    assert set(scopes["bot_optional"]) == OPTIONAL
    assert set(WANTED - OPTIONAL) == {"commands", "chat:write", "users:read"}
    assert "connections:write" not in scopes["bot"]


@pytest.mark.parametrize("address", ["", ADDRESS], ids=["socket", "http"])
def test_events_are_asked_for_with_their_scopes(address: str) -> None:
    content = manifest("/runtask", address)
    asked = content["settings"]["event_subscriptions"]
    assert (asked["bot_events"], asked.get("request_url", "")) == (list(EVENTS), address)
    assert set().union(*EVENTS.values()) <= WANTED
    assert content["features"]["app_home"]["home_tab_enabled"]


def called() -> set[str]:
    """The methods of `client` that bot.slack calls, or hands over to be called."""
    found = set()
    for file in Path("bot/slack").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and _is_client(node.value) and "_" in node.attr:
                found.add(node.attr)
    return found - {"current_session", "current_session_state", "auto_reconnect_enabled"}


def _is_client(node: Any) -> bool:
    return "client" in (getattr(node, "attr", ""), getattr(node, "id", ""))
