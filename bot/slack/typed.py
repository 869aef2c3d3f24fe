"""What a person has typed, from the text of their message (docs.slack.dev: messaging/formatting-message-text)."""

import re

from bot.slack.blocks import unescaped

SEQUENCE = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
MENTION = "<@>"  # Slack sends no such sequence
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?://)?")


def typed(text: str, bot: str) -> str:
    """What follows the first mention of `bot`, or else what is before it.

    Links, people and channels are as they were typed, as far as Slack tells that.
    """
    before, _, behind = re.sub(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>", MENTION, text).partition(MENTION)
    behind = behind.replace(MENTION, " ")
    found = SEQUENCE.sub(lambda match: _typed(match[1], match[2] or ""), behind if behind.strip() else before)
    return unescaped(found)


def _typed(target: str, label: str) -> str:
    """Slack makes `<http://shop.example|shop.example>` of `shop.example`, and `<@U1>` of a name that was picked."""
    if target[:1] in ("@", "#"):
        return f"{target[0]}{label}" if label else target[1:]
    if target.startswith("!"):
        return label or f"@{target[1:]}"
    # Somebody can also give a link any label. Then the address is what counts.
    return label if label and SCHEME.sub("", target, count=1).rstrip("/") == label.rstrip("/") else target
