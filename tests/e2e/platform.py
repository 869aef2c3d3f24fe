"""Real processes with only public commands: worker, bot, web, each in its own environment, beside a local Slack."""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from bot import env
from tests.support.local_slack import LocalSlack

PATIENCE = 60.0  # seconds for a process to start on a busy machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Platform:
    """A fresh installation in `folder`: the embedded default, the tasks of tests.wire, one staff user, ana.

    `environment` replaces variables of it.
    """

    def __init__(self, folder: Path, slack: LocalSlack, **environment: str) -> None:
        self.folder = folder
        self.slack = slack
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        ours = {
            "RUNTASK_DATA": str(folder),
            "RUNTASK_IMPORTS": "tests.wire.tasks",
            "RUNTASK_BASE_URL": self.url,
            "DJANGO_SECRET_KEY": "only-for-tests",
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
        }
        self.environment = clean_environment(**{**ours, **environment})

    def __enter__(self) -> Self:
        self.runtask("migrate", "--verbosity", "0")
        self.shell(
            "from django.contrib.auth.models import User; "
            "User.objects.create_superuser('ana', 'ana@example.com', 'ana')"
        )
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self.stop(name)

    def runtask(self, *arguments: str) -> str:
        """Run `runtask …` to its end and return what it printed."""
        command = [sys.executable, "-m", "bot", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        return self.runtask("shell", "--verbosity", "0", "-c", code)

    def schedule(self, name: str, task: str, **fields: object) -> None:
        self.shell(
            "from django_celery_beat.models import *; "
            "hourly, _ = IntervalSchedule.objects.get_or_create(every=1, period='hours'); "
            f"PeriodicTask.objects.create(name={name!r}, task={task!r}, interval=hourly, **{fields!r})"
        )

    def start_worker(self) -> None:
        self._start("worker", "-m", "celery", "-A", "bot", "worker", "--concurrency", "2", "--loglevel", "info")
        self._wait(lambda: " ready." in self.log("worker"), "worker")

    def start_bot(self) -> None:
        """Socket Mode."""
        self._start("slack", "-m", "bot", "slack")
        self.slack.wait_for_app(timeout=PATIENCE)

    def start_notifier(self) -> None:
        self._start("notify", "-m", "bot", "notify")

    def start_web(self) -> None:
        options = ["--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--threads", "8"]
        self._start("web", "-m", "gunicorn", "bot.wsgi", *options)
        self._wait(lambda: self._answers("/healthz"), "web")

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> int:
        """The exit code."""
        process = self._running.pop(name)
        process.send_signal(how)
        return process.wait(30)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _start(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                process_group=0,  # what it starts itself can be signalled with it
            )

    def _wait(self, condition: Callable[[], bool], name: str) -> None:
        """Nobody tells us about other processes: look, until it is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self._running[name].poll() is None, self.log(name)
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.1)

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False


def clean_environment(**ours: str) -> Mapping[str, str]:
    """A process of an operator's: nothing of the tests' own settings in it."""
    foreign = ("RUNTASK_", "SLACK_", "DJANGO_", "CELERY_", "DATABASE_URL")
    inherited = {name: value for name, value in env.environ().items() if not name.startswith(foreign)}
    root = Path(__file__).parents[2]
    return {**inherited, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1", **ours}
