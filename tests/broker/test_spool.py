"""The folder of the embedded broker loses no message, and gives out none twice or half-written, even if processes die."""

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from bot.broker.spool import DRAFT_LIFE, Spool

SPAWN = multiprocessing.get_context("spawn")  # processes that share nothing with this one
HOSTILE = ["../../escape", "..", ".", "a/b", "", "~", "C:\\x", "a\nb", "größe", "*", "a.msg"]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "broker")
    spool.create()
    return spool


def drain(spool: Spool, queue: str) -> list[bytes]:
    taken = []
    while tag := spool.take(queue):
        taken.append(spool.read(tag))
        spool.done(tag)
    return taken


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


def test_messages_come_out_once_in_the_order_they_went_in(spool: Spool) -> None:
    for number in range(20):
        spool.put("q", b"%d" % number)
    spool.put("other", b"else")
    assert spool.size("q") == 20
    assert drain(spool, "q") == [b"%d" % number for number in range(20)]
    assert spool.take("q") is None
    assert drain(spool, "other") == [b"else"]


def test_a_message_put_while_others_are_read_comes_after_them(spool: Spool) -> None:
    spool.put("q", b"1")
    spool.put("q", b"2")
    first = spool.take("q")
    spool.put("q", b"3")
    assert first is not None
    assert spool.read(first) == b"1"
    assert drain(spool, "q") == [b"2", b"3"]


def test_a_message_given_back_comes_again_unless_it_is_done(spool: Spool) -> None:
    spool.put("q", b"1")
    spool.put("q", b"2")
    tag = spool.take("q")
    assert tag is not None
    spool.give_back(tag)
    assert sorted(drain(spool, "q")) == [b"1", b"2"]
    spool.give_back(tag)  # it was acknowledged meanwhile
    assert spool.take("q") is None


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_is_one_folder_inside_the_broker(spool: Spool, tmp_path: Path, name: str) -> None:
    spool.put(name, b"message")
    spool.bind(name, b"row")
    assert [path.name for path in tmp_path.iterdir()] == ["broker"]
    assert all(len(path.relative_to(tmp_path).parts) == 4 for path in files(tmp_path))
    assert drain(spool, name) == [b"message"]
    assert spool.bindings(name) == [b"row"]


def test_different_names_have_different_folders(spool: Spool) -> None:
    for name in HOSTILE:
        spool.put(name, name.encode())
    assert [drain(spool, name) for name in HOSTILE] == [[name.encode()] for name in HOSTILE]


def test_only_the_owner_can_read_the_folder(spool: Spool) -> None:
    spool.put("q", b"message")
    (message,) = files(spool.queues)
    assert stat.S_IMODE(spool.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(message.stat().st_mode) == 0o600


def test_a_message_that_can_not_be_written_leaves_no_file(spool: Spool) -> None:
    with pytest.raises(OSError, match="name too long"):
        spool.put("q" * 300, b"message")
    assert files(spool.root) == []


def test_a_durable_message_is_on_the_disk_before_it_can_be_seen(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    visible: list[int] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        visible.append(spool.size("q"))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    spool.put("q", b"fleeting")
    assert visible == []
    spool.put("q", b"durable", durable=True)
    assert visible == [1, 2]  # its content is synced before the message is visible, and its folder afterwards


def test_purging_can_leave_out_new_messages(spool: Spool) -> None:
    spool.put("q", b"1")
    assert spool.purge("q", older_than=60) == 0
    assert spool.purge("q") == 1
    assert spool.take("q") is None


def test_a_binding_is_there_once_until_it_is_removed(spool: Spool) -> None:
    spool.bind("x", b"row")
    spool.bind("x", b"row")
    spool.bind("x", b"other")
    assert sorted(spool.bindings("x")) == [b"other", b"row"]
    spool.unbind("x", b"row")
    spool.unbind("x", b"row")
    assert spool.bindings("x") == [b"other"]


def test_drafts_of_killed_writers_are_removed_but_not_those_being_written(spool: Spool) -> None:
    spool.put("q", b"message")
    old, young = spool.drafts / "old", spool.drafts / "young"
    for draft in (old, young):
        draft.write_bytes(b"half a mess")
    os.utime(old, (0, old.stat().st_mtime - DRAFT_LIFE - 60))
    spool.restore_the_dead()
    assert [path.name for path in spool.drafts.iterdir()] == ["young"]


def hold_a_message(root: Path, holding: Event) -> None:
    spool = Spool(root)
    assert spool.take("q")
    holding.set()
    signal.pause()


@pytest.mark.slow
def test_messages_are_given_back_if_their_process_was_killed_but_not_if_it_lives(spool: Spool) -> None:
    spool.put("q", b"message")
    holding = SPAWN.Event()
    process = SPAWN.Process(target=hold_a_message, args=(spool.root, holding), daemon=True)
    process.start()
    assert holding.wait(30)
    spool.restore_the_dead()
    assert spool.take("q") is None

    process.kill()
    process.join(30)
    spool.restore_the_dead()
    assert drain(spool, "q") == [b"message"]
    assert len(list(spool.claimed.iterdir())) == 1  # our own


def write(root: Path, writer: int, count: int) -> None:
    spool = Spool(root)
    for number in range(count):
        body = f"{writer}:{number} ".encode() * (1 + number % 7 * 800)
        spool.put("q", sha256(body).hexdigest().encode() + body, durable=number % 2 == 0)


def read_until_written(root: Path, written: Event, seen: "multiprocessing.SimpleQueue[list[str]]") -> None:
    spool = Spool(root)
    names = []
    while True:
        last_look = written.is_set()
        for content in drain(spool, "q"):
            digest, body = content[:64].decode(), content[64:]
            names.append(body.split()[0].decode() if sha256(body).hexdigest() == digest else "half-written")
        spool.restore_the_dead()
        if last_look:
            break
    seen.put(names)


@pytest.mark.slow
def test_four_writers_and_three_readers_lose_nothing_and_get_nothing_twice(spool: Spool) -> None:
    writers, readers, count = 4, 3, 1000
    root, written, seen = spool.root, SPAWN.Event(), SPAWN.SimpleQueue()
    reading = [
        SPAWN.Process(target=read_until_written, args=(root, written, seen), daemon=True) for _ in range(readers)
    ]
    writing = [SPAWN.Process(target=write, args=(root, writer, count), daemon=True) for writer in range(writers)]
    for process in reading + writing:
        process.start()
    for process in writing:
        process.join()
    written.set()
    names = Counter(name for _ in reading for name in seen.get())
    for process in reading:
        process.join()
    assert names == Counter(f"{writer}:{number}" for writer in range(writers) for number in range(count))


def test_a_process_that_ends_prints_no_warning_about_its_lock(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from bot.broker.spool import Spool; Spool(pathlib.Path(sys.argv[1])).restore_the_dead()"
    )
    command = [sys.executable, "-W", "always", "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
