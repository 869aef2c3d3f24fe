"""Slack returns `&`, `<` and `>` in texts as entities (gh:slackapi/bolt-python#513)."""

import re

_STRAY_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
# In mrkdwn, these have a meaning between angle brackets: mentions, channels, @here and the like, and links.
_CONTROL_SEQUENCE = re.compile(r"<(?:[@#!][^<>]+|[a-z][a-z0-9+.-]*:[^<>\s]+(?:\|[^<>]*)?)>", re.IGNORECASE)


def escape_plain(text: str) -> str:
    """The text of a plain_text object as Slack returns it. Entities in it stay as they are."""
    return _STRAY_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def escape_mrkdwn(text: str) -> str:
    """Message text, or the text of a mrkdwn object, as Slack returns it.

    Mentions, links and so on stay as they are. The rest is escaped.
    """
    done = 0
    parts: list[str] = []
    for match in _CONTROL_SEQUENCE.finditer(text):
        parts += [escape_plain(text[done : match.start()]), _STRAY_AMPERSAND.sub("&amp;", match.group())]
        done = match.end()
    return "".join([*parts, escape_plain(text[done:])])


def unescape(text: str) -> str:
    """The text as a person reads it."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
