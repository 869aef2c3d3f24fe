"""The elements of Block Kit. Foreign text goes into mrkdwn only through `escape`, `code` or `entities`."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.change_texts import MORE, Room
from bot.core.reasons import Code, Reason
from bot.core.text import ELLIPSIS, clean, clip, exact, first_fitting, one_line
from bot.slack import texts
from bot.slack.ids import ALERT_TEXT, BLOCKS_JSON, PREFORMATTED_TEXT, SECTION_TEXT
from bot.texts import sentence

Block = dict[str, Any]
CHANGES = Room(lines=20, length=PREFORMATTED_TEXT)  # changed values in a message or a form
CUT_OFF = re.compile(r"(<[^>]*|&[a-z]*)$")  # a link or an entity that has lost its end
# mrkdwn can't escape characters that format text or make an emoji, so we put a zero-width space after them. We do that only
# at the edge of a word, where they have that effect, so that ordinary names (`nightly_report_2`) can still be copied.
FORMATTING = re.compile(r"(?<!\w)[*_~](?=\S)|(?<=\S)[*_~](?!\w)|`|:(?=[a-z0-9_+-]+:)")


class Level(StrEnum):
    """The severity of a note, the most severe first (docs.slack.dev: blocks/alert-block)."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Note:
    """A line of mrkdwn that a person must notice in a form."""

    level: Level
    text: str


def escape(text: str, limit: int = 200) -> str:
    """Foreign text as one line of mrkdwn without formatting (docs.slack.dev: messaging/formatting-message-text)."""
    return entities(FORMATTING.sub("\\g<0>\u200b", clip(one_line(text), limit)))


def mention(who: str) -> str:
    """A mention of a user (U…, W…) or of a user group (S…)."""
    return f"<!subteam^{who}>" if who.startswith("S") else f"<@{who}>"


def person(account: str, name: str) -> str:
    """A mention of a user, which notifies them. A person without a Slack account is named."""
    return mention(account) if account else f"*{escape(name) or texts.SOMEBODY}*"


def code(text: str, limit: int = 200) -> str:
    """A foreign name as one line of code. Backticks are replaced, as they would end the code."""
    return f"`{entities(clip(exact(text), limit)).replace('`', 'ˋ') or ' '}`"


def entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fit_plain(text: str, limit: int, cut: Callable[[str, int], str] = clip) -> str:
    """Plain text, cut so that it fits even if Slack counts `&`, `<` and `>` as the entities that it makes of them."""
    length = limit
    found = cut(text, length)
    while (excess := len(entities(found)) - limit) > 0:
        length -= 1 + (excess - 1) // len("&amp;")
        found = cut(text, length)
    return found


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def as_sent(returned: Any) -> Any:
    """A view as we have sent it, from the one that Slack returns.

    In plain text, Slack returns `&`, `<` and `>` as entities (gh:slackapi/bolt-python#513). Sent again, they could be too long.
    """
    if isinstance(returned, list):
        return list(map(as_sent, returned))
    if not isinstance(returned, dict):
        return returned
    if returned.get("type") == "plain_text":
        return {**returned, "text": unescaped(returned["text"])}
    return {name: as_sent(value) for name, value in returned.items()}


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def label(text: str) -> str:
    """Foreign text for an option, as one line. Never empty, because Slack refuses that."""
    found = clean(text).replace("\n", " ").replace("\t", " ")
    return found if found.strip() else "?"


def mrkdwn(text: str) -> Block:
    """Our own markup. `verbatim` keeps Slack from finding links, channels and mentions in it."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str, **more: Any) -> Block:
    """`more`: further fields, such as `accessory`, a button on the right."""
    return {"type": "section", "text": mrkdwn(fit(text)), **block_id(more.get("accessory")), **more}


def header(text: str) -> Block:
    """A heading. `text` is our own, never foreign."""
    return {"type": "header", "text": plain(text)}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(fit(text)) for text in texts]}


def alerts(*notes: Note) -> list[Block]:
    """One alert for each level, in modals only. Lines that don't fit into its 200 characters follow in sections, uncut."""
    blocks: list[Block] = []
    for level in Level:
        if lines := [note.text for note in notes if note.level is level]:
            blocks += _alert(level, lines)
    return blocks


