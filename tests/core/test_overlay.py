"""Values of a mention replace stored ones in the form."""

import json
from typing import Any

import pytest
from hypothesis import given

from bot.core import arguments
from bot.core.model import Field, Shown
from bot.core.overlay import overlaid
from bot.core.secrets import Secrets
from tests.core import strategies

LIMIT = 3000


def stored(
    args: str = "[1.10]", kwargs: str = '{"days": 7, "rate": 1.10, "token": "hunter2hunter2"}'
) -> dict[Field, Shown]:
    return {of: arguments.shown(text, of, Secrets()) for of, text in ((Field.ARGS, args), (Field.KWARGS, kwargs))}


def test_members_are_replaced_or_added_and_the_others_keep_their_text() -> None:
    found, left_out = overlaid(stored(), None, {"days": 30, "new": [1]}, limit=LIMIT)
    assert found[Field.KWARGS].compact == '{"days": 30, "rate": 1.10, "token": "••••••", "new": [1]}'
    assert found[Field.ARGS].compact == "[1.10]"
    assert left_out == ()


def test_a_list_replaces_the_stored_one() -> None:
    found, _ = overlaid(stored(), ["x"], {}, limit=LIMIT)
    assert (found[Field.ARGS].value, found[Field.ARGS].text) == (["x"], '[\n  "x"\n]')
    assert found[Field.KWARGS] == stored()[Field.KWARGS]


@pytest.mark.parametrize("kwargs", ["{", "[1]", '{"a": 1, "a": 2}'])
def test_stored_values_that_can_not_be_read_stay(kwargs: str) -> None:
    before = stored(kwargs=kwargs)
    found, left_out = overlaid(before, [2], {"days": 30}, limit=LIMIT)
    assert found[Field.KWARGS] == before[Field.KWARGS]
    assert found[Field.ARGS].value == [2]
    assert left_out == (Field.KWARGS,)


def test_a_list_replaces_a_stored_one_that_can_not_be_read() -> None:
    found, left_out = overlaid(stored(args="["), [2], {}, limit=LIMIT)
    assert (found[Field.ARGS].problems, left_out) == ((), ())


def test_values_that_are_too_long_for_an_input_are_left_out() -> None:
    before = stored()
    found, left_out = overlaid(before, ["x" * 100], {"text": "y" * 100}, limit=60)
    assert found == before
    assert set(left_out) == {Field.ARGS, Field.KWARGS}


@given(strategies.objects, strategies.objects, strategies.lists)
def test_an_overlay_equals_the_merged_values_for_any_json(
    old: dict[str, Any], new: dict[str, Any], args: list[Any]
) -> None:
    before = {
        Field.ARGS: arguments.shown("[]", Field.ARGS, Secrets(keys=())),
        Field.KWARGS: arguments.shown(json.dumps(old), Field.KWARGS, Secrets(keys=())),
    }
    found, left_out = overlaid(before, args, new, limit=10**9)
    assert left_out == ()
    for shown, wanted in ((found[Field.ARGS], args), (found[Field.KWARGS], {**before[Field.KWARGS].value, **new})):
        assert json.loads(shown.compact) == json.loads(shown.text) == shown.value == wanted
