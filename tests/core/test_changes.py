"""The changes between stored and sent values, with secrets masked."""

from typing import Any

import pytest
from hypothesis import given

from bot.core.changes import changes, since
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
