"""Text as Slack returns it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localslack.escape import escape_mrkdwn, escape_plain, unescape


@pytest.mark.parametrize(
    ("given_text", "plain", "mrkdwn"),
    [
        ("a & b", "a &amp; b", "a &amp; b"),
        ("a &amp; b", "a &amp; b", "a &amp; b"),
        ("&nbsp;", "&amp;nbsp;", "&amp;nbsp;"),
        ("1 < 2 > 0", "1 &lt; 2 &gt; 0", "1 &lt; 2 &gt; 0"),
        ("<@U0ANA>", "&lt;@U0ANA&gt;", "<@U0ANA>"),
        ("<!here> <#C1|ops>", "&lt;!here&gt; &lt;#C1|ops&gt;", "<!here> <#C1|ops>"),
        (
            "<https://x.example?a=1&b=2|x>",
            "&lt;https://x.example?a=1&amp;b=2|x&gt;",
            "<https://x.example?a=1&amp;b=2|x>",
        ),
        ("<b>", "&lt;b&gt;", "&lt;b&gt;"),
    ],
)
def test_slack_returns_text_escaped(given_text: str, plain: str, mrkdwn: str) -> None:
    assert (escape_plain(given_text), escape_mrkdwn(given_text)) == (plain, mrkdwn)


@given(st.text())
def test_escaping_twice_changes_nothing_more(text: str) -> None:
    assert escape_plain(escape_plain(text)) == escape_plain(text)
    assert escape_mrkdwn(escape_mrkdwn(text)) == escape_mrkdwn(text)


@given(st.text().filter(lambda text: "&" not in text))
def test_people_read_the_text_as_it_was_written(text: str) -> None:
    assert unescape(escape_plain(text)) == text
