"""Makes foreign text safe to show: without control characters, and not longer than allowed."""

import json
import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate

ELLIPSIS = "…"
# ECMA-48 control sequences for terminals (colours, cursor moves): CSI, OSC with its text, two-character escapes.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
BLANK = "␣"
# Unusual spaces, and characters that fonts show as nothing: Unicode's Default_Ignorable_Code_Point, and blank signs.
# `str.isprintable` is true for some of them.
INVISIBLE = re.compile(
    "[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\u2800\U00013441\U00013442\U00016fe4\U0001d159]"
)
# Unicode's explicit direction marks (UAX #9) can make a text read as another one.
BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def clean(text: str) -> str:
    """Foreign text without ANSI sequences, direction marks, control characters and lone surrogates; keeps \\n and \\t."""
    if text.isprintable():  # the usual case, and faster
        return text
    text = ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n").translate(BIDI)
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs") else c for c in text
    )


def one_line(text: str) -> str:
    """The cleaned text, in which each sequence of white space is one space."""
    return " ".join(clean(text).split())


def exact(name: str) -> str:
    """A name as one line. Blanks at its ends, and invisible characters, become ␣, because for Celery they make another name."""
    shown = INVISIBLE.sub(BLANK, name)
    inner = shown.strip()
    before, after = len(shown) - len(shown.lstrip()), len(shown) - len(shown.rstrip())
    return f"{BLANK * before}{one_line(inner)}{BLANK * after}" if inner else BLANK * before


def visible(text: str) -> str:
    """A JSON text in which invisible characters are escaped as JSON does it (`\\u200b`), so that it shows each of its characters."""
    if text.isprintable() and not INVISIBLE.search(text):  # the usual case, and faster
        return text
    return "".join(c if is_visible(c) else json.dumps(c)[1:-1] for c in text)


def is_visible(character: str) -> bool:
    return character.isprintable() and not INVISIBLE.match(character)


def fold(text: str) -> str:
    """A text to compare by: case, the number of spaces and Unicode's composition (é as e and ´) make no difference in it."""
    return " ".join(unicodedata.normalize("NFKC", text.replace("\0", " ")).casefold().split())


def clip(text: str, limit: int) -> str:
    """The first `limit` characters at most. … marks that the end was cut."""
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS


def clip_middle(text: str, limit: int) -> str:
    """At most `limit` characters, with the middle cut out, so that names that differ at either end still look different."""
    if len(text) <= limit:
        return text
    head = limit // 2
    return text[:head] + ELLIPSIS + text[len(text) - (limit - head - 1) :]


def clip_start(text: str, limit: int) -> str:
    """The last `limit` characters at most, from the start of a line if possible. For tracebacks, whose end tells most."""
    if len(text) <= limit:
        return text
    tail = text[len(text) - (limit - len(ELLIPSIS) - 1) :]
    _, newline, lines = tail.partition("\n")
    return f"{ELLIPSIS}\n{lines if newline and lines else tail}"


def first_fitting(lines: Sequence[str], most: int, length: int, more: str) -> list[str]:
    """The first lines, at most `most`, and together at most `length` characters.

    If some are left out, a last line says how many: `more`, with `{number}` in it.
    """
    if len(lines) <= most and len("\n".join(lines)) <= length:
        return list(lines)
    room = length - len(more.format(number=len(lines)))
    ends = accumulate(len(line) + 1 for line in lines[:most])
    count = sum(1 for end in ends if end <= room)
    return [*lines[:count], more.format(number=len(lines) - count)]


def duration(seconds: float) -> str:
    """A duration in words: `340 ms`, `3.2 s`, `4 min 05 s`, `2 h 10 min`."""
    if seconds < 0.9995:  # never "1000 ms" or "60.0 s"
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
