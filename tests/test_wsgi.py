"""The web process of the stand-alone project."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.platform import clean_environment

IN_A_THREAD = """
from concurrent.futures import ThreadPoolExecutor
import bot.wsgi
from celery._state import get_current_app
print(ThreadPoolExecutor().submit(lambda: get_current_app().main).result())
"""


def test_every_thread_has_the_projects_celery_app(tmp_path: Path) -> None:
    """beat's "Run selected tasks" sends with the current one; Celery's own, made up where there is none, sends to localhost."""
    environment = clean_environment(RUNTASK_DATA=str(tmp_path), DJANGO_SECRET_KEY="only-for-tests")
    said = subprocess.run(
        [sys.executable, "-c", IN_A_THREAD], env=environment, capture_output=True, text=True, check=True, timeout=50
    )
    assert said.stdout.strip() == "runtask"
