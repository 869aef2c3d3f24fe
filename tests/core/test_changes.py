"""The changes between stored and sent values, with secrets masked."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.changes import Difference, changes, inside, since
from bot.core.model import Change
from bot.core.scrub import MASK
from bot.core.secrets import Secrets, is_secret
from tests.core import strategies

SECRETS = ("password", "token", "api_key")
Values = tuple[list[Any], dict[str, Any]]


def change(argument: str | int, old: str | None, new: str | None) -> Change:
    """A change of the argument with this name, or at this position."""
    if isinstance(argument, int):
        return Change(position=argument, old=old, new=new)
    return Change(name=argument, old=old, new=new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(([], {"days": 7}), ([], {"days": 30}), [change("days", "7", "30")], id="a value"),
        pytest.param(([], {"a": 1, "b": 2}), ([], {"b": 2, "a": 1}), [], id="the order of keys is no change"),
        pytest.param(([], {"o": {"a": 1, "b": 2}}), ([], {"o": {"b": 2, "a": 1}}), [], id="nor is the order of inner keys"),
        pytest.param(([1], {}), ([True], {}), [change(1, "1", "true")], id="1 is not true"),
        pytest.param(([], {"a": 0}), ([], {"a": False}), [change("a", "0", "false")], id="0 is not false"),
        pytest.param(([], {"a": 1}), ([], {"a": 1.0}), [change("a", "1", "1.0")], id="1 is not 1.0"),
        pytest.param(([], {"a": "1"}), ([], {"a": 1}), [change("a", '"1"', "1")], id="a text is no number"),
        pytest.param(([], {"a": None}), ([], {}), [change("a", "null", None)], id="null is not absent"),
        pytest.param(([], {}), ([], {"ü": "é"}), [change("ü", None, '"é"')], id="a new key"),
        pytest.param(([1, 2], {}), ([1], {}), [change(2, "2", None)], id="one argument fewer"),
        pytest.param(([], {}), ([[]], {}), [change(1, None, "[]")], id="one argument more"),
        pytest.param(([1, 2], {}), ([2, 1], {}), [change(1, "1", "2"), change(2, "2", "1")], id="two arguments swapped"),
        pytest.param(([], {"token": "a"}), ([], {"token": "b"}), [change("token", MASK, MASK)], id="a secret"),
        pytest.param(([], {"token": "a"}), ([], {}), [change("token", MASK, None)], id="a secret taken out"),
        pytest.param(
            ([], {"db": {"host": "a", "password": "x"}}), ([], {"db": {"host": "b", "password": "x"}}),
            [change("db", f'{{"host": "a", "password": "{MASK}"}}', f'{{"host": "b", "password": "{MASK}"}}')],
            id="a secret inside a value",
        ),
        pytest.param(
            ([[{"token": "x"}]], {}), ([[{"token": "y"}]], {}),
            [change(1, f'[{{"token": "{MASK}"}}]', f'[{{"token": "{MASK}"}}]')], id="a secret in a list",
        ),
    ],
)  # fmt: skip
def test_each_argument_that_differs_is_a_change(old: Values, new: Values, expected: list[Change]) -> None:
    assert list(changes(old, new, SECRETS)) == expected


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("password", True), ("DB_PASSWORD", True), ("x-api-key", True), ("API_Key_2", True), ("tokens", True),
        ("pass", False), ("api", False), ("", False),
    ],
)  # fmt: skip
def test_a_key_is_secret_if_it_contains_a_secret_word(key: str, secret: bool) -> None:
    assert is_secret(key, SECRETS) is secret


@given(strategies.objects)
def test_equal_values_have_no_changes(value: dict[str, Any]) -> None:
    assert changes(([value], value), ([value], value), SECRETS) == ()


@given(strategies.values)
def test_no_secret_survives_masking_however_deeply_it_is_nested(value: Any) -> None:
    secret = {"password": "hunter2", "more": [value, {"my_token": {"inner": "hunter2"}}]}
    assert "hunter2" not in repr(Secrets(keys=SECRETS).value({"x": secret, "y": [secret]}))


def test_a_secret_of_the_headers_is_masked_in_values_too() -> None:
    """Forms mask it there, too (bot.runs.masks)."""
    old: Values = ([], {"url": "https://h/?k=s3cr3t-abcdef"})
    new: Values = ([], {"url": "https://h/"})
    headers = {"api_token": "s3cr3t-abcdef"}
    shown = Change(name="url", old=f'"https://h/?k={MASK}"', new='"https://h/"')
    assert changes(old, new, SECRETS, headers=headers) == (shown,)
    assert since(old, (), new, SECRETS, headers=headers) == (shown,)


LEAVES = st.sampled_from([0, 1, -1, 0.0, -0.0, 1.0, 1.5, True, False, None, "", "1", "a", MASK, f"x{MASK}", "•"])


@given(LEAVES, LEAVES)
def test_items_differ_if_their_json_differs_or_may_hide_a_secret(old: Any, new: Any) -> None:
    before, after = (json.dumps(one, ensure_ascii=False) for one in (old, new))
    expected = [Difference((1,), before, after)] if before != after or MASK in before else []
    whole = Change(name="x", old=f"[0, {before}, [7]]", new=f"[0, {after}, [7]]")
    found = inside(whole)
    assert found == tuple(expected or [Difference((), whole.old, whole.new)])


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(int, id="numbers"),
        pytest.param(float, id="decimals"),
        pytest.param(str, id="texts"),
        pytest.param(lambda n: {"id": n}, id="objects"),
        pytest.param(lambda n: [n], id="lists"),
    ],
)
def test_a_large_value_is_compared_in_about_the_time_in_which_it_is_read(item: Callable[[int], Any]) -> None:
    old = [item(n) for n in range(1, 20_000)]
    one = Change(name="x", old=json.dumps(old), new=json.dumps([*old[:-1], 0]))

    def seconds(what: Callable[[], Any]) -> float:
        began = time.process_time()
        what()
        return time.process_time() - began

    def read() -> Any:
        return json.loads(one.old or ""), json.loads(one.new or "")

    assert any(seconds(lambda: inside(one)) < 8 * seconds(read) for _ in range(3))
