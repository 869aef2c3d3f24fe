"""Masks that come back stand for the stored secrets, or are refused."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import arguments, kept
from bot.core.model import Field
from bot.core.reasons import Code, Invalid
from bot.core.scrub import MASK
from bot.core.secrets import WORDS, Secrets
from tests.core import strategies

HOSTS = [{"name": "a", "password": "x"}, {"name": "b", "password": "y"}]
A, B = {"name": "a", "password": MASK}, {"name": "b", "password": MASK}
LOG_IN = ("user", "password")


def sent(typed: Any, stored: Any, names: tuple[str, ...] = ()) -> Any:
    """Returns the values that are sent for a typed object or list."""
    of = Field.KWARGS if isinstance(typed, dict) else Field.ARGS
    nothing: dict[Field, Any] = {Field.ARGS: [], Field.KWARGS: {}}
    secrets = Secrets.of(WORDS, names, (stored, {}) if of is Field.ARGS else ([], stored))
    return kept.with_secrets({**nothing, of: typed}, {**nothing, of: stored}, secrets, None)[of]


@pytest.mark.parametrize(
    ("typed", "stored", "expected"),
    [
        pytest.param({"pwd": MASK, "n": 2}, {"pwd": "x", "n": 1}, {"pwd": "x", "n": 2}, id="beside an edit"),
        pytest.param({"n": 1, "pwd": "new"}, {"pwd": "x"}, {"n": 1, "pwd": "new"}, id="a new secret"),
        pytest.param({"auth": MASK}, {"auth": {"u": [1]}}, {"auth": {"u": [1]}}, id="a whole object"),
        pytest.param({"l": [A, B, 5]}, {"l": HOSTS}, {"l": [*HOSTS, 5]}, id="an item added at the end"),
        pytest.param(
            {"l": [{**A, "n": 1}, B]}, {"l": HOSTS}, {"l": [{**HOSTS[0], "n": 1}, HOSTS[1]]}, id="one item edited"
        ),
        pytest.param({"u": f"amqp://u:{MASK}@h"}, {"u": "amqp://u:pw@h"}, {"u": "amqp://u:pw@h"}, id="a text"),
        pytest.param({"c": ["--pwd", MASK, "-v"]}, {"c": ["--pwd", "x"]}, {"c": ["--pwd", "x", "-v"]}, id="an option"),
        pytest.param({"n": MASK}, {"n": MASK}, {"n": MASK}, id="a text that is a mask"),
    ],
)
def test_a_mask_that_was_left_alone_is_sent_as_the_stored_secret(typed: Any, stored: Any, expected: Any) -> None:
    assert sent(typed, stored) == expected


@pytest.mark.parametrize(
    ("typed", "stored", "shared", "expected"),
    [
        pytest.param({"pwd": MASK, "n": 2}, {"pwd": "x", "n": 1}, {"pwd": "x"}, {"pwd": "x", "n": 2}, id="the same"),
        pytest.param({"pwd": MASK}, {"pwd": "x"}, {"pwd": "y"}, "pwd", id="another"),
        pytest.param({"pwd": MASK}, {"pwd": "x"}, {}, "pwd", id="none"),
        pytest.param({"pwd": MASK}, {"pwd": "x"}, None, "pwd", id="unreadable"),
        pytest.param({"pwd": MASK}, {"pwd": "x"}, {"other": "x"}, "pwd", id="elsewhere"),
        pytest.param({"auth": MASK}, {"auth": {"u": [1]}}, {"auth": {"u": [2]}}, "auth", id="a whole object"),
        pytest.param({"s": {"pwd": MASK, "n": 1}}, {"s": {"pwd": "x"}}, {"s": 5}, "s.pwd", id="of another type"),
        pytest.param({"l": [A, B]}, {"l": HOSTS}, {"l": HOSTS[:1]}, "l[1].password", id="an item added"),
        pytest.param({"l": [A, B]}, {"l": HOSTS}, {"l": [*HOSTS, 5]}, {"l": HOSTS}, id="an item removed"),
        pytest.param({"u": f"amqp://u:{MASK}@h"}, {"u": "amqp://u:pw@h"}, {"u": "amqp://u:pw@g"}, "u", id="a text"),
        pytest.param(
            {"pwd": "typed", "c": {f"as {MASK}": 1}}, {"pwd": "old-secret", "c": {"as old-secret": 1}}, {}, "c", id="a key"
        ),
        pytest.param({"n": MASK, "k": 2}, {"n": MASK, "k": 1}, {}, {"n": MASK, "k": 2}, id="a text that is a mask"),
    ],
)  # fmt: skip
def test_in_somebody_elses_values_a_mask_stands_only_for_a_shared_secret(
    typed: Any, stored: Any, shared: Any, expected: Any
) -> None:
    secrets = Secrets.of(WORDS, (), ([], stored))
    left, there, also_there = ({Field.ARGS: [], Field.KWARGS: one} for one in (typed, stored, shared))

    def result() -> Any:
        return kept.with_secrets(left, there, secrets, None, also_there)[Field.KWARGS]

    if not isinstance(expected, str):
        assert result() == expected
        return
    with pytest.raises(Invalid) as refused:
        result()
    assert [(one.code, one.params["where"]) for one in refused.value.problems] == [(Code.MASK_FOREIGN, expected)]


def test_positional_secrets_are_kept_by_their_position() -> None:
    assert sent(["ben", MASK], ["ada", "x"], LOG_IN) == ["ben", "x"]
    assert sent([MASK, "new"], ["x", "y"], ("token", "password")) == ["x", "new"]


@pytest.mark.parametrize(
    ("typed", "stored", "code", "where"),
    [
        pytest.param({"pwd": MASK}, {}, Code.MASK_WITHOUT_SECRET, "pwd", id="nothing stored"),
        pytest.param({"n": MASK}, {"pwd": "x", "n": 1}, Code.MASK_WITHOUT_SECRET, "n", id="nothing secret there"),
        pytest.param({"s": {MASK: 1}}, {}, Code.MASK_WITHOUT_SECRET, "s", id="as a key"),
        pytest.param({"pwd": f"x{MASK}"}, {"pwd": "x"}, Code.MASK_EDITED, "pwd", id="a part of a text"),
        pytest.param({"u": f"amqp://u:{MASK}@evil"}, {"u": "amqp://u:pw@h"}, Code.MASK_EDITED, "u", id="a text around it"),
        pytest.param({"l": [B, A]}, {"l": HOSTS}, Code.MASK_MOVED, "l", id="items swapped"),
        pytest.param({"l": [B]}, {"l": HOSTS}, Code.MASK_MOVED, "l", id="an item removed"),
        pytest.param({"l": [5, A, B]}, {"l": HOSTS}, Code.MASK_MOVED, "l", id="an item added before"),
        pytest.param({"l": [B, 5]}, {"l": HOSTS}, Code.MASK_MOVED, "l", id="an item removed, another added"),
        pytest.param({"l": [5, A]}, {"l": [HOSTS[0], HOSTS[0]]}, Code.MASK_MOVED, "l", id="one of twins removed"),
        pytest.param({"name": "days", "value": MASK}, {"name": "pwd", "value": "x"}, Code.MASK_MOVED, "value", id="renamed"),
        pytest.param({"c": ["--days", MASK]}, {"c": ["--pwd", "x"]}, Code.MASK_MOVED, "c", id="another option"),
        pytest.param({"c": ["--token", MASK]}, {"c": ["--pwd", "x"]}, Code.MASK_MOVED, "c", id="another secret option"),
        pytest.param(
            {"pwd": "new-secret", "c": f"as {MASK}"}, {"pwd": "old-secret", "c": "as old-secret"}, Code.MASK_MOVED, "c",
            id="a secret that would be shown",
        ),
    ],
)  # fmt: skip
def test_a_mask_is_refused_if_its_secret_is_uncertain(typed: Any, stored: Any, code: Code, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        sent(typed, stored)
    assert [(problem.code, problem.params["where"]) for problem in refused.value.problems] == [(code, where)]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        pytest.param([MASK, "ada"], LOG_IN, id="swapped"),
        pytest.param([MASK], LOG_IN, id="the first one removed"),
        pytest.param([MASK], ("token", "password"), id="one of two secrets removed"),
    ],
)
def test_arguments_that_have_moved_are_refused(typed: list[Any], names: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        sent(typed, ["ada", "x"], names)


@given(strategies.objects, strategies.lists, st.sampled_from([(), ("token",), ("user", "password", "*keys")]))
def test_an_unchanged_form_is_sent_as_stored(kwargs: dict[str, Any], args: list[Any], names: tuple[str, ...]) -> None:
    stored = {Field.ARGS: args, Field.KWARGS: {**kwargs, "auth": args, "hosts": [{"token": kwargs, "x": args}]}}
    secrets = Secrets.of(WORDS, names, (stored[Field.ARGS], stored[Field.KWARGS]))
    shown = {of: arguments.shown(json.dumps(value), of, secrets) for of, value in stored.items()}
    typed = {of: arguments.parse(one.text, of) for of, one in shown.items()}
    assert typed == {of: one.value for of, one in shown.items()}
    assert kept.with_secrets(typed, stored, secrets, None) == stored


def test_many_edited_items_take_time_in_proportion_to_their_number() -> None:
    """Measures CPU time, so that a busy machine doesn't matter. Comparing all pairs would take 64 times as long."""

    def cost(size: int) -> float:
        stored = [{"name": f"host {n}", "password": "x"} for n in range(size)]
        typed = [{**item, "password": MASK, "port": 1} for item in stored]
        began = time.process_time()
        with pytest.raises(Invalid):
            sent({"hosts": typed}, {"hosts": stored})
        return time.process_time() - began

    assert any(cost(4000) < 24 * cost(500) for _ in range(3))
