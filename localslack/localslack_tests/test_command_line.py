"""`python -m localslack`: its options, and what it refuses."""

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from slack_sdk import WebClient

from localslack_tests.processes import refusal, started

pytestmark = pytest.mark.e2e


def test_options_configure_the_app() -> None:
    options = ("--http", "http://127.0.0.1:9/", "--command", "/one", "--command", "/two", "--bot-token", "xoxb-other")
    with started(*options, "--rate-limits") as url:
        assert WebClient(token="xoxb-other", base_url=f"{url}/api/").auth_test()["ok"]
        with urllib.request.urlopen(f"{url}/control/config", timeout=5) as answer:
            config = json.load(answer)["config"]
    assert (config["mode"], config["http_url"], config["rate_limits"]) == ("http", "http://127.0.0.1:9/", True)
    assert [one["command"] for one in config["commands"]] == ["/one", "/two"]


def test_a_busy_port_is_reported_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert refusal("--port", port) == (2, f"Port {port} is in use already; choose another with --port.\n")


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
    """A checkout has a folder of the same name, which must not hide the package."""
    command = [sys.executable, "-m", "localslack", "--help"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith("usage: localslack")