def _alert(level: Level, lines: Sequence[str]) -> list[Block]:
    count = max((n for n in range(1, len(lines) + 1) if len("\n".join(lines[:n])) <= ALERT_TEXT), default=0)
    text = "\n".join(lines[:count]) or fit(lines[0], ALERT_TEXT)
    return [
        {"type": "alert", "level": level.value, "text": mrkdwn(text)},
        *map(section, packed(map(fit, lines[count:]), SECTION_TEXT)),
    ]


def packed(lines: Iterable[str], limit: int) -> list[str]:
    """Joins the lines to few texts of at most `limit` characters. A longer line goes on in the next text."""
    found: list[str] = []
    for line in lines:
        if found and len(found[-1]) + 1 + len(line) <= limit:
            found[-1] += f"\n{line}"
        else:
            found += [line[at : at + limit] for at in range(0, len(line), limit)]
    return found


def first_of(lines: Sequence[str]) -> list[str]:
    """The first lines, as many as fit into one text. If some don't fit, a last line says how many."""
    return first_fitting(lines, len(lines), SECTION_TEXT, MORE)


def is_too_long(blocks: list[Block]) -> bool:
    """Whether Slack might not take all of these blocks together in one message."""
    return len(json.dumps(blocks, ensure_ascii=False)) > BLOCKS_JSON


def shortened(blocks: list[Block]) -> list[Block]:
    """The blocks of a message. Cuts the longest texts in them, until Slack takes all of the blocks together."""
    while is_too_long(blocks):
        longest = max(_texts(blocks), key=lambda one: len(one["text"]))
        cut = fit if longest["type"] == "mrkdwn" else clip
        longest["text"] = cut(longest["text"], len(longest["text"]) * 3 // 4)
    return blocks


def _texts(part: Any) -> Iterator[Block]:
    """All objects with a text, however deep in `part`."""
    for one in part.values() if isinstance(part, dict) else part:
        if isinstance(one, dict | list):
            yield from _texts(one)
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        yield part


def fit(text: str, limit: int = SECTION_TEXT) -> str:
    """mrkdwn, cut to Slack's maximum length, but not inside an entity, a link or a date."""
    if len(text) <= limit:
        return text
    return CUT_OFF.sub("", text[: limit - len(ELLIPSIS)]) + ELLIPSIS


def preformatted(text: str) -> Block:
    """Foreign text of several lines, in a block where nothing is parsed. Must not be empty."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}],
    }


def buttons(*elements: Block) -> list[Block]:
    """A row of buttons and menus, if there are any."""
    return [{"type": "actions", **block_id(elements[0]), "elements": list(elements)}] if elements else []


def block_id(element: Block | None) -> dict[str, str]:
    """The field `block_id` for the block with this button. It is the same each time that the message or view is sent.

    Slack gives a new id to a block without one. After an edit, Slack would then refuse a press that was begun before the edit.
    Empty if there is no element, and for a menu: with the same id, Slack would keep what was chosen in the menu.
    """
    return {"block_id": f"{element['action_id']}:{element['value']}"} if element and "value" in element else {}


def button(action: str, text: str, value: str, **more: Block) -> Block:
    """`more`: further fields, such as `confirm`."""
    return {"type": "button", "action_id": action, "text": plain(text), "value": value, **more}


def confirm(title: str, text: str, yes: str, no: str) -> Block:
    """The question that Slack asks before it sends a press. A modified client can skip it."""
    return {"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain(no), "style": "danger"}


def date(at: datetime, day: str = "date_short_pretty") -> str:
    """A moment, shown in the reader's own time zone. With "date_short", a day is never "today"."""
    return f"<!date^{int(at.timestamp())}^{{{day}}} {{time}}|{at:%Y-%m-%d %H:%M %Z}>"


def refusal(denied: Reason) -> str:
    """The sentence of a refusal as mrkdwn, with links to the channels that it names."""
    text = entities(sentence(denied))
    if denied.code is not Code.RULE_CHANNELS:
        return text
    ids = "|".join(map(re.escape, str(denied.params["channels"]).split(", ")))
    return re.sub(rf"\b(?:{ids})\b", r"<#\g<0>>", text)


def link(address: str, text: str) -> str:
    """`text` is mrkdwn. Without an address, it is returned as it is."""
    return f"<{entities(address)}|{text}>" if address else text
