"""Foreign text appears in mrkdwn as it was written: its markup doesn't work."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.blocks import Level, Note, alerts, code, context, date, entities, escape, fit, link, section
from bot.slack.ids import ALERT_TEXT, SECTION_TEXT
from tests.core import strategies
from tests.slack.forms import foreign_markup


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("nightly_report_2", "nightly_report_2", id="an ordinary name can be copied"),
        pytest.param("2 * 3", "2 * 3", id="a lonely star"),
        pytest.param("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;", id="mentions"),
        pytest.param("&lt;", "&amp;lt;", id="an entity as text"),
        pytest.param("*bold*", "*\u200bbold*\u200b", id="bold"),
        pytest.param("_it_ ~st~", "_\u200bit_\u200b ~\u200bst~\u200b", id="italic, struck"),
        pytest.param("`x`", "`\u200bx`\u200b", id="code"),
        pytest.param(":smile:", ":\u200bsmile:", id="emoji"),
        pytest.param("at 10:30:15", "at 10:\u200b30:15", id="a time is no emoji"),
        pytest.param("a\nb\tc", "a b c", id="one line"),
        pytest.param("x" * 300, "x" * 199 + "…", id="long"),
    ],
)
def test_text_is_escaped(text: str, shown: str) -> None:
    assert escape(text) == shown


@given(strategies.any_text)
def test_no_markup_of_others_survives(text: str) -> None:
    for shown in (escape(text), code(text), entities(text)):
        assert foreign_markup(shown, "nothing") == []
    assert not re.search(r":[a-z0-9_+-]+:", escape(text))
    assert "`" not in escape(text).replace("`\u200b", "")


@given(strategies.any_text)
def test_code_is_one_piece_of_code(text: str) -> None:
    shown = code(text)
    assert shown[0] == shown[-1] == "`"
    assert len(shown) > 2
    assert "`" not in shown[1:-1]
    assert "\n" not in shown


@given(
    st.lists(st.sampled_from(["&amp;", "<!date^1^{date}|x>", "<https://x|y>", "abc", "&lt;"]), max_size=2000).map(
        "".join
    )
)
def test_long_text_is_not_cut_within_markup(text: str) -> None:
    shown = fit(text)
    assert len(shown) <= SECTION_TEXT
    assert foreign_markup(shown, r"!date[^>]*|https[^>]*") == []
    assert shown == text or len(shown) > SECTION_TEXT - 30


def test_sections_and_contexts_are_fitted() -> None:
    assert len(section("x" * 5000)["text"]["text"]) == SECTION_TEXT
    assert [len(element["text"]) for element in context("x" * 5000, "y")["elements"]] == [SECTION_TEXT, 1]


def blocks_of(*lines: str) -> list[tuple[str, str]]:
    """The type and the text of each block that shows these lines as warnings."""
    return [(block["type"], block["text"]["text"]) for block in alerts(*(Note(Level.WARNING, line) for line in lines))]


def test_text_that_does_not_fit_into_an_alert_stands_below_it() -> None:
    short, long = "a" * 100, "b" * 300
    assert blocks_of() == []
    assert blocks_of(short, "c" * 99) == [("alert", f"{short}\n{'c' * 99}")]
    assert blocks_of(short, "c" * 100) == [("alert", short), ("section", "c" * 100)]
    assert blocks_of(short, long, short) == [("alert", short), ("section", f"{long}\n{short}")]
    assert blocks_of(short, *["b" * 1500] * 2) == [("alert", short), ("section", "b" * 1500), ("section", "b" * 1500)]
    assert blocks_of(long) == [("alert", "b" * 199 + "…"), ("section", long)]


@given(st.lists(st.text("ab&", min_size=1, max_size=300).map(entities), min_size=1, max_size=5))
def test_alerts_lose_nothing(lines: list[str]) -> None:
    shown = blocks_of(*lines)
    assert all(kind == "section" or len(text) <= ALERT_TEXT for kind, text in shown)
    whole = "\n".join(text for _, text in shown).split("\n")
    assert [line for line in whole if not line.endswith("…")] == lines
    assert all(foreign_markup(text, "nothing") == [] for _, text in shown)


def test_dates_are_in_the_readers_zone() -> None:
    at = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
    assert date(at) == "<!date^1793880000^{date_short_pretty} {time}|2026-11-05 12:00 UTC>"


def test_a_link_without_an_address_is_its_text() -> None:
    assert link("", "x") == "x"
    assert link("https://x/?a=1&b=<2>", "x") == "<https://x/?a=1&amp;b=&lt;2&gt;|x>"


def test_a_blank_at_the_end_of_a_name_can_be_seen() -> None:
    assert code("shop.tasks.nightly ") == "`shop.tasks.nightly␣`"
