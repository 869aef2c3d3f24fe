"""A Celery app on the embedded broker, for workers in processes of their own."""

import time
from pathlib import Path

from celery import Celery, shared_task

from bot import env
from bot.broker import embedded

FOLDER = "TEST_BROKER_FOLDER"


def client(folder: Path) -> Celery:
    """An app for this folder. Each folder needs an app of its own, because Celery's remote control keeps its first connection."""
    app = Celery("worker_app", set_as_current=False)
    app.conf.update(embedded.configure(folder))
    return app


@shared_task
def note(diary: str, line: str, seconds: float = 0) -> None:
    """Writes `line` into the file `diary`, then goes on for `seconds`."""
    with Path(diary).open("a") as file:
        file.write(f"{line}\n")
    time.sleep(seconds)


if folder := env.environ().get(FOLDER):
    app = client(Path(folder))
