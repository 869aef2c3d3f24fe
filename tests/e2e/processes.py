"""Real processes in an environment of their own, each with a log; started, awaited and stopped."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

PATIENCE = 60.0  # seconds for a process to start on a busy machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Processes:
    """Runs commands in `where`, with logs in `folder`. The processes that were started end with the block."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, where: Path) -> None:
        self.folder = folder
        self.environment = environment
        self.where = where
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():  # all at once, because each takes some time to end
            process.terminate()
        for name in list(self._running):
            self._running.pop(name).wait(30)

    def run(self, *command: str) -> str:
        """Runs the command to its end. Returns what it printed. Raises AssertionError if it fails."""
        done = subprocess.run(
            command,
            cwd=self.where,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Starts a process. `environment` replaces some of the variables for it."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=self.where,
                env={**self.environment, **environment},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                process_group=0,  # so that a signal reaches its children, too
            )

    def wait(self, name: str, condition: Callable[[], bool]) -> None:
        """Waits until the condition holds. It polls, because other processes can't notify this one."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self._running[name].poll() is None, self.log(name)
            assert time.monotonic() < deadline, self.log(name)
            time.sleep(0.1)

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> int:
        """Stops the process and returns its exit code."""
        process = self._running.pop(name)
        process.send_signal(how)
        return process.wait(30)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()
