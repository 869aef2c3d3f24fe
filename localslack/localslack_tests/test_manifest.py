"""An app is made from its manifest, and may be installed with fewer scopes than it asks for."""

from typing import Any

import pytest

from localslack.testing import LocalSlack, Person
from localslack_tests.apps import App

Json = dict[str, Any]
MANIFEST: Json = {
    "features": {
        "app_home": {"home_tab_enabled": True},
        "slash_commands": [{"command": "/deploy", "description": "Deploys"}],
        "shortcuts": [{"name": "Deploy", "type": "global", "callback_id": "deploy", "description": "Deploys"}],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write", "im:history"], "bot_optional": ["im:history"]}},
    "settings": {
        "event_subscriptions": {"request_url": "https://example.com/events", "bot_events": ["app_home_opened"]},
        "interactivity": {"is_enabled": True, "request_url": "https://example.com/acts"},
        "socket_mode_enabled": True,
    },
}


def test_an_app_is_configured_by_its_manifest(slack: LocalSlack, app: App, ana: Person) -> None:
    made = slack.use_manifest(MANIFEST)["config"]
    assert made["scopes"] == ["commands", "chat:write", "im:history"]
    assert (made["events"], made["home_tab"], made["mode"]) == (["app_home_opened"], True, "socket")
    assert made["http_url"] == "https://example.com/acts"
    slack.config(mode="http", http_url=app.url)  # type: ignore[attr-defined]  # an HttpApp
    assert ana.types("C0OPS", "/deploy")["dispatched"]
    assert not ana.types("C0OPS", "/runtask")["dispatched"]


def test_an_installation_may_leave_out_optional_scopes(slack: LocalSlack) -> None:
    assert slack.use_manifest(MANIFEST, without=["im:history"])["config"]["scopes"] == ["commands", "chat:write"]


@pytest.mark.parametrize(
    ("optional", "without", "error"),
    [
        (["im:history"], ["commands"], "not optional: commands"),
        (["im:history", "files:write"], [], "bot_optional: files:write is not in bot"),
    ],
    ids=["what it needs", "what it doesn't ask for"],
)
def test_a_manifest_that_slack_refuses_is_refused(
    slack: LocalSlack, optional: list[str], without: list[str], error: str
) -> None:
    scopes = MANIFEST["oauth_config"]["scopes"] | {"bot_optional": optional}
    wanted = MANIFEST | {"oauth_config": {"scopes": scopes}}
    before = slack.look("config")
    assert slack.control("manifest", manifest=wanted, without=without)["error"] == error
    assert slack.look("config") == before
