"""How Slack echoes text: `&`, `<` and `>` come back as entities (gh:slackapi/bolt-python#513)."""

import re

_STRAY_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")
# What mrkdwn understands between angle brackets: mentions, channels, commands and links.
_CONTROL_SEQUENCE = re.compile(r"<(?:[@#!][^<>]+|[a-z][a-z0-9+.-]*:[^<>\s]+(?:\|[^<>]*)?)>", re.IGNORECASE)


def escape_plain(text: str) -> str:
    """A plain_text object's text as it comes back; entities already there stay as they are."""
    return _STRAY_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")


def escape_mrkdwn(text: str) -> str:
    """Message text or a mrkdwn object's text as it comes back: live sequences stay live, the rest is escaped."""
    done = 0
    parts: list[str] = []
    for match in _CONTROL_SEQUENCE.finditer(text):
        parts += [escape_plain(text[done : match.start()]), _STRAY_AMPERSAND.sub("&amp;", match.group())]
        done = match.end()
    return "".join([*parts, escape_plain(text[done:])])


def unescape(text: str) -> str:
    """What a person reads."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
