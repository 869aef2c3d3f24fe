"""A seal no longer fits if its values change, or if the border between two parts moves."""

import pytest

from bot.core.seal import holds, seal

KEY = "key"


def test_a_seal_fits_its_own_parts_only() -> None:
    mark = seal(KEY, "T1", "C1", "1.5")
    assert holds(mark, [KEY], "T1", "C1", "1.5")
    assert holds(mark, ["another key", KEY], "T1", "C1", "1.5")
    for parts in [("T1", "C1"), ("T1", "C11", ".5"), ("T1", "C1", "1.5", ""), ("T1", "C1", "1.6")]:
        assert not holds(mark, [KEY], *parts)
    assert not holds(mark, ["another key"], "T1", "C1", "1.5")


def test_a_seal_of_two_parts_does_not_fit_one_joined_part() -> None:
    assert not holds(seal(KEY, "T1", "C1", "1.5"), [KEY], "T1", "C1\0" + "1.5")
    with pytest.raises(ValueError, match="separator"):
        seal(KEY, "T1", "C1\0" + "1.5")


def test_a_mark_with_half_a_character_is_no_seal() -> None:
    assert not holds("\ud800", ["key"], "a")
