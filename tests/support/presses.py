"""Processes in which people press buttons at the same moment."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from bot import env
from tests.e2e.platform import ROOT, clean_environment
from tests.support.migrated import alone

Press = dict[str, Any]


@dataclass
class Presses:
    """Processes on the tests' database. `folder` has the broker, with one file per message, and the processes' log."""

    folder: Path
    _running: dict[int, "subprocess.Popen[str]"] = field(default_factory=dict)

    def at_once(self, *presses: Press) -> list[str]:
        """Makes these presses at once. Returns the result of each, as tests.support.presser gives it."""
        self._gate.touch()
        processes = [self._process(number) for number in range(len(presses))]
        with alone(self._gate):
            for process, press in zip(processes, presses, strict=True):
                _write(process, press)
            for process in processes:
                assert _read(process) == "ready\n", (self.folder / "log").read_text()
        return [str(json.loads(_read(process))) for process in processes]

    def published(self) -> list[str]:
        """The task id of each message that the broker has."""
        messages = (self.folder / "broker" / "queues").glob("*/*.msg")
        return [json.loads(message.read_text())["headers"]["id"] for message in messages]

    @property
    def _gate(self) -> Path:
        return self.folder / "gate"

    def _process(self, number: int) -> "subprocess.Popen[str]":
        if number not in self._running:
            with (self.folder / "log").open("a") as log:
                self._running[number] = subprocess.Popen(
                    [sys.executable, "-m", "tests.support.presser", str(self._gate)],
                    cwd=ROOT,
                    env=clean_environment(
                        DJANGO_SETTINGS_MODULE="bot.settings",
                        DJANGO_SECRET_KEY="only-for-tests",
                        DATABASE_URL=_address(),
                        RUNTASK_DATA=str(self.folder),
                    ),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        return self._running[number]

    def end(self) -> None:
        """Closes the processes' input, which ends them."""
        for process in self._running.values():
            process.communicate()


@contextmanager
def presses(folder: Path) -> Iterator[Presses]:
    """Each process starts when it is first needed, and ends with the block."""
    started = Presses(folder)
    try:
        yield started
    finally:
        started.end()


def _address() -> str:
    """The URL of the tests' database."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(env.environ()["DATABASE_URL"])._replace(path=f"/{name}"))


def _write(process: "subprocess.Popen[str]", press: Press) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(press) + "\n")
    process.stdin.flush()


def _read(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()
