"""Reads variables into typed values, and reports all problems together.

Only this module touches the process environment. A class of variables is a frozen dataclass whose fields are made with
`variable`; `read` fills it. A test compares the tables in docs/configuration.md with these fields.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings

SKIP_CHECKS = "CELERY_SKIP_CHECKS"
STANDALONE = "bot.settings"  # the settings of the stand-alone project. It takes them from bot.site_settings
ROUTE = {"queue", "exchange", "routing_key"}  # options that say where a message goes
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql", "mysql")
T = TypeVar("T")
Parse = Callable[[str], Any]


class BadEnvironment(Exception):
    """Variables are missing or can't be read. `problems` has a sentence for each, which never contains a secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["Please correct these variables:", *(f"  - {problem}" for problem in problems)]))
        self.problems = problems


def environ() -> Mapping[str, str]:
    return os.environ


@contextmanager
def without_checks_by_celery() -> Iterator[None]:
    """Keeps Celery from running all system checks while it loads task modules (celery/fixups/django.py).

    The checks take as long as the rest of the start, and load the code of all pages. A check that fails would end the process.
    Where the checks matter, `bot.broker.app.load_what_checks_load` runs them.
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


def skips_checks_by_celery() -> bool:
    """Whether this process's environment tells Celery to skip the checks. We assume that the workers' environment does, too."""
    return bool(os.environ.get(SKIP_CHECKS))


def text(raw: str) -> str:
    return raw.strip()


def flag(raw: str) -> bool:
    answers = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return answers[raw.strip().lower()]
    except KeyError:
        raise ValueError("must be 1 or 0") from None


def seconds(raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        value = 0
    if not 0 < value < 10**9:
        raise ValueError("must be a number of seconds above 0, below 1000000000")
    return value


def one_of(*words: str) -> Parse:
    def parse(raw: str) -> str:
        if raw.strip().lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return raw.strip().lower()

    return parse


def mapping(raw: str) -> dict[str, Any]:
    """A JSON object. Errors don't contain the text, as it may hold a password."""
    wrong = ValueError('must be a JSON object, like {"key": "value"}')
    try:
        value = json.loads(raw)
    except ValueError:
        raise wrong from None
    if not isinstance(value, dict):
        raise wrong
    return value


def routes(raw: str) -> dict[str, Any]:
    """A dict for Celery's `task_routes`: options that say where tasks go, by glob of their names."""
    found = mapping(raw)
    for glob, where in found.items():
        if not isinstance(where, dict) or not all(isinstance(where[name], str) for name in ROUTE & set(where)):
            raise ValueError(f'must say where {glob} goes, like {{"{glob}": {{"queue": "reports"}}}}')
        if unknown := sorted(set(where) - ROUTE - {"priority"}):
            known = f"{', '.join(sorted(ROUTE))} and priority"
            raise ValueError(f"has an unknown option for {glob}, {unknown[0]!r}: the options are {known}")
        if type(where.get("priority", 0)) is not int:
            raise ValueError(f"must have a whole number as the priority for {glob}")
    return found


def count(raw: str) -> int:
    if not raw.strip().isdecimal() or int(raw) < 1:
        raise ValueError("must be a whole number above 0")
    return int(raw)


def zone(raw: str) -> str:
    try:
        return ZoneInfo(raw.strip()).key
    except (ValueError, KeyError, OSError):  # malformed, unknown, or the name of a folder of time zones
        raise ValueError("must be a time zone, like Europe/Madrid") from None


def words(raw: str) -> tuple[str, ...]:
    """Names separated by commas or white space."""
    return tuple(raw.replace(",", " ").split())


def keys(raw: str) -> tuple[str, ...]:
    """Secrets separated by white space: unlike a name, a key may contain commas."""
    return tuple(raw.split())


def url(*schemes: str) -> Parse:
    """An address with one of these schemes. Errors don't contain it, as it may hold a password."""

    def parse(raw: str) -> str:
        value = raw.strip()
        try:
            parts = urlsplit(value)
            _ = parts.port  # raises if it isn't a number
        except ValueError:
            hint = ": in a user's name or password, / # ? @ are written %2F %23 %3F %40" if "@" in value else ""
            raise ValueError(f"is not an address{hint}") from None
        if parts.scheme not in schemes or "://" not in value:
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    return parse


