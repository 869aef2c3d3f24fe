"""Runs the processes of contestants, and measures their processor time and memory."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60.0  # seconds that a process may take to do what the benchmark waits for
TICKS = os.sysconf("SC_CLK_TCK")


class Broken(Exception):
    """The benchmark itself doesn't work: a process has ended, or doesn't answer."""


@dataclass
class Processes:
    """Running processes by name. Their output goes to `folder`."""

    folder: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, environment: Mapping[str, str], *arguments: str) -> int:
        """Start Python with `arguments`. Returns the process id."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
        self._running[name] = process
        return process.pid

    async def listening(self, name: str, port: int) -> None:
        """Wait until the port is open. Raises Broken."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.check(name)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if time.monotonic() > deadline:
                raise Broken(f"{name} doesn't listen: {self.log(name)}")
            await asyncio.sleep(0.05)

    def check(self, name: str) -> None:
        """Raises Broken if the process has ended."""
        if self._running[name].poll() is not None:
            raise Broken(f"{name} ended: {self.log(name)}")

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()[-3000:]

    def stop(self, name: str) -> None:
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop_all(self) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for name in list(self._running):
            self.stop(name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def group(pid: int) -> list[int]:
    """The ids of the process and of all its descendants."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # the process has ended
            continue
        if int(fields[1]) == pid:
            found += group(int(stat.parent.name))
    return found


def cpu_seconds(pid: int) -> float:
    """The processor seconds that a process and its running descendants have used so far."""
    total = 0
    for one in group(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def cpu_of_all(command: str) -> float:
    """The processor seconds of all processes of this name, and of their children that have ended."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:  # the process has ended
            continue
        if name.endswith(f"({command}"):
            total += sum(map(int, rest.split()[11:15]))
    return total / TICKS


def memory_mb(pid: int) -> float:
    """The proportional set size of a process and its descendants, in MB. A page that they share is counted once."""
    kilobytes = 0
    for one in group(pid):
        rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        kilobytes += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1024
