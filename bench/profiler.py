"""Divides the time of a process among the parts of its program, with py-spy.

py-spy looks from outside, and so doesn't slow the process down. It looks at the threads that aren't idle. Each look at a thread
counts for the part that the innermost function on its stack belongs to. The standard library's functions, and a driver's
functions in C, count for their caller.
"""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.processes import Broken
from bench.setups import ROOT

RATE = 250  # looks per second
PARTS = (
    (f"{ROOT}/bench/", "the floor itself"),
    (f"{ROOT}/bot/slack/keepalive.py", "calling Slack"),
    (f"{ROOT}/bot/slack/socket.py", "receiving and answering"),
    (f"{ROOT}/bot/", "runtask"),
    ("/site-packages/django/db/models/sql/", "Django: making SQL"),
    ("/site-packages/django/db/backends/", "database and driver"),
    ("/site-packages/django/db/", "Django: queries and rows"),
    ("/site-packages/psycopg", "database and driver"),
    ("/site-packages/django/", "Django: requests, sessions, templates"),
    ("/site-packages/django_celery_beat/", "django-celery-beat"),
    ("/site-packages/gunicorn/", "receiving and answering"),
    ("/site-packages/slack_sdk/socket_mode/", "receiving and answering"),
    ("/site-packages/slack_bolt/adapter/", "receiving and answering"),
    ("/site-packages/slack_bolt/", "Bolt"),
    ("/site-packages/slack_sdk/", "calling Slack"),
    ("/site-packages/celery/", "Celery and broker"),
    ("/site-packages/kombu/", "Celery and broker"),
    ("/site-packages/amqp/", "Celery and broker"),
    ("/site-packages/redis/", "Celery and broker"),
    ("/concurrent/futures/", "handing over between threads"),
    ("/queue.py", "handing over between threads"),
    ("/threading.py", "handing over between threads"),
)
Stack = tuple[tuple[str, str], ...]  # (function, file), innermost last


def record(pid: int, seconds: int) -> dict[Stack, float]:
    """The seconds for which each stack of a process and its children was at work. Blocks. Raises Broken if py-spy can't look."""
    with TemporaryDirectory() as folder:
        raw = Path(folder, "stacks")
        said = subprocess.run(
            [
                *(Path(sys.executable).with_name("py-spy"), "record", "--pid", f"{pid}", "--subprocesses"),
                *("--duration", f"{seconds}", "--rate", f"{RATE}", "--format", "raw", "--output", raw),
                *("--full-filenames", "--nolineno"),
                "--nonblocking",  # otherwise py-spy stops the process for each look, and its threads look busy afterwards
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if said.returncode or not raw.exists():
            raise Broken(f"py-spy can't look at process {pid}: {said.stderr.decode()[-500:]}")
        return dict(_read(raw.read_text()))


def _read(raw: str) -> Iterator[tuple[Stack, float]]:
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        if not count.isdecimal():  # py-spy reads a running process, so a name may be garbage, with line breaks
            continue
        frames = (frame.rpartition(" (") for frame in stack.split(";") if frame.endswith(")"))
        yield tuple((name, file.removesuffix(")")) for name, _, file in frames), int(count) / RATE


def by_part(stacks: dict[Stack, float]) -> dict[str, float]:
    """Seconds by part of the program."""
    found: dict[str, float] = defaultdict(float)
    for stack, seconds in stacks.items():
        found[_part(stack)] += seconds
    return found


def _part(stack: Stack) -> str:
    for _, file in reversed(stack):
        for folder, part in PARTS:
            if folder in file:
                return part
    return "other"
