"""Arguments are checked against a function's signature, so that mistakes are reported before the call."""

import inspect
from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Field
from bot.core.signature import of, problems
from bot.texts import sentence

NOTHING: tuple[str, ...] = ()


def plain(days, region="EU"): ...
def several(a, b, c=1): ...
def keyword_only(*, days, region="EU"): ...
def positional_only(a, b=2, /): ...
def any_arguments(*args, **kwargs): ...
def variadic(a, *rest, flag): ...
def open_keywords(days, **more): ...
def hidden(days, /, **more): ...
def none(): ...


class Task:
    """A task whose `run` is bound, as in Celery: `self` is no argument."""

    def run(self, days): ...


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "args_problems", "kwargs_problems"),
    [
        pytest.param(plain, [7], {}, NOTHING, NOTHING, id="positional"),
        pytest.param(plain, [], {"days": 7, "region": "US"}, NOTHING, NOTHING, id="keywords"),
        pytest.param(any_arguments, [1, 2], {"x": 1}, NOTHING, NOTHING, id="takes anything"),
        pytest.param(variadic, [1, 2, 3], {"flag": True}, NOTHING, NOTHING, id="*args"),
        pytest.param(open_keywords, [], {"days": 1, "x": 2}, NOTHING, NOTHING, id="**kwargs"),
        pytest.param(hidden, [1], {"days": 2}, NOTHING, NOTHING, id="**kwargs takes the name of a positional-only one"),
        pytest.param(Task().run, [7], {}, NOTHING, NOTHING, id="a bound method"),
        pytest.param(none, [], {}, NOTHING, NOTHING, id="no arguments"),
        pytest.param(
            plain, [], {"dayz": 7}, NOTHING,
            ('Unknown argument "dayz", did you mean "days"?', 'The task needs the argument "days".'), id="a misspelling",
        ),
        pytest.param(
            plain, [1], {"xyz": 7}, NOTHING, ('Unknown argument "xyz"; the task takes days, region.',), id="nothing like it"
        ),
        pytest.param(none, [], {"a": 1}, NOTHING, ('Unknown argument "a"; the task takes none.',), id="takes no keywords"),
        pytest.param(none, [1], {}, ("Too many arguments: the task takes none, and there are 1.",), NOTHING, id="takes no arguments"),
        pytest.param(
            plain, [1, 2, 3], {}, ("Too many arguments: the task takes at most 2, and there are 3.",), NOTHING, id="too many"
        ),
        pytest.param(
            plain, [1], {"days": 7}, NOTHING, ('The argument "days" is given twice: it is in the list of arguments, too.',), id="given twice"
        ),
        pytest.param(
            several, [], {}, NOTHING, ('The task needs the argument "a".', 'The task needs the argument "b".'), id="missing"
        ),
        pytest.param(keyword_only, [], {}, NOTHING, ('The task needs the argument "days".',), id="keyword-only, missing"),
        pytest.param(
            keyword_only, [7], {}, ("Too many arguments: the task takes none, and there are 1.",),
            ('The task needs the argument "days".',), id="keyword-only, given as positional",
        ),
        pytest.param(
            positional_only, [], {}, ('The task needs the argument "a".',), NOTHING, id="positional-only, missing"
        ),
        pytest.param(
            positional_only, [], {"a": 1}, ('The task needs the argument "a".',),
            ('Unknown argument "a"; the task takes none.',), id="positional-only, given as a keyword",
        ),
        pytest.param(hidden, [], {"days": 1}, ('The task needs the argument "days".',), NOTHING, id="swallowed by **kwargs"),
        pytest.param(variadic, [], {}, NOTHING, ('The task needs the argument "a".', 'The task needs the argument "flag".'),
                     id="missing beside *args"),
        pytest.param(
            plain, [1], {"a\nb\x1b[1m": 1}, NOTHING, ('Unknown argument "a b"; the task takes days, region.',), id="hostile key"
        ),
    ],
)  # fmt: skip
def test_each_problem_names_the_field_to_change(
    function: Callable[..., Any],
    args: list[Any],
    kwargs: dict[str, Any],
    args_problems: tuple[str, ...],
    kwargs_problems: tuple[str, ...],
) -> None:
    found = list(problems(inspect.signature(function), args, kwargs))
    assert tuple(sentence(p) for p in found if p.field is Field.ARGS) == args_problems
    assert tuple(sentence(p) for p in found if p.field is Field.KWARGS) == kwargs_problems


KINDS = [Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.VAR_POSITIONAL, Parameter.KEYWORD_ONLY,
         Parameter.VAR_KEYWORD]  # fmt: skip


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=5))
    kinds = sorted(kinds, key=KINDS.index)
    parameters: list[Parameter] = []
    defaults = False
    for name, kind in zip("abcde", kinds, strict=False):
        variadic = kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        if variadic and kind in {p.kind for p in parameters}:
            continue
        has_default = not variadic and (draw(st.booleans()) or (defaults and kind is not Parameter.KEYWORD_ONLY))
        defaults = defaults or (has_default and kind is not Parameter.KEYWORD_ONLY)
        parameters.append(Parameter(name, kind, default=1 if has_default else Parameter.empty))
    return Signature(parameters)


@given(
    signatures(), st.lists(st.just(1), max_size=4), st.dictionaries(st.sampled_from("abcdez"), st.just(1), max_size=4)
)
def test_there_is_a_problem_exactly_when_python_would_refuse(
    signature: Signature, args: list[Any], kwargs: dict[str, Any]
) -> None:
    scope: dict[str, Any] = {}
    # Signature.bind isn't used here, because it refuses some calls that Python allows.
    exec(f"def function{signature}: pass", scope)
    try:
        scope["function"](*args, **kwargs)
        refused = False
    except TypeError:
        refused = True
    assert bool(list(problems(signature, args, kwargs))) == refused


def test_a_function_without_a_signature_is_not_checked() -> None:
    assert of(type) is None
    assert of(plain) == inspect.signature(plain)
