"""Variables -> typed values, read once, with every problem reported together.

The only module that touches the process environment. A class of variables is a frozen dataclass whose fields are made
by `variable`; `read` fills it. The tables in docs/configuration.md are checked against the same
fields.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

SKIP_CHECKS = "CELERY_SKIP_CHECKS"
T = TypeVar("T")
Parse = Callable[[str], Any]


class BadEnvironment(Exception):
    """Variables that are missing or can't be read; one sentence each, never with a value in it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["Please set these right:", *(f"  - {problem}" for problem in problems)]))
        self.problems = problems


def environ() -> Mapping[str, str]:
    """The environment of this process, live."""
    return os.environ


@contextmanager
def without_checks_by_celery() -> Iterator[None]:
    """While task modules are loaded: Celery would run all system checks, for nobody to read (celery/fixups/django.py).

    That takes as long as everything else at the start, and loads every page into a process that serves none.
    """
    before = os.environ.get(SKIP_CHECKS)
    os.environ[SKIP_CHECKS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SKIP_CHECKS]
        else:
            os.environ[SKIP_CHECKS] = before


def text(raw: str) -> str:
    return raw.strip()


def flag(raw: str) -> bool:
    answers = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return answers[raw.strip().lower()]
    except KeyError:
        raise ValueError("is neither 1 nor 0") from None


def seconds(raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = 0
    if not 0 < value < 10**9:
        raise ValueError("must be a number of seconds above 0")
    return value


def count(raw: str) -> int:
    if not raw.strip().isdecimal() or int(raw) < 1:
        raise ValueError("must be a whole number above 0")
    return int(raw)


def zone(raw: str) -> str:
    try:
        return ZoneInfo(raw.strip()).key
    except (ValueError, KeyError, OSError):  # not one's form, unknown, or a folder of some
        raise ValueError("is no time zone, like Europe/Madrid") from None


def words(raw: str) -> tuple[str, ...]:
    """Names separated by commas or white space."""
    return tuple(raw.replace(",", " ").split())


def url(*schemes: str) -> Parse:
    """An address whose scheme is one of `schemes`; the value is never repeated in the error, it may hold a password."""

    def parse(raw: str) -> str:
        value = raw.strip()
        try:
            parts = urlsplit(value)
            _ = parts.port  # raises for what is no number
        except ValueError:
            hint = ": in a user's name or password, / # ? @ are written %2F %23 %3F %40" if "@" in value else ""
            raise ValueError(f"is not an address{hint}") from None
        if parts.scheme not in schemes or "://" not in value:
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    return parse


def variable(name: str, parse: Parse, default: Any, meaning: str, *, secret: bool = False) -> Any:
    """A dataclass field that is read from `name`; a secret one stays out of the repr."""
    metadata = {"name": name, "parse": parse, "meaning": meaning, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One line of a table of variables."""

    name: str
    meaning: str
    default: Any


def variables(cls: type) -> Iterator[Variable]:
    for item in fields(cls):
        yield Variable(name=item.metadata["name"], meaning=item.metadata["meaning"], default=item.default)


def read(cls: type[T], raw: Mapping[str, Any], problems: list[str] | None = None) -> T:
    """Fill `cls` from `raw`. Unset and empty variables take their default; others are read as if written as text.

    Raises BadEnvironment with all problems, or adds them to `problems` if a list is passed (to report several classes
    together) and leaves the defaults in their place.
    """
    found: list[str] = []
    values: dict[str, Any] = {}
    for item in fields(cls):  # type: ignore[arg-type]  # T is always a dataclass
        given = raw.get(item.metadata["name"])
        if given is None or (isinstance(given, str) and not given.strip()):
            continue
        try:
            values[item.name] = item.metadata["parse"](_as_text(given))
        except ValueError as exc:
            found.append(f"{item.metadata['name']} {exc}")
    if problems is not None:
        problems.extend(found)
    elif found:
        raise BadEnvironment(found)
    return cls(**values)


def _as_text(given: Any) -> str:
    """How a value of Python's stands in the environment. Raises ValueError."""
    if isinstance(given, (str, bool, int, float)):
        return str(given)
    if isinstance(given, (list, tuple)) and all(isinstance(word, str) for word in given):
        return " ".join(given)
    if isinstance(given, dict):
        return json.dumps(given, default=str)
    raise ValueError(f"can't be of type {type(given).__name__}")


@dataclass(frozen=True, kw_only=True)
class Project:
    """What the stand-alone project needs beyond the bot's own options (bot.conf)."""

    database_url: str = variable(
        "DATABASE_URL",
        url("sqlite", "postgres", "postgresql", "mysql"),
        "",
        "the database; unset: SQLite in `RUNTASK_DATA`",
        secret=True,
    )
    broker_url: str = variable(
        "CELERY_BROKER_URL",
        url("redis", "rediss", "redis+socket", "amqp", "amqps", "filesystem", "memory"),
        "filesystem://",
        "the broker; `filesystem://` (our safe variant, in `RUNTASK_DATA`) needs no server",
        secret=True,
    )
    default_queue: str = variable(
        "CELERY_TASK_DEFAULT_QUEUE", text, "celery", "the queue of tasks that name none; as on the platform"
    )
    secret_key: str = variable(
        "DJANGO_SECRET_KEY", text, "", "Django's secret key; the web process needs one", secret=True
    )
    allowed_hosts: tuple[str, ...] = variable(
        "DJANGO_ALLOWED_HOSTS", words, (), "host names of the site; unset: that of `RUNTASK_BASE_URL`, and loopback"
    )
    debug: bool = variable("DJANGO_DEBUG", flag, False, "Django's debug mode")
    time_zone: str = variable("DJANGO_TIME_ZONE", zone, "UTC", "time zone of the admin")
    data: str = variable("RUNTASK_DATA", text, "var", "folder of the embedded database and broker")
    sidecar: bool = variable(
        "RUNTASK_SIDECAR", flag, False, "beside a platform, on its database: migrate our own tables only"
    )
    imports: tuple[str, ...] = variable(
        "RUNTASK_IMPORTS", words, (), "task modules that this project's Celery app loads"
    )


def default_settings() -> None:
    """Serve the stand-alone project unless DJANGO_SETTINGS_MODULE names another."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bot.settings")
