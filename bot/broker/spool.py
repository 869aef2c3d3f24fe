"""Message queues in a folder, for any number of processes on one machine.

Every change is one `rename` within the folder. So readers never see a partial message, and only one gets each message:

    tmp/ -> queues/QUEUE/ -> claimed/PROCESS/QUEUE/ -> gone, when done
                                                    -> queues/QUEUE/, when given back or when the process has died
                                                    -> damaged/QUEUE/, when it can't be read
    exchanges/EXCHANGE/     one file per binding

A process that takes messages holds a POSIX lock on a file in its folder in claimed/. The kernel releases the lock when
the process ends for any reason. Forked children (Celery's pool) don't inherit it.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from logging import getLogger
from pathlib import Path
from threading import Lock
from time import time, time_ns
from urllib.parse import quote
from uuid import uuid4

SUFFIX = ".msg"
# The end of the name of a message that was given back. The process that had it may have begun its task.
AGAIN = f".again{SUFFIX}"
DRAFT_LIFE = 3600  # seconds; an older draft was left by a killed process

log = getLogger(__name__)
# This process's folder in each folder of claims. The key contains the process id, because forked children need their own folders.
own_folders: dict[tuple[Path, int], Path] = {}
opening = Lock()  # held while a thread finds or makes this process's folder


class Spool:
    """The queues under `root`, which only its owner can read. A taken message has the tag `QUEUE FOLDER/FILE`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.queues, self.claimed, self.damaged = root / "queues", root / "claimed", root / "damaged"
        self.exchanges, self.drafts = root / "exchanges", root / "tmp"
        self._listed: dict[str, list[str]] = {}  # by queue, the names that `take` hasn't tried yet, newest first

    def create(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, queue: str, content: bytes, *, durable: bool = False) -> None:
        """Adds a message. A durable message is on the disk when this returns. On an OSError, nothing was added."""
        self._write(self._queue(queue) / f"{time_ns():020}-{uuid4().hex}{SUFFIX}", content, durable=durable)

    def take(self, queue: str) -> str | None:
        """Claims the oldest message. The caller then calls `read`, and `done`, `give_back` or `set_aside`."""
        folder = self._queue(queue)
        names = self._listed.get(queue) or sorted(waiting(folder), reverse=True)
        self._listed[queue] = names  # not listed again until all have been tried, as listing a long queue is expensive
        while names:
            tag = f"{folder.name}/{names.pop()}"
            claim = self._claim(tag)
            claim.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # another process was faster
                (self.queues / tag).rename(claim)
                return tag
        return None

    def read(self, tag: str) -> bytes:
        return self._claim(tag).read_bytes()

    def done(self, tag: str) -> None:
        self._claim(tag).unlink(missing_ok=True)

    def give_back(self, tag: str) -> None:
        """Puts a message back at its old place in its queue. Does nothing after `done`."""
        with suppress(FileNotFoundError):
            move(self._claim(tag), again(self.queues / tag))

    def set_aside(self, tag: str, why: Exception) -> None:
        """Moves an unreadable message to another folder, where a person can look at it."""
        move(self._claim(tag), self.damaged / tag)
        log.warning("unreadable message moved to %s: %s", self.damaged / tag, type(why).__name__)

    def take_back(self, is_wanted: Callable[[bytes], bool]) -> bool:
        """Removes a wanted message that no process has ever taken. True: it was removed, so no process will take it."""
        for file in self.queues.glob(f"*/*{SUFFIX}"):
            if not file.name.endswith(AGAIN):
                with suppress(FileNotFoundError):  # a process has just taken it
                    if is_wanted(file.read_bytes()):
                        file.unlink()
                        return True
        return False

    def size(self, queue: str) -> int:
        return len(waiting(self._queue(queue)))

    def purge(self, queue: str, *, older_than: float = 0) -> int:
        """Deletes the waiting messages that are at least `older_than` seconds old. Returns how many."""
        folder, youngest = self._queue(queue), f"{time_ns() - int(older_than * 10**9):020}"
        old = [name for name in waiting(folder) if name[:20] <= youngest]
        for name in old:
            (folder / name).unlink(missing_ok=True)
        return len(old)

    def bind(self, exchange: str, row: bytes) -> None:
        self._write(self._binding(exchange, row), row)

    def unbind(self, exchange: str, row: bytes) -> None:
        self._binding(exchange, row).unlink(missing_ok=True)

    def bindings(self, exchange: str) -> list[bytes]:
        rows = []
        for file in (self.exchanges / segment(exchange)).glob("*"):
            with suppress(FileNotFoundError):  # another process has just removed it
                rows.append(file.read_bytes())
        return rows

    def restore_the_dead(self) -> None:
        """Gives back the messages of processes that have ended, and deletes drafts that killed processes have left."""
        ours = self._own_folder()
        for folder in self.claimed.glob("*"):
            if folder == ours:  # opening and closing our own lock file would release our lock
                continue
            with suppress(FileNotFoundError, BlockingIOError, PermissionError), (folder / "lock").open("rb+") as lock:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for file in folder.glob(f"*/*{SUFFIX}"):
                    move(file, again(self.queues / file.parent.name / file.name))
                shutil.rmtree(folder)
        for draft in self.drafts.glob("*"):
            with suppress(FileNotFoundError):
                if draft.is_file() and draft.stat().st_mtime < time() - DRAFT_LIFE:
                    draft.unlink()

    def _queue(self, name: str) -> Path:
        return self.queues / segment(name)

    def _binding(self, exchange: str, row: bytes) -> Path:
        return self.exchanges / segment(exchange) / sha256(row).hexdigest()

    def _claim(self, tag: str) -> Path:
        return self._own_folder() / tag

    def _own_folder(self) -> Path:
        """This process's folder in claimed/. The process holds its lock until it ends.

        It takes the lock before it moves the folder there. Otherwise, others could mistake it for a dead process's folder.
        """
        key = self.claimed, os.getpid()
        with opening:
            if key not in own_folders:
                draft = self.drafts / f"{os.getpid()}-{uuid4().hex}"
                draft.mkdir(parents=True)
                lock = os.open(draft / "lock", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                fcntl.lockf(lock, fcntl.LOCK_EX)
                self.claimed.mkdir(exist_ok=True)
                own_folders[key] = draft.rename(self.claimed / draft.name)
            return own_folders[key]

    def _write(self, target: Path, content: bytes, *, durable: bool = False) -> None:
        """Creates `target` with its whole content. If that fails, there is no `target`."""
        self.drafts.mkdir(parents=True, exist_ok=True)
        draft = self.drafts / uuid4().hex
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            move(draft, target)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        if durable:
            with suppress(OSError):  # readers can already take the message, so this error must not reach the caller
                sync(target.parent)


def segment(name: str) -> str:
    """The name of a queue or an exchange as one safe path segment: without `/`, and never `.` or `..`."""
    return f"{quote(name, safe='@')}.q"


def waiting(folder: Path) -> list[str]:
    """The names of the messages in a queue's folder, in no order.

    kombu counts long queues with this, and pathlib would take ten times as long.
    """
    with suppress(FileNotFoundError):
        return [name for name in os.listdir(folder) if name.endswith(SUFFIX)]  # noqa: PTH208
    return []


def again(file: Path) -> Path:
    """The path of a message after it is given back. Its new name keeps its place in the queue."""
    return file if file.name.endswith(AGAIN) else file.with_name(file.name.removesuffix(SUFFIX) + AGAIN)


def move(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    file.rename(target)


def sync(folder: Path) -> None:
    """Makes sure that the names in `folder` are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
