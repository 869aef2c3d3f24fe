"""The processes of an installation under a supervisor. Each can be killed, frozen and thawed."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from localslack.testing import Installation, LocalSlack
from tests.e2e.platform import ROOT, Platform

LOOK = 0.3  # seconds between two checks by the supervisor
WORKER = ["-m", "celery", "-A", "bot", "worker", "--concurrency", "4", "--without-mingle", "--without-gossip"]
COMMANDS = {
    "bot": ["-m", "bot", "slack"],
    "replica": ["-m", "bot", "slack", "--no-deliver"],
    "notifier": ["-m", "bot", "notify"],
    "other": ["-m", "bot", "slack"],  # the bot of the second app
    "worker": [*WORKER, "--loglevel", "info"],
    "web": ["-m", "gunicorn", "bot.wsgi", "--worker-class", "gthread", "--threads", "8", "--bind"],
}


OTHER, OTHER_APP = "/other", "A0FOTHER"  # a second app in the workspace
SKEWED = Path(__file__).parents[1] / "support" / "skewed"


def _skewed(ahead: int) -> dict[str, str]:
    return {"SKEW": str(ahead), "PYTHONPATH": f"{ROOT}:{SKEWED}"}


class Parts(Platform):
    """Runs every part of COMMANDS, and restarts a part whenever it ends, as an operator's supervisor does."""

    def __init__(self, folder: Path, slack: LocalSlack, other: Installation, **environment: str) -> None:
        super().__init__(folder, slack, **environment)
        self.ended: list[tuple[str, int]] = []  # parts that nobody killed, with their exit codes
        # By part: variables of this part only. Three parts have wrong clocks.
        self.variables: dict[str, dict[str, str]] = {
            "other": {"SLACK_BOT_TOKEN": other.bot_token, "SLACK_APP_TOKEN": other.app_token, "RUNTASK_COMMAND": OTHER},
            "notifier": _skewed(40),
            "replica": _skewed(-40),
            "web": _skewed(40),
        }
        self._locks = {name: threading.Lock() for name in COMMANDS}
        self._over = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        super().__enter__()
        for name in COMMANDS:
            self._begin(name)
        self.wait("worker", lambda: " ready." in self.log("worker"))
        self.wait("web", lambda: self._answers("/healthz"))
        self.slack.wait_for_app(2, timeout=60)
        self.slack.wait_for_app(app=OTHER_APP, timeout=60)
        self._supervisor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        groups = [process.pid for process in self._running.values()]
        for name in self._running:
            self._signal(name, signal.SIGCONT)
        try:
            super().__exit__()
        finally:
            for group in groups:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)

    def kill(self, name: str, *, whole: bool, down: float) -> None:
        """`kill -9` of the part, and of its children if `whole`. It is restarted after `down` seconds."""
        with self._locks[name]:
            if whole:
                self._signal(name, signal.SIGKILL)
            self._running[name].kill()
            self._running[name].wait()
            time.sleep(down)
            self._begin(name)

    def kill_child(self, name: str) -> None:
        """`kill -9` of one process that this part has started."""
        with self._locks[name]:
            pid = self._running[name].pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if children:
                with suppress(ProcessLookupError):
                    os.kill(int(children[-1]), signal.SIGKILL)

    def freeze(self, name: str, seconds: float) -> None:
        """Sends SIGSTOP, and SIGCONT after so many seconds."""
        with self._locks[name]:
            self._signal(name, signal.SIGSTOP)
            time.sleep(seconds)
            self._signal(name, signal.SIGCONT)

    def _begin(self, name: str) -> None:
        address = [f"127.0.0.1:{self.port}"] if name == "web" else []
        self._start(name, *COMMANDS[name], *address, **self.variables.get(name, {}))

    def run_with_a_bad_token(self, seconds: float) -> None:
        """Runs one more deliverer for so many seconds. Slack refuses its token."""
        self._start("bad token", *COMMANDS["notifier"], SLACK_BOT_TOKEN="xoxb-revoked")
        time.sleep(seconds)
        self.stop("bad token")

    def _signal(self, name: str, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._running[name].pid, number)

    def _supervise(self) -> None:
        while not self._over.wait(LOOK):
            for name, lock in self._locks.items():
                if lock.acquire(blocking=False):
                    try:
                        code = self._running[name].poll()
                        if code is not None:
                            self.ended.append((name, code))
                            self._begin(name)
                    finally:
                        lock.release()
