"""The web process of the stand-alone project."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from gunicorn.app.wsgiapp import WSGIApplication

from tests.e2e.platform import clean_environment

IN_A_THREAD = """
from concurrent.futures import ThreadPoolExecutor
import bot.wsgi
from celery._state import get_current_app
print(ThreadPoolExecutor().submit(lambda: get_current_app().main).result())
"""


def test_every_thread_has_the_projects_celery_app(tmp_path: Path) -> None:
    """beat's "Run selected tasks" uses the current app. Without one, Celery makes an app that sends to localhost."""
    environment = clean_environment(RUNTASK_DATA=str(tmp_path), DJANGO_SECRET_KEY="only-for-tests")
    said = subprocess.run(
        [sys.executable, "-c", IN_A_THREAD], env=environment, capture_output=True, text=True, check=True, timeout=50
    )
    assert said.stdout.strip() == "runtask"


def commands() -> dict[str, str]:
    """Returns the arguments with which docs and Procfile start gunicorn, by file and number."""
    found = {}
    for name in ("Procfile", *map(str, Path("docs").glob("*.md"))):
        text = Path(name).read_text()
        for number, line in enumerate(re.findall(r"gunicorn ([^`\n]*bot\.wsgi[^`\n]*)", text)):
            found[f"{name} {number}"] = line
    return found


@pytest.mark.parametrize("command", commands().values(), ids=list(commands()))
def test_gunicorn_has_our_settings_wherever_it_is_started(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "argv", ["gunicorn", *shlex.split(command.replace("${BIND:-127.0.0.1}:${PORT:-8000}", "x:1"))]
    )
    found = WSGIApplication().cfg
    assert (found.worker_class_str, found.threads, found.graceful_timeout) == ("gthread", 8, 25)
    # gunicorn before 25.1 doesn't have this setting.
    assert found.settings.get("control_socket_disable") is None or found.control_socket_disable
    assert found.umask == 0o077
