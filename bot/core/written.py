"""Lists the ways in which a secret may be written in a text, so that masking finds all of them."""

import json
import re
import sys
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote

SHORTEST = 8  # characters; replacing shorter values everywhere would garble other words
LEVELS = 3  # how many times a text may be escaped, like JSON inside JSON
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}


def read(written: str) -> set[str]:
    """All texts that a part of a text may stand for: the part itself, and the part without its escapes.

    JSON and reprs escape characters, and JSON inside JSON escapes them again.
    """
    found, new = {written}, {written}
    for _ in range(LEVELS):
        new = {unescaped(one) for one in new} - found
        found |= new
    return found


def unescaped(text: str) -> str:
    """`text` with the escapes of JSON and Python resolved. Surrogate pairs, which JSON may escape one by one, are joined."""
    found = ESCAPE.sub(_character, text)
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    return chr(min(int(code, 16), sys.maxunicode)) if code else CHARACTERS.get(match[4], match[4])


def parts(secret: str) -> Iterator[str]:
    """The secret, and each of its lines, because tracebacks may indent lines. Also both with `@` for `%40`, as in
    an address.

    Leaves out texts that are shorter than SHORTEST.
    """
    for text in {secret, unquote(secret)}:
        yield from (part for one in (text, *text.splitlines()) if len(part := one.strip()) >= SHORTEST)


def forms(secret: str) -> set[str]:
    """The spellings of the secret: as it is, in JSON, in Python's reprs, in JSON or a repr of these, and in an address."""
    once = {secret, *_escaped(secret)}
    twice = {again for form in once for again in _escaped(form)}
    plain = secret.encode(errors="replace")
    return once | twice | {repr(plain)[2:-1], quote(plain), quote(plain, safe=""), quote_plus(plain)}


def _escaped(text: str) -> Iterator[str]:
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    # repr and ascii escape `'` only if the text also contains `"`, so both spellings are possible.
    for represent in (repr, ascii):
        pieces = [represent(f'"{piece}')[2:-1] for piece in text.split("'")]
        yield "'".join(pieces)
        yield r"\'".join(pieces)