def variable(name: str, parse: Parse, default: Any, *, secret: bool = False) -> Any:
    """A dataclass field that is read from `name`. A secret is left out of the repr."""
    return field(default=default, repr=not secret, metadata={"name": name, "parse": parse})


@dataclass(frozen=True, kw_only=True)
class Variable:
    """What docs/configuration.md says of a variable: the name and the default."""

    name: str
    default: Any


def variables(cls: type) -> Iterator[Variable]:
    for item in fields(cls):
        yield Variable(name=item.metadata["name"], default=item.default)


def read(cls: type[T], raw: Mapping[str, Any], problems: list[str] | None = None) -> T:
    """Fills `cls` from `raw`. Unset and empty variables get their default. A value that isn't text is first turned into text.

    Raises BadEnvironment with all problems. If a list `problems` is given, the problems are added to it instead, and the
    variables with problems get their default. So the problems of several classes can be reported together.
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
    """A Python value as it would be written in the environment. Raises ValueError for a type that can't be written."""
    if isinstance(given, (str, bool, int, float)):
        return str(given)
    if isinstance(given, (list, tuple)) and all(isinstance(word, str) for word in given):
        return " ".join(given)
    if isinstance(given, dict):
        return json.dumps(given, default=str)
    raise ValueError(f"can't be of type {type(given).__name__}")


@dataclass(frozen=True, kw_only=True)
class Project:
    """The variables of the stand-alone project (docs/configuration.md). The bot's own options are in bot.conf."""

    database_url: str = variable("DATABASE_URL", url(*DATABASE_SCHEMES), "", secret=True)
    broker_url: str = variable(
        "CELERY_BROKER_URL",
        url("redis", "rediss", "redis+socket", "amqp", "amqps", "filesystem", "memory"),
        "filesystem://",  # the embedded broker, in `data`
        secret=True,
    )
    result_backend: str = variable("CELERY_RESULT_BACKEND", text, "django-db", secret=True)
    default_queue: str = variable("CELERY_TASK_DEFAULT_QUEUE", text, "celery")
    routes: Mapping[str, Any] | None = variable("CELERY_TASK_ROUTES", routes, None)
    serializer: str = variable("CELERY_TASK_SERIALIZER", one_of("json", "pickle", "yaml", "msgpack"), "json")
    protocol: str = variable("CELERY_TASK_PROTOCOL", one_of("1", "2"), "2")
    broker_options: Mapping[str, Any] | None = variable("CELERY_BROKER_TRANSPORT_OPTIONS", mapping, None, secret=True)
    result_options: Mapping[str, Any] | None = variable(
        "CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS", mapping, None, secret=True
    )
    secret_key: str = variable("DJANGO_SECRET_KEY", text, "", secret=True)
    secret_key_fallbacks: tuple[str, ...] = variable("DJANGO_SECRET_KEY_FALLBACKS", keys, (), secret=True)
    allowed_hosts: tuple[str, ...] = variable("DJANGO_ALLOWED_HOSTS", words, ())
    debug: bool = variable("DJANGO_DEBUG", flag, False)
    time_zone: str = variable("DJANGO_TIME_ZONE", zone, "UTC")
    data: str = variable("RUNTASK_DATA", text, "var")  # the folder of the SQLite file and of the embedded broker
    sidecar: bool = variable("RUNTASK_SIDECAR", flag, False)
    # For a sidecar with its own database. Empty: a sidecar's tables are in the platform's database.
    platform_url: str = variable("PLATFORM_DATABASE_URL", url(*DATABASE_SCHEMES), "", secret=True)
    platform_zone: str = variable("PLATFORM_TIME_ZONE", zone, "")  # empty: UTC
    imports: tuple[str, ...] = variable("RUNTASK_IMPORTS", words, ())  # modules that define tasks


def default_settings() -> None:
    """Uses the stand-alone project unless DJANGO_SETTINGS_MODULE names other settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", STANDALONE)


def is_in_a_project() -> bool:
    """Whether Django has loaded settings that aren't the stand-alone project's, nor built on them.

    Both import bot.site_settings, and nothing else does.
    """
    return settings.configured and "bot.site_settings" not in sys.modules
