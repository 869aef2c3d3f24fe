"""Foreign text in the tables of docs/parity.md."""

import pytest

from tests.parity.page import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\0b", r"a\u0000b"),
        ("\x1b[31m\x7f\x85", r"\u001b[31m\u007f\u0085"),
        ("one\ntwo\tthree", r"one\ntwo\tthree"),
        ("\u2028\u202eevil\u200b", r"\u2028\u202eevil\u200b"),
        ("días – 30 €", "días – 30 €"),
    ],
)
def test_invisible_characters_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown
