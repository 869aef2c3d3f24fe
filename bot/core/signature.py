"""Arguments against the signature of a task's function: what Python would refuse at the call, said beforehand."""

import difflib
import inspect
from collections.abc import Iterator
from inspect import Parameter, Signature
from typing import Any

from bot.core.model import Field, Problem
from bot.core.text import one_line

POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
NAMED = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def problems(signature: Signature, args: list[Any], kwargs: dict[str, Any]) -> list[Problem]:
    """Everything that `function(*args, **kwargs)` would raise a TypeError for, each at the field to change."""
    try:
        signature.bind(*args, **kwargs)
    except TypeError:
        return list(_reasons(signature, args, kwargs))
    return []


def _reasons(signature: Signature, args: list[Any], kwargs: dict[str, Any]) -> Iterator[Problem]:
    parameters = list(signature.parameters.values())
    kinds = {parameter.kind for parameter in parameters}
    positional = [p for p in parameters if p.kind in POSITIONAL]
    named = {p.name for p in parameters if p.kind in NAMED}
    by_place = {p.name for p in positional[: len(args)]}

    if len(args) > len(positional) and Parameter.VAR_POSITIONAL not in kinds:
        expected = f"at most {len(positional)}" if positional else "none"
        yield Problem(field=Field.ARGS, text=f"Too many arguments: the task takes {expected}, this is {len(args)}.")
    for key in kwargs:
        if key in named and key in by_place:
            yield Problem(field=Field.KWARGS, text=f'"{one_line(key)}" is given twice: in the list of arguments too.')
        elif key not in named and Parameter.VAR_KEYWORD not in kinds:
            yield Problem(field=Field.KWARGS, text=_unknown(key, named))
    for parameter in parameters:
        given = parameter.name in by_place or (parameter.name in kwargs and parameter.name in named)
        if parameter.default is Parameter.empty and parameter.kind in {*POSITIONAL, *NAMED} and not given:
            field = Field.ARGS if parameter.kind is Parameter.POSITIONAL_ONLY else Field.KWARGS
            yield Problem(field=field, text=f'The task needs the argument "{parameter.name}".')


def _unknown(key: str, known: set[str]) -> str:
    text = f'unknown argument "{one_line(key)}"'
    if close := difflib.get_close_matches(key, known, n=1):
        return f'{text}, did you mean "{close[0]}"?'
    return f"{text}; the task takes {', '.join(sorted(known))}." if known else f"{text}; the task takes none."


def of(function: Any) -> Signature | None:
    """A callable's signature; None for the few that have none to inspect."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None
