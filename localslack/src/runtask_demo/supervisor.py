"""Starts the demo's processes, says when all of them work, and leaves none behind.

honcho can't do this. It signals whole process groups, so a worker's pool dies in the middle of a task, which the worker
can't finish then. And it stops Slack and the bot in no order, so that last messages are lost.
"""

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from runtask_demo.plan import Plan

LOOK = 0.2  # seconds between two looks at the processes
PATIENCE = 90.0  # seconds from the start until everything must work
GRACE = 10.0  # seconds for a process to end by itself
LAST_WORDS = 20  # lines of the log
Say = Callable[[str], None]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy on the way to this computer


@dataclass(frozen=True, kw_only=True)
class Child:
    """A running process that leads a session of its own. So Ctrl-C in the terminal reaches only us."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-LAST_WORDS:])

    def end(self) -> None:
        """Wait a while for a process that was asked to end, then end whatever is left of its session."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run(plan: Plan, inherited: Mapping[str, str], stopping: Event, say: Say) -> int:
    """Serve until `stopping` is set. The exit code: 0 if somebody stopped it, 1 if it stopped by itself."""
    environment = plan.environment(inherited)
    say("Preparing the database …")
    failed, said = finish(plan.preparation(), environment)
    if stopping.is_set():
        return 0
    if failed:
        say(f"The database can't be prepared:\n{said}")
        return 1
    with started(plan, environment) as children:
        return watch(plan, children, environment, stopping, say)


def finish(command: list[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Runs the command until it ends. Returns its exit code and output."""
    done = subprocess.run(  # noqa: S603 - our own words
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        start_new_session=True,
    )
    return done.returncode, done.stdout


@contextmanager
def started(plan: Plan, environment: Mapping[str, str]) -> Iterator[list[Child]]:
    """Runs all processes during the block. Slack, the first, ends last: the others still send messages to it."""
    children: list[Child] = []
    try:
        for name, command in plan.processes().items():
            children.append(start(name, command, environment, plan.logs))
        yield children
    finally:
        for group in (children[1:], children[:1]):
            for child in group:
                child.process.terminate()
            for child in group:
                child.end()


def start(name: str, command: list[str], environment: Mapping[str, str], logs: Path) -> Child:
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own words
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(name=name, process=process, log=log)


def watch(plan: Plan, children: list[Child], environment: Mapping[str, str], stopping: Event, say: Say) -> int:
    missing: dict[str, Callable[[], bool]] = {
        "the site": lambda: answer(f"{plan.site}/healthz") is not None,
        "the bot's connection to Slack": lambda: connected(plan),
        "the worker": lambda: finish(plan.ping(), environment)[0] == 0,
    }
    deadline = time.monotonic() + PATIENCE
    while not stopping.wait(LOOK):
        for child in children:
            if (code := child.process.poll()) is not None:
                say(f"{child.name} ended by itself with exit code {code}, so everything stops. Its last words:")
                say(child.last_words())
                return 1
        if not missing:
            continue
        name, works = next(iter(missing.items()))
        if works():
            del missing[name]
            if not missing:
                say(plan.welcome())
        elif time.monotonic() > deadline:
            say(f"Not everything works after {PATIENCE:.0f} seconds: still without {name}. See {plan.logs}.")
            return 1
    say("Stopping …")
    return 0


def connected(plan: Plan) -> bool:
    if plan.http:
        return answer(f"{plan.site}/readyz") is not None
    sockets = answer(f"{plan.slack}control/socket")
    return bool(sockets and json.loads(sockets)["connections"])


def answer(url: str) -> str | None:
    """The body of the answer. None if there is no answer, or if its status is an error."""
    try:
        with DIRECT.open(url, timeout=2) as response:
            return str(response.read().decode())
    except OSError:
        return None
