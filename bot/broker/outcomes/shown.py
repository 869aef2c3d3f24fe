"""Makes readable outcomes: results as text, exceptions as `Type: message`, tracebacks without Celery's own frames. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from bot.broker.pickled import HARMLESS, Stub
from bot.core.model import Outcome, TaskId
from bot.core.text import clean, clip

TEXT_LIMIT = 100_000  # characters that are passed on; more than people see, because masking comes before shortening
LONGEST = 3_000_000  # characters after which a result isn't read any further
NOT_SHOWN = "(a pickled result, not shown)"
TOO_LONG = "(too long, not shown)"
STATUS_LIMIT, WORKER_LIMIT = 50, 100  # characters in the columns of a run's row
PLAIN = tuple(HARMLESS.values())  # types that people read as text: dates, decimals, …
WRAPPER = "UnpickleableExceptionWrapper"
TRACER = "celery/app/trace.py"
CARETS = re.compile(r"\s+[~^]+\s*")


def outcome(
    task: str,
    status: str,
    token: str,
    at: datetime,
    *,
    text: str,
    traceback: str,
    worker: str,
    started_at: datetime | None = None,
) -> Outcome:
    """Makes an outcome. `text` is the whole readable result. Later, `runs.finish` masks, cleans and shortens the texts."""
    return Outcome(
        task_id=TaskId(task),
        status=clip(clean(status), STATUS_LIMIT),
        token=token,
        at=at,
        started_at=started_at,
        result=text[:TEXT_LIMIT],
        result_length=len(text),
        traceback=own_frames(traceback)[-TEXT_LIMIT:],
        worker=clip(clean(worker), WORKER_LIMIT),
    )


def readable(stored: str | None, status: str) -> str:
    """A stored result as `readable_value` shows it. Text that isn't JSON, or is nested too deep, stays as it is."""
    try:
        return readable_value(json.loads(stored, object_hook=_untyped), status, otherwise=stored) if stored else ""
    except (TypeError, ValueError, RecursionError):
        return stored or ""


def _untyped(value: dict[str, Any]) -> Any:
    """The text of a date, a decimal, … in kombu's JSON (kombu/utils/json.py)."""
    if value.keys() != {"__type__", "__value__"}:
        return value
    written = value["__value__"]
    return str(UUID(**written)) if value["__type__"] == "uuid" and isinstance(written, dict) else written


def readable_value(value: Any, status: str, otherwise: str = NOT_SHOWN) -> str:
    """A result for people: text as it is, other values as indented JSON, an exception as `Type: message`.

    While the task runs, the value is the task's own progress. Celery's note on the worker (STARTED) is left out. Of pickled
    objects, only an exception's name, texts and numbers are shown. If a value can't be written as JSON, returns `otherwise`.
    """
    if value is None or status == "STARTED":
        return ""
    is_end = status == "SUCCESS"
    try:
        if isinstance(value, (BaseException, Stub)) and not is_end:
            name, args = _unwrapped(value.kind if isinstance(value, Stub) else type(value).__name__, value.args)
            return exception(
                {"exc_type": name, "exc_message": [one for one in args if isinstance(one, (str, int, float))]}
            )
        if isinstance(value, dict) and not is_end:
            return exception(value) if "exc_type" in value else progress(value)
        return _text(value, indent=2)
    except (TypeError, ValueError, RecursionError):
        return otherwise  # a key isn't a text, a number is too long, or the value is nested too deep


def _json(value: Any, indent: int | None = None) -> str:
    """The value as JSON. Stops after about LONGEST characters: a value can contain the same list very often."""
    encoder = json.JSONEncoder(ensure_ascii=False, indent=indent, default=_plain)
    return "".join(_within(encoder.iterencode(value)))


def _within(parts: Iterable[str]) -> Iterator[str]:
    """The parts, up to the first with which they have more than LONGEST characters."""
    length = 0
    for part in parts:
        yield part
        length += len(part)
        if length > LONGEST:
            return


def _text(value: Any, indent: int | None = None) -> str:
    """A text as it is, a date, a decimal, … as its text, other values as JSON."""
    return str(value) if isinstance(value, (str, *PLAIN)) else _json(value, indent)


def _plain(value: Any) -> Any:
    """Replaces a value that JSON has no type for: a set by a list, a date, a decimal, … by its text, others by NOT_SHOWN."""
    if isinstance(value, (set, frozenset)):
        return list(value)
    return str(value) if isinstance(value, PLAIN) else NOT_SHOWN


def own_frames(traceback: str) -> str:
    """The traceback without Celery's own frames, which every traceback begins with, and without Python's lines of carets."""
    kept: list[str] = []
    skipping = False
    for line in traceback.split("\n"):  # not at other line ends, which a secret may contain
        if not line.startswith("    "):  # a frame's first line, or text between frames
            skipping = TRACER in line
        if not skipping and not CARETS.fullmatch(line):
            kept.append(line)
    return "\n".join(kept)


def progress(meta: dict[str, Any]) -> str:
    """`3 of 10, part 4`: joins the values with usual names for done and total. The others follow with their names."""
    rest = dict(meta)
    done = next((rest.pop(name) for name in ("done", "current", "processed") if name in rest), None)
    total = rest.pop("total", None) if done is not None else None
    first = [] if done is None else [_text(done) if total is None else f"{_text(done)} of {_text(total)}"]
    others = ((name, value if isinstance(value, str) else _json(value)) for name, value in rest.items())
    named = (text if name in ("note", "message", "description") else f"{_text(name)}: {text}" for name, text in others)
    return ", ".join(_within(chain(first, named)))


def exception(value: dict[str, Any]) -> str:
    """Celery's JSON form of an exception (celery/backends/base.py, prepare_exception)."""
    message = value.get("exc_message")
    name, parts = _unwrapped(_text(value["exc_type"]), message if isinstance(message, (list, tuple)) else [message])
    texts = (part if isinstance(part, str) else _json(part) for part in parts if part is not None)
    text = ", ".join(_within(texts))
    return f"{name}: {text}" if text else name


def _unwrapped(name: str, args: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """An exception's name and arguments, without Celery's wrapper for exceptions that can't be pickled.

    The wrapper's first arguments are the module, the name and the arguments of the exception.
    """
    match args:
        case [_, str(inner), list() | tuple() as theirs, *_] if name == WRAPPER:
            return inner, theirs
    return name, args
