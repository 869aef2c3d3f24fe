"""Commands of the stand-alone project, for tests of migrations."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import env

Django = Callable[..., str]


@pytest.fixture
def django(tmp_path: Path) -> Django:
    """Runs the stand-alone project's command in a process of its own, on a database in a file."""

    def run(*arguments: str, migrations: str = "bot.migrations") -> str:
        settings = tmp_path / "settings_of_the_test.py"
        settings.write_text(f"from bot.settings import *\nMIGRATION_MODULES = {{'runtask': '{migrations}'}}\n")
        environment = {
            **env.environ(),
            "PYTHONPATH": f"{tmp_path}:{Path.cwd()}",
            "DJANGO_SETTINGS_MODULE": settings.stem,
            "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
            "RUNTASK_IMPORTS": "",
        }
        command = [sys.executable, "-W", "ignore", "-m", "django", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
