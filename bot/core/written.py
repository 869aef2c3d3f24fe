"""How a secret may be written in texts, so that it is found there."""

import json
import re
import sys
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote

SHORTEST = 8  # characters; replacing shorter values everywhere would garble other words
LEVELS = 3  # of texts inside of texts
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}


def read(written: str) -> set[str]:
    """What a part of a text may stand for: it may be escaped, as in JSON or in a repr, and again as in JSON inside of JSON."""
    found, new = {written}, {written}
    for _ in range(LEVELS):
        new = {unescaped(one) for one in new} - found
        found |= new
    return found


def unescaped(text: str) -> str:
    """As JSON and Python read it. JSON writes some characters as two halves."""
    found = ESCAPE.sub(_character, text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    return chr(min(int(code, 16), sys.maxunicode)) if code else CHARACTERS.get(match[4], match[4])


def parts(secret: str) -> Iterator[str]:
    """The secret, and its lines: tracebacks may indent them. `%40` may be shown as `@`."""
    for text in {secret, unquote(secret)}:
        yield from (part for one in (text, *text.splitlines()) if len(part := one.strip()) >= SHORTEST)


def forms(secret: str) -> set[str]:
    """How it may be written: as it is, in JSON, in Python's reprs, in JSON or reprs of those, in an address."""
    once = {secret, *_escaped(secret)}
    twice = {again for form in once for again in _escaped(form)}
    plain = secret.encode(errors="replace")
    return once | twice | {repr(plain)[2:-1], quote(plain), quote(plain, safe=""), quote_plus(plain)}


def _escaped(text: str) -> Iterator[str]:
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    for made in (repr, ascii):  # quotes inside are escaped or not, depending on the text around
        pieces = [made(f'"{piece}')[2:-1] for piece in text.split("'")]
        yield "'".join(pieces)
        yield r"\'".join(pieces)
