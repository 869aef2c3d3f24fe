"""`python -m localslack`: its options, its state file, and what it refuses."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from slack_sdk import WebClient


@contextmanager
def started(*options: str) -> Iterator[str]:
    """The server as a process of its own; gives its URL."""
    command = [sys.executable, "-m", "localslack", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def refusal(*options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "localslack", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stderr


def test_messages_outlive_the_process_with_a_state_file(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with started("--state", str(state)) as url:
        ts = WebClient(token="xoxb-local", base_url=f"{url}/api/").chat_postMessage(channel="C0OPS", text="kept")["ts"]
    with started("--state", str(state)) as url:
        client = WebClient(token="xoxb-local", base_url=f"{url}/api/")
        assert [one["text"] for one in client.conversations_history(channel="C0OPS")["messages"]] == ["kept"]
        assert str(client.chat_postMessage(channel="C0OPS", text="later", thread_ts=ts)["ts"]) > str(ts)


def test_options_configure_the_app() -> None:
    options = ("--http", "http://127.0.0.1:9/", "--command", "/one", "--command", "/two", "--bot-token", "xoxb-other")
    with started(*options, "--rate-limits") as url:
        assert WebClient(token="xoxb-other", base_url=f"{url}/api/").auth_test()["ok"]
        with urllib.request.urlopen(f"{url}/control/config", timeout=5) as answer:
            config = json.load(answer)["config"]
    assert (config["mode"], config["http_url"], config["rate_limits"]) == ("http", "http://127.0.0.1:9/", True)
    assert [one["command"] for one in config["commands"]] == ["/one", "/two"]


def test_a_busy_port_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert refusal("--port", port) == (2, f"Port {port} is in use already; choose another with --port.\n")


def test_a_foreign_state_file_is_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text('{"something": "else"}')
    code, words = refusal("--port", "0", "--state", str(state))
    assert (code, words) == (2, f"{state} is not a state file of the local Slack; move it away.\n")
    assert state.read_text() == '{"something": "else"}'


def test_it_listens_on_this_computer_only() -> None:
    code, words = refusal("--host", "0.0.0.0")
    assert code == 2
    assert "listens on this computer only" in words


@pytest.mark.parametrize(
    "folder",
    [Path(__file__).parents[2], Path(__file__).parents[1], Path("/")],
    ids=["checkout", "distribution", "elsewhere"],
)
def test_the_package_is_found_from_everywhere(folder: Path) -> None:
    """A checkout has a folder of the same name: it must not hide the package."""
    command = [sys.executable, "-m", "localslack", "--help"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith("usage: localslack")
