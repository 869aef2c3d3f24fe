"""With `--state FILE`, workspaces, apps and messages outlive the process."""

import json
from pathlib import Path

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from localslack.testing import Control, Person
from localslack_tests.processes import refusal, started

OLD = Path(__file__).with_name("state_of_one_workspace.json")  # from a version that had only one workspace


def client_of(url: str, token: str = "xoxb-local") -> WebClient:
    return WebClient(token=token, base_url=f"{url}/api/")


def test_messages_outlive_the_process(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with started("--state", str(state)) as url:
        ts = client_of(url).chat_postMessage(channel="C0OPS", text="kept")["ts"]
    with started("--state", str(state)) as url:
        client = client_of(url)
        assert [one["text"] for one in client.conversations_history(channel="C0OPS")["messages"]] == ["kept"]
        assert str(client.chat_postMessage(channel="C0OPS", text="later", thread_ts=ts)["ts"]) > str(ts)


def test_workspaces_apps_and_installations_outlive_the_process(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with started("--state", str(state)) as url:
        control = Control(url)
        control.done("workspaces", id="T0TWO", name="Second")
        control.done(
            "apps", id="A0OTHER", name="Other", commands=["/other"], mode="http", http_url="http://127.0.0.1:9"
        )
        control.done("installations", app="A0LOCAL", team="T0TWO", channels=["C0OPS"], scopes=["chat:write"])
        control.done("installations", app="A0OTHER", team="T0LOCAL", channels=["C0OPS"], bot_token="xoxb-other")
        before = control.look("installations")["installations"]
        client_of(url, "xoxb-T0TWO-A0LOCAL").chat_postMessage(channel="C0OPS", text="elsewhere")
        client_of(url, "xoxb-other").chat_postMessage(channel="C0OPS", text="by the other app")
    with started("--state", str(state), "--bot-token", "xoxb-new") as url:
        control = Control(url)
        before[0]["bot_token"] = "xoxb-new"  # the first installation's token comes from the command line
        assert control.look("installations")["installations"] == before
        assert [one["text"] for one in Person(control, "U0ANA", "T0TWO").messages("C0OPS")] == ["elsewhere"]
        assert [one["text"] for one in Person(control, "U0ANA").messages("C0OPS")] == ["by the other app"]
        assert client_of(url, "xoxb-T0TWO-A0LOCAL").auth_test()["team_id"] == "T0TWO"
        assert Person(control, "U0ANA").types("C0OPS", "/other")["error"] == "dispatch_failed"
        settings = control.look("config", team="T0TWO")["config"]
        assert settings["scopes"] == ["chat:write"]


def test_a_removed_app_and_a_revoked_token_stay_so(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with started("--state", str(state)) as url:
        control = Control(url)
        for team in ("T0TWO", "T0THREE"):
            control.done("workspaces", id=team, name=team)
            control.done("installations", app="A0LOCAL", team=team)
        control.done("uninstall", app="A0LOCAL", team="T0TWO")
        control.done("revoke", app="A0LOCAL", team="T0THREE")
        before = control.look("installations")["installations"]
    with started("--state", str(state)) as url:
        assert Control(url).look("installations")["installations"] == before
        for team, error in (("T0TWO", "account_inactive"), ("T0THREE", "token_revoked")):
            with pytest.raises(SlackApiError, match=error):
                client_of(url, f"xoxb-{team}-A0LOCAL").auth_test()


def test_a_file_of_a_version_with_one_workspace_is_read(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_bytes(OLD.read_bytes())
    with started("--state", str(state)) as url:
        client, ana = client_of(url), Person(Control(url), "U0ANA")
        (root,) = ana.messages("C0OPS")
        assert (root["text"], root["reply_count"]) == ("kept", 1)
        assert [one["text"] for one in ana.thread("C0OPS", root["ts"])] == ["a reply"]
        assert client.users_info(user="U0BEN")["user"]["deleted"] is True
        assert client.chat_update(channel="C0OPS", ts=root["ts"], text="changed")["ok"]
    assert "workspaces" in json.loads(state.read_text())


@pytest.mark.parametrize(
    "content", ['{"something": "else"}', "[]", "no JSON", '{"workspaces": [], "apps": [{"id": "A0LOCAL"}]}']
)
def test_a_foreign_file_is_left_alone(tmp_path: Path, content: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(content)
    code, words = refusal("--port", "0", "--state", str(state))
    assert (code, words) == (2, f"{state} is not a state file of the local Slack; move it away.\n")
    assert state.read_text() == content
