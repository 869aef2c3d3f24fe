"""Asks result backends that keep a value for each key, and others that find results by task id.

The module `sql` asks SQLAlchemy's tables.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any, Protocol

from celery.backends import base
from celery.backends.base import BaseKeyValueStoreBackend
from kombu import compression
from kombu.exceptions import ContentDisallowed, DecodeError

from bot.broker import pickled
from bot.broker.outcomes.shown import TOO_LONG
from bot.core.text import clean, clip

TIMEOUT = 0.5  # seconds to connect, and for each answer
RAW = (bytes, bytearray, memoryview)
LARGEST = 20_000_000  # bytes of an expanded result that are read: a few compressed kilobytes can hold gigabytes
METHOD_LIMIT = 50  # characters of a compression method's name that are shown
DECOMPRESSORS: dict[str, Callable[[Any], Any]] = {
    "application/x-gzip": attrgetter("zlib.decompressobj"),
    "application/x-bz2": attrgetter("bz2.BZ2Decompressor"),
    "application/x-lzma": attrgetter("lzma.LZMADecompressor"),
    "application/zstd": attrgetter("zstd.ZstdDecompressor"),
}
# The status in the first bytes of a result. Celery writes it first, in JSON and in pickles.
STATUS = re.compile(rb"status(?:\W{3,15}|q.X....)([A-Z][\w-]{1,49})", re.DOTALL)
Meta = dict[str, Any]


class Compressed(Exception):
    """A result is compressed by a method that this process can't read. The text names the method."""


class TooLong(Exception):
    """A compressed result is longer than LARGEST. The argument is its first bytes."""


@dataclass(frozen=True)
class Answer:
    """A task's result as the backend holds it. `meta` decodes it."""

    task: str
    token: str  # changes when anything in the result changes
    meta: Callable[[], Meta] = field(repr=False)


class Reader(Protocol):
    """Asks a backend. Its methods raise the errors of the backend's client."""

    def read(self, tasks: list[str]) -> Iterable[Answer]:
        """One answer for each of these tasks that the backend knows."""


@dataclass(frozen=True)
class Keys:
    """A backend that keeps one value for each task: Redis, a cache, files, … (celery/backends/base.py)."""

    backend: Any

    def read(self, tasks: list[str]) -> Iterator[Answer]:
        keys = [self.backend.get_key_for_task(task) for task in tasks]
        for task, value in zip(tasks, self._values(keys), strict=True):
            if value:
                yield Answer(task, token(value), partial(self.meta, value))

    def _values(self, keys: list[Any]) -> list[Any]:
        if len(keys) == 1 or type(self.backend).mget is BaseKeyValueStoreBackend.mget:
            return [self.backend.get(key) for key in keys]
        found = self.backend.mget(keys)
        return [found.get(key) for key in keys] if isinstance(found, dict) else list(found)

    def meta(self, value: Any) -> Meta:
        """The result that this value holds. Raises TooLong, Compressed, or the errors of decoders."""
        if isinstance(value, dict):  # Django's cache has unpickled it, as it does for the site itself
            return value
        try:
            found = unpacked(self.backend, value)
        except TooLong as exc:
            if (status := STATUS.search(exc.args[0])) is None:
                raise
            return {"status": status[1].decode(), "result": TOO_LONG}
        if not isinstance(found, dict):
            raise TypeError(f"not a result, but of type {type(found).__name__}")
        return found


@dataclass(frozen=True)
class Others:
    """A backend of which we know only that it finds a task's result by its id. Not tested."""

    backend: Any

    def __post_init__(self) -> None:
        # Celery would make exceptions from stored values, and would unpickle.
        self.backend.meta_from_decoded = lambda meta: meta
        self.backend.accept = {one for one in self.backend.accept if one != pickled.CONTENT_TYPE}

    def read(self, tasks: list[str]) -> Iterator[Answer]:
        for task in tasks:
            try:
                meta = self.backend.get_task_meta(task, cache=False)
            except (ContentDisallowed, DecodeError, TypeError, ValueError) as exc:  # this task's result is unreadable
                yield Answer(task, f"{task} {type(exc).__name__}", partial(_raise, exc))
            else:
                yield Answer(task, token(meta), partial(dict, meta))


def unpacked(backend: Any, value: Any) -> Any:
    """Decodes a value as Celery does, except that pickles run no code. Workers may pickle even if our settings don't.

    Raises TooLong and Compressed.
    """
    data = _decompressed(value if isinstance(value, bytes) else str(value).encode())
    if backend.content_type == pickled.CONTENT_TYPE or pickled.is_pickle(data):
        return pickled.loads(data)
    return backend.decode(data)


def _decompressed(data: bytes) -> bytes:
    """Expands a result as Celery's `decompress_payload` does, up to LARGEST bytes. Raises TooLong and Compressed."""
    magic = getattr(base, "COMPRESSED_PAYLOAD_MAGIC", None)  # before 5.7, Celery doesn't compress results
    if magic is None or not data.startswith(magic):
        return data
    name, _, body = data.removeprefix(magic).partition(b"\0")
    method = name.decode(errors="replace")
    try:
        decompressor = DECOMPRESSORS[method](compression)
    except (KeyError, AttributeError):
        # It isn't in the table (brotli's library can't limit its output), or its library isn't installed here.
        raise Compressed(clip(clean(method), METHOD_LIMIT)) from None
    expanded = bytes(decompressor().decompress(body, LARGEST + 1))
    if len(expanded) > LARGEST:
        raise TooLong(expanded[:100])
    return expanded


def token(value: Any) -> str:
    """A digest of a stored value, in whatever form the backend's client returns it."""
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, (bytes, memoryview)):
        value = _flat(value).encode(errors="replace")
    return hashlib.sha256(value).hexdigest()[:32]


def _flat(meta: Meta) -> str:
    """The values as text that is equal for equal values. It contains no addresses in memory."""
    try:
        return json.dumps(
            meta, skipkeys=True, default=lambda one: bytes(one).hex() if isinstance(one, RAW) else str(type(one))
        )
    except (TypeError, ValueError, RecursionError):
        return f"{meta.get('status')} {meta.get('date_done')}"


def _raise(exc: Exception) -> Meta:
    raise exc
