"""Real processes with only public commands: worker, bot, web, each in its own environment, beside a local Slack."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from bot import env
from localslack.testing import LocalSlack
from tests.e2e.processes import PATIENCE, Processes, free_port

ROOT = Path(__file__).parents[2]


class Platform(Processes):
    """A fresh installation in `folder`: the embedded default, the tasks of tests.wire, one superuser, ana, who is linked.

    `environment` replaces some of its variables.
    """

    def __init__(self, folder: Path, slack: LocalSlack, **environment: str) -> None:
        self.slack = slack
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
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
        super().__init__(folder, clean_environment(**{**ours, **environment}), where=ROOT)

    def __enter__(self) -> Self:
        self.shell(
            "from django.contrib.auth.models import User; "
            "from django.core.management import call_command; "
            "call_command('migrate', verbosity=0); "
            "User.objects.create_superuser('ana', 'ana@example.com', 'ana'); "
            "call_command('runtask_staff', 'add', 'U0ANA', 'ana', '--team', 'T0LOCAL')"
        )
        return self

    def runtask(self, *arguments: str) -> str:
        """Run `runtask …` to its end and return what it printed."""
        return self.run(sys.executable, "-m", "bot", *arguments)

    def shell(self, code: str) -> str:
        return self.runtask("shell", "--verbosity", "0", "-c", code)

    def schedules(self, *rows: Mapping[str, object]) -> None:
        """Saves schedules that run every hour; each argument has the fields of a PeriodicTask."""
        self.shell(
            "from django_celery_beat.models import *; "
            "hourly, _ = IntervalSchedule.objects.get_or_create(every=1, period='hours'); "
            f"[PeriodicTask.objects.create(interval=hourly, **row) for row in {list(map(dict, rows))!r}]"
        )

    def start_worker(self, *further: str, **environment: str) -> None:
        options = ["-A", "bot", "worker", "--concurrency", "2", "--loglevel", "info", *further]
        self._start("worker", "-m", "celery", *options, **environment)
        self.wait("worker", lambda: " ready." in self.log("worker"))

    def start_bot(self) -> None:
        """Starts the bot in Socket Mode, and waits until it is connected."""
        self._start("slack", "-m", "bot", "slack")
        self.slack.wait_for_app(timeout=PATIENCE)

    def start_notifier(self) -> None:
        self._start("notify", "-m", "bot", "notify")

    def start_web(self) -> None:
        options = ["--config", "python:bot.gunicorn_conf", "--bind", f"127.0.0.1:{self.port}", "--workers", "1"]
        self._start("web", "-m", "gunicorn", "bot.wsgi", *options)
        self.wait("web", lambda: self._answers("/healthz"))

    def _start(self, name: str, *arguments: str, **environment: str) -> None:
        self.start(name, sys.executable, *arguments, **environment)

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False


def clean_environment(**ours: str) -> Mapping[str, str]:
    """The environment of an operator's process, without the tests' own settings."""
    foreign = ("RUNTASK_", "SLACK_", "DJANGO_", "CELERY_", "DATABASE_URL")
    inherited = {name: value for name, value in env.environ().items() if not name.startswith(foreign)}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **ours}
