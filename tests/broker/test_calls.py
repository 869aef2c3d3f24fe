"""How a task is called: which calls Celery would refuse to send, and the names of positional values."""

import functools
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import celery
import pytest
from celery import Celery, Task

from bot.broker import calls
from bot.core import signature
from bot.core.secrets import Secrets

CALLS: list[tuple[list[Any], dict[str, Any]]] = [
    ([], {}),
    ([7], {}),
    ([7, 8], {}),
    ([7, 8, 9], {}),
    ([], {"days": 7}),
    ([], {"dayz": 7}),
    ([7], {"days": 7}),
    ([], {"db": 1, "days": 7}),
]


def with_database(function: Any) -> Any:
    """A decorator as platforms have them: it adds an argument that is not in the message."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function("a database", *args, **kwargs)

    return wrapper


def logged(function: Any) -> Any:
    """A decorator that passes all arguments on unchanged."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def nightly(days, region="EU"): ...
def bound(self, days): ...
def injected(db, days): ...
def bound_and_injected(self, db, days): ...
def positional_only(days, /, **more): ...
def keyword_only(*, days): ...


class _Tasks:
    def nightly(self, days): ...


class _Passing(Task):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(*args, **kwargs)


FUNCTIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": (nightly, {}),
    "bound": (bound, {"bind": True}),
    "injected": (with_database(injected), {}),
    "bound and injected": (with_database(bound_and_injected), {"bind": True}),
    "logged": (logged(nightly), {}),
    "tried again": (nightly, {"autoretry_for": (ValueError,)}),
    "unchecked": (nightly, {"typing": False}),
    "positional only": (positional_only, {}),
    "keyword only": (keyword_only, {}),
    "with its own base class": (nightly, {"base": _Passing}),
    "a method": (_Tasks().nightly, {}),
}
HAS_PYDANTIC = celery.VERSION >= (5, 5)
if HAS_PYDANTIC:
    FUNCTIONS["pydantic"] = (nightly, {"pydantic": True})
    FUNCTIONS["bound pydantic"] = (bound, {"bind": True, "pydantic": True})


class _Class(Task):
    name = "a class"

    def run(self, days): ...


class _Injecting(Task):
    name = "an injecting class"

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        self.run("a database", *args, **kwargs)

    def run(self, db: str, days: int) -> None: ...


class _Decorated(Task):
    name = "a decorated class"

    @with_database
    def run(self, db, days): ...


class _Partial(Task):
    name = "a partial"
    run = staticmethod(functools.partial(lambda db, days: None, "a database"))


CLASSES: tuple[Any, ...] = (_Class, _Injecting, _Decorated, _Partial)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """An app with a task of each kind. pydantic needn't be installed: here, Celery needs only its class `BaseModel`."""
    pydantic: Any = ModuleType("pydantic")
    pydantic.BaseModel = type("BaseModel", (), {})
    monkeypatch.setitem(sys.modules, "pydantic", pydantic)
    monkeypatch.setenv("CELERY_BROKER_URL", "memory://")
    made: Any = Celery("platform", set_as_current=False, fixups=[])
    with made:
        made.conf.task_default_queue = "tests.calls"
        for name, (function, options) in FUNCTIONS.items():
            made.task(name=name, shared=False, **options)(function)
        for kind in CLASSES:
            made.register_task(kind())
        yield made


@pytest.mark.parametrize("kind", [*FUNCTIONS, *(kind.name for kind in CLASSES)])
def test_exactly_the_calls_that_celery_would_refuse_are_refused(app: Celery, kind: str) -> None:
    known = calls.signature(app, kind)
    for args, kwargs in CALLS:
        refused = known is not None and any(signature.problems(known, args, kwargs))
        assert refused is _does_celery_refuse(app, kind, args, kwargs), (args, kwargs)


def _does_celery_refuse(app: Celery, kind: str, args: list[Any], kwargs: dict[str, Any]) -> bool:
    try:
        app.tasks[kind].apply_async(tuple(args), kwargs)
    except TypeError:
        return True
    return False


def test_nothing_is_known_about_a_task_that_is_not_registered(app: Celery) -> None:
    assert calls.signature(app, "elsewhere") is None
    assert calls.names(app, "elsewhere") == signature.Names()


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("plain", "(days, region='EU')"),
        ("bound", "(days)"),
        ("tried again", "(days, region='EU')"),
        ("with its own base class", "(days, region='EU')"),
        ("a class", "(days)"),
        ("a partial", "(days)"),
        ("injected", "(*args, **kwargs)"),
        ("logged", "(*args, **kwargs)"),
        ("a decorated class", "(*args, **kwargs)"),
        ("an injecting class", None),
        ("unchecked", None),
        *([("pydantic", "(days, region='EU')"), ("bound pydantic", "(days)")] if HAS_PYDANTIC else []),
    ],
)
def test_a_rule_uses_only_names_that_are_certain(app: Celery, kind: str, names: str | None) -> None:
    """Names are uncertain behind a decorator, because it may pass a value on at another position."""
    found = calls.names(app, kind).sure
    assert (None if found is None else str(found)) == names


@pytest.mark.parametrize("wrap", [with_database, logged])
def test_a_secret_is_masked_wherever_a_decorator_may_put_it(app: Celery, wrap: Any) -> None:
    """If the decorator adds an argument, the token is the first value in the message, otherwise the second."""

    def nightly(db, api_token, days): ...

    app.task(name="shop.secret", shared=False)(wrap(nightly))
    secrets = Secrets(names=calls.names(app, "shop.secret").possible)
    assert secrets.args(["one", "two", 7]) == ["••••••", "••••••", 7]


@pytest.mark.parametrize("kind", ["plain", "unchecked", "tried again"])
def test_values_of_a_plain_task_have_the_names_of_its_parameters(app: Celery, kind: str) -> None:
    assert calls.names(app, kind).possible == ("days", "region")
