"""Checks the arguments of a run against the rules that limit them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from inspect import Parameter, Signature
from itertools import islice
from typing import Any

from bot.core import keywords, schemas
from bot.core.model import Field
from bot.core.reasons import Code, Problem
from bot.core.rules import Rule
from bot.core.secrets import Call
from bot.core.signature import POSITIONAL
from bot.core.text import clip, one_line

MOST = 5  # problems that are reported for one rule
EXPECTED_LENGTH = 200  # characters of the expected value that are shown


def problems(rules: Iterable[Rule], call: Call, stored: Call | None, signature: Signature | None) -> Iterator[Problem]:
    """The reasons for which these rules don't allow `call`, each with the field that must change.

    The problems contain no value of the call. `stored`: the schedule's own values; None: they can't be read.
    `signature`: the task's signature; None: it isn't known.
    """
    limiting = [rule for rule in rules if rule.arguments is not None]
    if not limiting:
        return
    args, kwargs = call
    names = _names(signature, args)
    if names is None and _written(args) != _written(stored[0] if stored else []):
        for rule in limiting:
            yield Problem(code=Code.RULE_ARGS_UNNAMED, field=Field.ARGS, params={"rule": rule.name})
        return
    by_position = dict(names or {})
    if twice := sorted(set(by_position) & set(kwargs)):
        yield Problem(code=Code.ARGUMENT_TWICE, field=Field.KWARGS, params={"name": twice[0]})
        return
    if signature is not None and (misplaced := sorted(_positional_only(signature) & set(kwargs))):
        for rule in limiting:
            params = {"rule": rule.name, "name": misplaced[0]}
            yield Problem(code=Code.RULE_PLACE_ONLY, field=Field.KWARGS, params=params)
        return
    for rule in limiting:
        yield from _of_rule(rule, {**by_position, **kwargs}, frozenset(by_position))


def _written(args: list[Any]) -> str:
    """The values as JSON, to compare them with their types: in Python, `[1] == [True]`."""
    return json.dumps(args, sort_keys=True)


def _names(signature: Signature | None, args: list[Any]) -> dict[str, Any] | None:
    """Positional values by the names of their parameters. The values of `*args` are one list. None: some value has no name."""
    if signature is None:
        return None if args else {}
    parameters = signature.parameters.values()
    positional = [p.name for p in parameters if p.kind in POSITIONAL]
    found = dict(zip(positional, args, strict=False))
    variadic = next((p.name for p in parameters if p.kind is Parameter.VAR_POSITIONAL), None)
    if rest := args[len(positional) :]:
        if variadic is None:
            return None
        found[variadic] = rest
    return found


def _positional_only(signature: Signature) -> set[str]:
    """The parameters that no keyword sets. A keyword of such a name goes into `**kwargs`; the parameter keeps its default."""
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL)
    return {parameter.name for parameter in signature.parameters.values() if parameter.kind in kinds}


def _of_rule(rule: Rule, values: Mapping[str, Any], by_position: frozenset[str]) -> Iterator[Problem]:
    try:
        validator = schemas.validator(rule.arguments)
    except schemas.ExtraMissing:
        yield Problem(
            code=Code.RULE_UNCHECKED, field=Field.SCHEDULE, params={"rule": rule.name, "extra": schemas.EXTRA}
        )
        return
    try:
        with keywords.in_time():
            found = list(islice(validator.iter_errors(values), MOST))
    except TimeoutError:
        field = Field.KWARGS if set(values) - by_position else Field.ARGS
        yield Problem(code=Code.RULE_TOO_SLOW, field=field, params={"rule": rule.name})
        return
    except keywords.BadExpression:  # an earlier version accepted it
        yield Problem(code=Code.RULE_BAD_PATTERN, field=Field.SCHEDULE, params={"rule": rule.name})
        return
    for error in found:
        yield _problem(rule, error, by_position)


def _problem(rule: Rule, error: Any, by_position: frozenset[str]) -> Problem:
    path = list(error.absolute_path)
    field = Field.ARGS if path and path[0] in by_position else Field.KWARGS
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        name = _path_text([*path, missing[0]])
        return Problem(code=Code.RULE_NEEDS_ARGUMENT, field=field, params={"rule": rule.name, "name": name})
    expected = clip(one_line(json.dumps(error.validator_value, ensure_ascii=False)), EXPECTED_LENGTH)
    if not path:
        params = {"rule": rule.name, "keyword": error.validator, "expected": expected}
        return Problem(code=Code.RULE_REFUSES_ARGUMENTS, field=field, params=params)
    params = {"rule": rule.name, "name": _path_text(path), "keyword": error.validator, "expected": expected}
    return Problem(code=Code.RULE_REFUSES_VALUE, field=field, params=params)


def _path_text(path: list[str | int]) -> str:
    """A path as people read it: `days`, `options.days`, `days[0]`."""
    first, *others = path
    return clip(str(first) + "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in others), 100)
