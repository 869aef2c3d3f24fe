"""Changed values in words: by the path of each value, and with a word on whether that is all."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.change_texts import Room, full_line, rows, secret_names, short_lines, told
from bot.core.changes import INSIDE, changes
from bot.core.model import Change
from bot.core.scrub import MASK

NOTE = "n" * 250
ROOM = Room(lines=20, length=3000)


def changed(old: Any, new: Any, name: str = "x") -> tuple[Change, ...]:
    """The changes between two values of a keyword argument."""
    return changes(([], {name: old}), ([], {name: new}), ("password", "token"))


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        pytest.param(7, 30, ["x: 7 -> 30"], id="a value"),
        pytest.param({"a": {"b": 1}, "c": 2}, {"a": {"b": 5}, "c": 2}, ["x.a.b: 1 -> 5"], id="deep inside"),
        pytest.param([1, {"a": 2}], [1, {"a": 3}], ["x[1].a: 2 -> 3"], id="in a list"),
        pytest.param([1, 2], [1, 2, 3], ["x: [1, 2] -> [1, 2, 3]"], id="a longer list"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, ["x.b: (not set) -> 2"], id="one key more"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, ["x.b: 2 -> (not set)"], id="one key fewer"),
        pytest.param({}, {"a": 1}, ['x: {} -> {"a": 1}'], id="nothing in common"),
        pytest.param({"a": 1}, {"a": True}, ["x.a: 1 -> true"], id="1 is not true"),
        pytest.param({"a": 1}, {"a": 1.0}, ["x.a: 1 -> 1.0"], id="1 is not 1.0"),
        pytest.param({"a: 1": 1}, {"a: 1": 2}, ['x."a: 1": 1 -> 2'], id="a key that looks like a value"),
        pytest.param({"a.b": 1}, {"a.b": 2}, ['x."a.b": 1 -> 2'], id="a key that looks like a path"),
        pytest.param("DE1", "DE1\u200b", ['x: "DE1" -> "DE1\\u200b"'], id="an invisible character"),
        pytest.param("DE1", "DE1\ufe0f", ['x: "DE1" -> "DE1\\ufe0f"'], id="a variation selector"),
        pytest.param("DE1", "DE1\U000e0101", ['x: "DE1" -> "DE1\\udb40\\udd01"'], id="a rare variation selector"),
        pytest.param({"a\u3164": 1}, {"a\u3164": 2}, ["x.a\\u3164: 1 -> 2"], id="an invisible letter in a key"),
        pytest.param("a b", "a  b", ['x: "a b" -> "a  b"'], id="a second space"),
        pytest.param("a", "\u202eb", ['x: "a" -> "\\u202eb"'], id="a direction mark"),
        pytest.param(
            {"token": "aaaaaaaa"}, {"token": "bbbbbbbb"}, [f'x.token: "{MASK}" (a secret was changed)'], id="a secret"
        ),
        pytest.param(
            {"token": "aaaaaaaa", "b": 1},
            {"token": "bbbbbbbb", "b": 2},
            ["x.b: 1 -> 2", f'x.token: "{MASK}" (a secret, perhaps changed)'],
            id="a secret beside another value",
        ),
    ],
)
def test_a_change_is_told_by_the_path_of_each_value(old: Any, new: Any, lines: list[str]) -> None:
    found = told(changed(old, new), ROOM)
    assert (list(found.lines), found.is_all) == (lines, True)
    assert list(map(full_line, rows(changed(old, new)))) == lines


def test_a_positional_argument_has_a_path_too() -> None:
    found = changes(([{"iban": "DE1"}], {}), ([{"iban": "DE2"}], {}), ())
    assert short_lines(found) == ['argument 1.iban: "DE1" -> "DE2"']


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        pytest.param(NOTE + "1", NOTE + "2", ('n1" -> …', 'n2"'), id="at the end"),
        pytest.param("1" + NOTE, "2" + NOTE, ('"1nn', '"2nn'), id="at the start"),
        pytest.param(NOTE + "1" + NOTE, NOTE + "2" + NOTE, ("n1n", "n2n"), id="in the middle"),
        pytest.param("1", NOTE, ('"1"', '"nn'), id="one of them is short"),
        pytest.param([*range(500)], [*range(499), 1], ("x[499]: 499 -> 1",), id="a list"),
        pytest.param([*range(500)], [*range(500), 77777], ("499]", "499, 77777]"), id="a longer list"),
    ],
)
def test_a_long_value_is_shown_around_its_first_difference(old: Any, new: Any, shown: tuple[str, ...]) -> None:
    found = told(changed(old, new), ROOM)
    [line] = found.lines
    assert all(text in line for text in shown)
    assert len(line) < 420
    is_short = isinstance(old, list) and len(old) == len(new)  # the one item that differs is shown in full
    assert found.is_all is is_short
    assert [full_line(row) for row in rows(changed(old, new))] == (
        [line] if is_short else [f"x: {json.dumps(old)} -> {json.dumps(new)}"]
    )


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([Change(name=f"n{at}", old="1", new="2") for at in range(21)], id="too many arguments"),
        pytest.param(changed([*range(21)], [*range(1, 22)]), id="too many values in one argument"),
        pytest.param([Change(name=f"n{at}", old="1" * 100, new="2" * 100) for at in range(20)], id="too much text"),
        pytest.param(changed([*range(INSIDE + 1)], [*range(1, INSIDE + 2)]), id="too many differences"),
        pytest.param([Change(name="n" * 500, old="1", new="2")], id="a long name"),
        pytest.param(changed({"n" * 500: 1, "a": 2}, {"n" * 500: 2, "a": 2}), id="a long key"),
    ],
)
def test_where_not_everything_fits_the_short_form_says_so(found: list[Change]) -> None:
    shown = told(found, ROOM)
    assert not shown.is_all
    assert sum(map(len, shown.lines)) <= 3000
    assert len(shown.lines) <= 21


def test_a_setting_of_the_schedule_shows_invisible_characters() -> None:
    found = told([], ROOM, [Change(name="queue", old="fast", new="fast\u3164")])
    assert found.lines == ("queue of the schedule: fast -> fast␣",)


def test_a_value_that_only_goes_on_is_shown_where_it_goes_on() -> None:
    digits = "1" * 300
    found = told([Change(name="account", old=digits, new=f"{digits}2")], ROOM)
    assert not found.is_all
    assert found.lines[0].endswith("12")


def test_the_short_form_says_how_many_lines_are_left_out() -> None:
    found = told([Change(name=f"n{at}", old="1", new="2") for at in range(8)], Room(lines=5, length=3000))
    assert found.lines[-2:] == ("n4: 1 -> 2", "… and 3 more")


def test_room_for_whole_values_shows_whole_values() -> None:
    found = told(changed(NOTE * 2 + "1", NOTE * 2 + "2"), Room(lines=20, length=3000, name=3000, value=3000))
    assert found.lines == (f'x: "{NOTE * 2}1" -> "{NOTE * 2}2"',)
    assert found.is_all


def test_a_setting_that_is_cut_is_not_all_of_it() -> None:
    queue = Change(name="queue", old="q" * 300, new="slow")
    assert not told([], ROOM, [queue]).is_all
    found = told([], ROOM, [replace(queue, old="fast")])
    assert (found.lines, found.is_all) == (("queue of the schedule: fast -> slow",), True)


def test_only_the_secret_values_inside_an_argument_are_named_as_secret() -> None:
    transfer = {"iban": "DE1", "token": "aaaaaaaa", "n": 1}
    found = changed(transfer, transfer | {"iban": "DE2"}, "transfer")
    assert told(found, ROOM).lines[0] == 'transfer.iban: "DE1" -> "DE2"'
    assert secret_names(found) == ["transfer.token"]
