"""Foreign text is made safe to show, and cut to the allowed length."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.text import BIDI, clean, clip, clip_middle, clip_start, duration, exact, first_fitting, one_line, visible
from tests.core import strategies

LIMITS = st.integers(3, 80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("\x1b[1;31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;title\x07text", "text", id="a window title"),
        pytest.param("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link", id="a terminal's link"),
        pytest.param("\x1b(Bplain\x1b=", "plain", id="short escapes"),
        pytest.param("user\u202etxt.exe", "usertxt.exe", id="direction override"),
        pytest.param("a\u2066b\u2069\u200f\u061c", "ab", id="direction isolates and marks"),
        pytest.param("a\r\nb\rc", "a\nb\nc", id="line ends"),
        pytest.param("a\tb", "a\tb", id="a tab stays"),
        pytest.param("a\x00b\x9b\x1b", "a�b��", id="control characters"),
        pytest.param("\ud800!", "�!", id="half a character"),
        pytest.param("naïve 😀 été", "naïve 😀 été", id="ordinary text stays"),
    ],
)
def test_text_is_cleaned(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(strategies.any_text)
def test_nothing_dangerous_is_left(text: str) -> None:
    safe = clean(text)
    assert not {ord(c) for c in safe} & set(BIDI)
    assert not [c for c in safe if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs")]
    assert len(safe) <= len(text)
    assert clean(safe) == safe
    safe.encode()


@given(strategies.any_text)
def test_the_result_of_one_line_is_a_single_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert "  " not in line


@given(strategies.text, LIMITS)
def test_nothing_is_longer_than_its_limit(text: str, limit: int) -> None:
    for cut in (clip, clip_middle, clip_start):
        assert len(cut(text, limit)) <= limit
        assert cut(text, limit) == text or len(text) > limit
        assert cut(text, len(text) + 1) == text


@given(st.text("abc", min_size=40, max_size=60), st.text("xyz", min_size=1, max_size=10))
def test_two_long_names_that_differ_at_an_end_stay_distinguishable(common: str, ending: str) -> None:
    assert clip_middle(common + ending, 30) != clip_middle(common + ending[::-1] + "!", 30)
    assert clip_middle(ending + common, 30) != clip_middle("!" + ending + common, 30)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("abcdefghij", 7, "abc…hij", id="odd"),
        pytest.param("abcdefghij", 6, "abc…ij", id="even"),
        pytest.param("abcdefghij", 10, "abcdefghij", id="fits"),
    ],
)
def test_clip_middle_keeps_both_ends(text: str, limit: int, expected: str) -> None:
    assert clip_middle(text, limit) == expected


def test_clip_start_keeps_whole_lines_of_the_end() -> None:
    trace = "Traceback\n  File one\n  File two\nValueError: no"
    assert clip_start(trace, 30) == "…\n  File two\nValueError: no"
    assert clip_start("x" * 50, 10) == "…\n" + "x" * 8


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-1, "0 ms"), (0, "0 ms"), (0.3404, "340 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (3.24, "3.2 s"),
        (59.94, "59.9 s"), (59.96, "1 min 00 s"), (60, "1 min 00 s"), (245.4, "4 min 05 s"), (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"), (7800, "2 h 10 min"), (180_000, "50 h 00 min"),
    ],
)  # fmt: skip
def test_durations_are_written_in_one_or_two_units(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("shop.tasks.nightly", "shop.tasks.nightly"),
        ("shop.tasks.nightly ", "shop.tasks.nightly␣"),
        ("  shop.tasks", "␣␣shop.tasks"),
        ("shop.tasks\n", "shop.tasks␣"),
        ("shop\u200b.tasks\u00a0", "shop␣.tasks␣"),
        ("\u202eshop", "␣shop"),
        ("shop\u3164\ufe0f", "shop␣␣"),
        ("two words", "two words"),
        (" ", "␣"),
        ("", ""),
    ],
)
def test_invisible_characters_of_a_name_are_shown(name: str, shown: str) -> None:
    assert exact(name) == shown


@given(st.text(st.sampled_from("ab \t\u00a0\u200b\ufeff")))
def test_a_name_that_differs_at_an_end_looks_different(name: str) -> None:
    for blank in " \t\u00a0\u200b":
        assert exact(f"{name}{blank}") != exact(name) != exact(f"{blank}{name}")


@pytest.mark.parametrize(
    ("most", "length", "shown"),
    [
        pytest.param(4, 15, ["aaa", "bbb", "ccc", "ddd"], id="all, without a rest that takes room"),
        pytest.param(3, 99, ["aaa", "bbb", "ccc", "+1"], id="too many"),
        pytest.param(4, 14, ["aaa", "bbb", "ccc", "+1"], id="too long"),
        pytest.param(4, 13, ["aaa", "bbb", "+2"], id="no room for the rest"),
        pytest.param(4, 3, ["+4"], id="none fits"),
    ],
)
def test_the_first_lines_that_fit_are_shown_and_the_rest_is_counted(most: int, length: int, shown: list[str]) -> None:
    assert first_fitting(["aaa", "bbb", "ccc", "ddd"], most, length, "+{number}") == shown
    assert len("\n".join(shown)) <= length


def test_lines_that_do_not_fit_leave_out_none_that_fits_before_them() -> None:
    assert first_fitting(["a" * 9, "b"], 2, 8, "+{number}") == ["+2"]


def test_invisible_characters_are_seen() -> None:
    """Those of the first two lines are printable for Python, and nothing to see."""
    odd = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00013441\U00013442\U00016fe4\U0001d159"
    odd += "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
    for character in odd + "\u00a0\u00ad\u200b\u2060\ufeff\U000e0041":
        assert visible(f"a{character}") == f"a{json.dumps(character)[1:-1]}"
        assert exact(f"a{character}b") == "a␣b"


@pytest.mark.parametrize(
    "text", ["DE1", "naïve", "数据", "한국어", "ไทย", "नमस्ते", "שלום", "😀", "e\u0301", "a - b_c", "\u2801"]
)
def test_letters_and_signs_stay_as_they_are(text: str) -> None:
    assert visible(text) == text
    assert exact(text) == text
