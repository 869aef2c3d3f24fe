"""Reads pickled results without calling the functions that they name. Ordinary unpickling calls any such function."""

import io
import pickle
import struct
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

CONTENT_TYPE = "application/x-python-serialize"
HARMLESS: dict[tuple[str, str], Any] = {
    (one.__module__, one.__name__): one for one in (date, datetime, time, timedelta, timezone, Decimal, UUID)
}


class Stub:
    """A stand-in for an object of a class that isn't loaded."""

    kind = ""  # the class's name
    args: tuple[Any, ...] = ()

    def __new__(cls, *args: Any, **_: Any) -> Self:
        made = super().__new__(cls)
        made.args = args
        return made

    def __init__(self, *_: Any, **__: Any) -> None: ...
    def __setstate__(self, _: Any) -> None: ...
    def __setitem__(self, *_: Any) -> None: ...
    def append(self, _: Any) -> None: ...
    def extend(self, _: Any) -> None: ...
    def add(self, _: Any) -> None: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return type(self)(*args, **kwargs)


def _key(value: Any) -> Any:
    """The value as a key or a member of a set. A Stub replaces a tuple of tuples, whose hash may take forever or crash Python."""
    return Stub() if isinstance(value, tuple) and any(isinstance(one, tuple) for one in value) else value


def _with_keys(load: Any, keys: slice) -> Any:
    """Wraps `load`, the method of an opcode that uses the values at `keys` on the stack as keys, so that `_key` comes first."""

    def loads(self: Any) -> None:
        self.stack[keys] = map(_key, self.stack[keys])
        load(self)

    return loads


def _dispatch() -> dict[int, Any]:
    methods = dict(pickle._Unpickler.dispatch)  # noqa: SLF001
    keys = {
        pickle.SETITEM: slice(-2, -1),
        pickle.SETITEMS: slice(None, None, 2),
        pickle.DICT: slice(None, None, 2),
        pickle.ADDITEMS: slice(None),
        pickle.FROZENSET: slice(None),
    }
    return methods | {code[0]: _with_keys(methods[code[0]], values) for code, values in keys.items()}


class _Unpickler(pickle._Unpickler):  # noqa: SLF001
    """The unpickler that is written in Python, not in C. Its memo is a dict, so a large index in the data costs no memory."""

    dispatch: ClassVar[dict[int, Any]] = _dispatch()

    def find_class(self, module: str, name: str) -> Any:
        return HARMLESS.get((module, name)) or type("Stub", (Stub,), {"kind": name})

    def persistent_load(self, _: Any) -> Any:
        return Stub()

    def load_bytearray8(self: Any) -> None:
        """Reads only the bytes that exist. Python's own method allocates as much memory as the data asks for."""
        [length] = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(length)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def loads(data: bytes) -> Any:
    return _Unpickler(io.BytesIO(data)).load()


def is_pickle(data: bytes) -> bool:
    """Whether `data` begins like a pickle of protocol 2 or later. No JSON or YAML begins like that."""
    return data[:1] == b"\x80" and b"\x02" <= data[1:2] <= b"\x05"


def safe(formats: Iterable[str]) -> list[str]:
    """The formats of kombu that a consumer may decode: JSON and these, but never pickle."""
    return list({"json", *formats} - {"pickle", CONTENT_TYPE})
