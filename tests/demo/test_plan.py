"""`runtask demo` checks before it starts anything, and passes settings to its processes."""

import importlib.util
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bot import conf, env
from bot.conf import BAD_SETUP
from runtask_demo import supervisor
from runtask_demo.plan import Plan
from runtask_demo.seed import ENTRIES
from tests.e2e.processes import free_port

SHELL = {
    "PATH": "/usr/bin",
    "DATABASE_URL": "postgres://production/shop",
    "CELERY_BROKER_URL": "redis://production",
    "CELERY_BROKER_WRITE_URL": "redis://production",
    "DJANGO_SETTINGS_MODULE": "shop.settings",
    "SLACK_BOT_TOKEN": "xoxb-real",
    "RUNTASK_SIDECAR": "1",
    "https_proxy": "http://proxy.example",
}


def a_plan(folder: Path, **changes: Any) -> Plan:
    given = {"data": folder, "port": free_port(), "web_port": free_port(), "schedules": 0, "http": False}
    return Plan(**{**given, **changes})


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_with_free_ports_nothing_is_wrong(tmp_path: Path) -> None:
    assert a_plan(tmp_path).problems() == []


@pytest.mark.parametrize(("field", "option"), [("port", "--port"), ("web_port", "--web-port")])
def test_a_port_in_use_is_one_sentence(tmp_path: Path, taken: int, field: str, option: str) -> None:
    (problem,) = a_plan(tmp_path, **{field: taken}).problems()
    assert problem == f"Port {taken} is in use already; choose another with {option}."


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_does_not_exist_is_one_sentence(tmp_path: Path, port: int) -> None:
    (problem,) = a_plan(tmp_path, port=port).problems()
    assert problem == f"There is no port {port}; choose another with --port."


def test_slack_and_the_site_can_not_have_the_same_port(tmp_path: Path) -> None:
    (problem,) = a_plan(tmp_path, port=8000, web_port=8000).problems()
    assert "both" in problem


def test_the_error_about_a_missing_gunicorn_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gunicorn" else real(name))
    (problem,) = a_plan(tmp_path).problems()
    assert "pip install gunicorn" in problem


def test_a_folder_that_can_not_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (problem,) = a_plan(tmp_path / "file").problems()
    assert "Not a directory" in problem
    assert "--data" in problem


def test_the_command_tells_all_problems_and_starts_nothing(tmp_path: Path, taken: int) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("runtask_demo", port=taken, web_port=0, data=tmp_path)
    assert refused.value.returncode == BAD_SETUP == 2
    assert len(str(refused.value).splitlines()) == 2
    assert [path.name for path in tmp_path.rglob("*")] == ["logs"]


def test_the_demo_works_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its processes look for modules in the current folder, and others may have left some in the one where it is called."""
    places = list[Path]()
    monkeypatch.setattr(supervisor, "run", lambda *_: places.append(Path.cwd()))
    before = signal.getsignal(signal.SIGHUP)
    try:
        call_command("runtask_demo", port=free_port(), web_port=free_port(), data=tmp_path / "var")
    finally:
        signal.signal(signal.SIGHUP, before)
    assert places == [tmp_path / "var"]


def test_the_demo_ignores_the_shells_database_and_broker(tmp_path: Path) -> None:
    environment = a_plan(tmp_path).environment(SHELL)
    assert environment["PATH"] == "/usr/bin"
    assert not {"real", "production", "proxy"} & {word for value in environment.values() for word in value.split("/")}
    problems: list[str] = []
    project = env.read(env.Project, environment, problems)
    options = env.read(conf.Conf, environment, problems)
    assert problems == []
    assert (project.database_url, project.broker_url, project.sidecar) == ("", "filesystem://", False)
    assert Path(project.data) == tmp_path
    assert options.missing(*conf.NEEDED_FOR["slack"], *conf.NEEDED_FOR["http"]) == []


def test_only_the_owner_can_read_the_folder(tmp_path: Path) -> None:
    assert a_plan(tmp_path / "new").problems() == []
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_the_key_is_kept_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    keys = {a_plan(tmp_path).environment({})["DJANGO_SECRET_KEY"] for _ in range(2)}
    assert [len(key) > 50 for key in keys] == [True]
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_in_http_mode_slack_calls_the_site_and_no_socket_is_opened(tmp_path: Path) -> None:
    over_http = a_plan(tmp_path, http=True)
    assert f"{over_http.site}/slack/events" in over_http.processes()["local-slack"]
    assert over_http.processes()["bot"][-1] == "notify"
    assert a_plan(tmp_path).processes()["bot"][-1] == "slack"


def test_the_worker_takes_from_every_queue_of_the_schedules(tmp_path: Path) -> None:
    queues = {entry.options.get("queue", "celery") for entry in ENTRIES}
    assert queues == set(a_plan(tmp_path).processes()["worker"][-1].split(","))
