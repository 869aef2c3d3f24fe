"""Uses the signatures of tasks to find a TypeError before sending, and to name positional values."""

import difflib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import Parameter, Signature
from itertools import islice
from typing import Any

from bot.core.model import Field
from bot.core.reasons import Code, Problem
from bot.core.secrets import Parameters

MOST = 20  # problems; nobody reads more at once, and each takes time to find
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
NAMED = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def problems(signature: Signature, args: list[Any], kwargs: dict[str, Any]) -> Iterator[Problem]:
    """The first MOST reasons for which `function(*args, **kwargs)` would raise a TypeError, each with the field that must change.

    `Signature.bind` isn't used: before Python 3.12 it refuses calls that Python allows; since then it allows some that fail.
    """
    return islice(_problems(signature, args, kwargs), MOST)


def _problems(signature: Signature, args: list[Any], kwargs: dict[str, Any]) -> Iterator[Problem]:
    parameters = list(signature.parameters.values())
    kinds = {parameter.kind for parameter in parameters}
    positional = [p for p in parameters if p.kind in POSITIONAL]
    named = {p.name for p in parameters if p.kind in NAMED}
    by_position = {p.name for p in positional[: len(args)]}

    if len(args) > len(positional) and Parameter.VAR_POSITIONAL not in kinds:
        code = Code.TOO_MANY_ARGUMENTS if positional else Code.NO_ARGUMENTS
        yield Problem(code=code, field=Field.ARGS, params={"limit": len(positional), "given": len(args)})
    for key in kwargs:
        if key in named and key in by_position:
            yield Problem(code=Code.ARGUMENT_TWICE, field=Field.KWARGS, params={"name": key})
        elif key not in named and Parameter.VAR_KEYWORD not in kinds:
            yield _unknown(key, named)
    for parameter in parameters:
        given = parameter.name in by_position or (parameter.name in kwargs and parameter.name in named)
        if parameter.default is Parameter.empty and parameter.kind in {*POSITIONAL, *NAMED} and not given:
            field = Field.ARGS if parameter.kind is Parameter.POSITIONAL_ONLY else Field.KWARGS
            yield Problem(code=Code.ARGUMENT_MISSING, field=field, params={"name": parameter.name})


def _unknown(key: str, known: set[str]) -> Problem:
    if close := difflib.get_close_matches(key, known, n=1):
        return Problem(code=Code.MISSPELLED_ARGUMENT, field=Field.KWARGS, params={"name": key, "known": close[0]})
    code = Code.UNKNOWN_ARGUMENT if known else Code.NO_KEYWORDS
    return Problem(code=code, field=Field.KWARGS, params={"name": key, "known": ", ".join(sorted(known))})


def of(function: Any, *, follow: bool = True) -> Signature | None:
    """A callable's signature. None: it can't be inspected, which is rare.

    `follow`: whether to take the signature of the function inside its decorators.
    """
    try:
        return inspect.signature(function, follow_wrapped=follow)
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The names of a task's positional values.

    `sure`: the signature of the function that gets the values as they are sent; None: unknown. `possible`: for finding
    secrets. Each item has all names that the value at its index may have, separated by spaces.
    """

    sure: Signature | None = None
    possible: Parameters = ()


UNKNOWN = Names()


def names(own: Signature | None, innermost: Signature | None, *, is_sure: bool = True) -> Names:
    """The names that a task's signatures give its positional values.

    `own`: of the function that Celery calls. `innermost`: of the function inside its decorators. Decorators may put
    further values before the ones that were sent. `is_sure`: whether `own` gets the values as they are sent.
    """
    found = () if innermost is None else _positional(innermost)
    if own is None or _positional(own) != found:
        found = tuple(" ".join(found[at:]) for at in range(len(found)))
    return Names(sure=own if is_sure else None, possible=found)


def _positional(signature: Signature) -> Parameters:
    """The names of positional parameters. A last name that begins with * takes all further values."""
    rest = Parameter.VAR_POSITIONAL
    found = [p for p in signature.parameters.values() if p.kind in (*POSITIONAL, rest)]
    return tuple(f"*{p.name}" if p.kind is rest else p.name for p in found)
