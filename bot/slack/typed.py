"""Restores what a person typed from the text that Slack sends (docs.slack.dev: messaging/formatting-message-text)."""

import re

from bot.slack.blocks import unescaped

SEQUENCE = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
MENTION = "<@>"  # stands for any mention of the bot; Slack itself sends no such sequence
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?://)?")


def typed(text: str, bot: str) -> str:
    """The text after the first mention of `bot`. If nothing follows it, the text before it.

    Links, people and channels appear as the person typed them, as far as Slack's text says how.
    """
    before, _, after = re.sub(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>", MENTION, text).partition(MENTION)
    after = after.replace(MENTION, " ")
    found = SEQUENCE.sub(lambda match: _typed(match[1], match[2] or ""), after if after.strip() else before)
    return unescaped(found)


def _typed(target: str, label: str) -> str:
    """Slack makes `<http://shop.example|shop.example>` of `shop.example`, and `<@U1>` of a name that was picked."""
    if target[:1] in ("@", "#"):
        return f"{target[0]}{label}" if label else target[1:]
    if target.startswith("!"):
        return label or f"@{target[1:]}"
    # If the label isn't the address, somebody gave the link a label of their own. Then the address counts.
    return label if label and SCHEME.sub("", target, count=1).rstrip("/") == label.rstrip("/") else target
