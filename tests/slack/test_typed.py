"""Slack changes typed text. The text as it was typed is restored."""

import pytest
from hypothesis import given

from bot.slack.typed import typed
from tests.core import strategies

BOT = "U0BOT"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<@U0BOT> nightly", "nightly"),
        ("<@U0BOT|runtask> nightly", "nightly"),
        ("hey <@U0BOT> nightly <@U0BOT>", "nightly"),
        ("nightly <@U0BOT> ", "nightly"),
        ("<@U0BOT>", ""),
        ("<@U0BOT>nightly", "nightly"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("&lt;@U0BOT&gt;", "<@U0BOT>"),
        ("owner=<@U1>", "owner=U1"),
        ("owner=<@U1|ana>", "owner=@ana"),
        ("in <#C1|ops>", "in #ops"),
        ("in <#C1|>", "in C1"),
        ("for <!subteam^S1|@leads>", "for @leads"),
        ("for <!here>", "for @here"),
        ("url=<https://a.example/?x=1&amp;y=2>", "url=https://a.example/?x=1&y=2"),
        ("host=<http://a.example|a.example>", "host=a.example"),
        ("to=<mailto:a@b.example|a@b.example>", "to=a@b.example"),
        ("url=<https://a.example/report|here>", "url=https://a.example/report"),
    ],
)
def test_slacks_sequences_become_the_typed_text(text: str, said: str) -> None:
    assert typed(text, BOT).strip() == said.strip()


@given(strategies.any_text)
def test_text_without_sequences_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert typed(f"<@U0BOT> {escaped}", BOT).strip() == text.strip()


@given(strategies.any_text)
def test_no_text_raises_an_error(text: str) -> None:
    typed(text, BOT)
