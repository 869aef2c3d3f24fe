"""Finds secret values in free text by the names before them: in JSON, Python's reprs, options, headers and addresses.

The time is proportional to the text's length, whatever the text is: possessive matches (`*+`, `++`) never backtrack,
and no part is read more than a few times. If the end of a value isn't certain, the longer part counts as secret.
"""

import re
from typing import Protocol

from bot.core.written import unescaped

MASK = "••••••"
# In a pair such as {"name": "password", "value": "x"}: the keys that can hold the name, and those that can hold the value.
NAMING = frozenset({"name", "key", "field", "param", "parameter", "option", "variable", "header", "env", "setting"})
NAMED = frozenset({"value", "values", "val", "content", "data", "default"})
NEAR = 1000  # characters between the name and the value of a pair, at most

Span = tuple[int, int]


class IsSecret(Protocol):
    def __call__(self, name: str, /, *, at_end: bool = False) -> bool:
        """Whether a name is one of a secret. `at_end`: only the name's last words count."""


LETTERS = r"(?:[\w.\-]++|(?<!\\)\\++u[0-9a-fA-F]{4})++"  # JSON may escape them
OF_BEARER = r"(?:[\w.~+/\-]|\\++(?:/|u002[Bb]))"  # JSON may escape the slash and the plus sign
BEARER = rf"(?:[Bb]earer|BEARER)[ \t]++(?={OF_BEARER}{{8}})"
# A name of up to three words, and what separates it from its value.
KEY = re.compile(
    rf"""(?<![\w.\-])(?!(?<=\\)u[0-9a-fA-F]{{4}})(?:  # no name begins inside an escape
        (?P<flag>--?[A-Za-z][\w\-]*+)[ \t]++(?=[^\s\-=:,])
      | (?P<bearer>){BEARER}
      | (?P<key>{LETTERS}(?:[ ](?!-|{BEARER}){LETTERS}){{0,2}}+)(?:
            (?P<quote>\\*+["'])\]?+\s*+(?:=>|:=|==?|:(?!:)|(?P<comma>,))\s*+
          | \]?+[ \t]*+(?:(?P<equals>=>|:=|==?)|:(?!:|\\?/\\?/))[ \t]*+
        )
    )
    | :(?:\\?/){{2}}(?P<address>)
    """,
    re.VERBOSE,
)
OPENING = re.compile(r"(?:[A-Za-z]{1,2}(?=[\"'\\]))?(?P<escape>\\*+)(?P<quote>\"\"\"|'''|[\"'])")
BRACKET = re.compile(r"[\w.]*+(?=[(\[{])")
MARK = re.compile(r"(?P<open>[(\[{])|(?P<close>[)\]}])|(?<!\\)(?P<escape>\\*+)(?P<quote>[\"'])")
WORD = re.compile(r"(?:(?:bearer|basic|digest|token|apikey|negotiate)[ \t]+)?[^\s&;)\]}\"'<>]+", re.IGNORECASE)
MEMBER = re.compile(r"[^,)\]}\n]+")
LINE = re.compile(r"(?:Digest|OAuth|AWS4-HMAC-SHA256)\b[^\n]*|[^\n\"]+")
TOKEN = re.compile(rf"{OF_BEARER}++=*+")
NAME = re.compile(r"\\*+[\"'](?P<name>[\w.\-/: ]{1,100}+)\\*+[\"']")
# An address ends here, or at the next one. Its first part, with the host, ends at a slash, a question mark or a number sign.
ADDRESS_END = re.compile(r"[\s\"'<>]|\\(?!/)|:(?:\\?/){2}")
AUTHORITY_END = re.compile(r"[/?#\\]")
QUERY = re.compile(r"[?#]")
PORT = re.compile(r"[0-9]++(?:,|$)")  # of the only host, or of the first of several
FAILURES = ("error", "exception", "warning")  # the ends of names of classes: `TokenError: …` isn't followed by a token


def spans(text: str, is_secret: IsSecret) -> list[Span]:
    """The spans of secret values, in order and without overlaps. None is empty or masked already."""
    found, at = list[Span](), 0
    pairs = _Pairs(text)
    while match := KEY.search(text, at):
        at = match.end()
        span = _span(text, match, is_secret) or pairs.span(match, is_secret)
        if span is not None and text[slice(*span)].strip("• \t\n"):
            found.append(span)
            if match["bearer"] is None:  # a name may begin in the token and go on behind it: `Bearer x\u0026password=y`
                at = max(at, span[1])
    return apart(found)


def apart(spans: list[Span]) -> list[Span]:
    """The spans in order. Those that overlap become one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _span(text: str, match: re.Match[str], is_secret: IsSecret) -> Span | None:
    at = match.end()
    if match["address"] is not None:
        return _of_address(text, match)
    if match["bearer"] is not None:
        return value(text, at, TOKEN)
    if (flag := match["flag"]) is not None:
        return value(text, at, WORD) if is_secret(flag) else None
    if match["comma"]:
        return value(text, at, MEMBER) if is_secret(match["key"]) and _has_its_value(text, match) else None
    if any(_names_a_secret(key, match, is_secret) for key in _keys(text, match)):
        return value(text, at, WORD if match["equals"] else MEMBER if match["quote"] else LINE)
    return None


class _Pairs:
    """Finds `"name": "password", "value": "x"`, in either order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._named_at = -1  # where the last name of a secret ends
        self._value: Span | None = None  # the last value whose name isn't known yet
        self._bare: Span = (0, 0)  # the last of these that has no quotes

    def span(self, match: re.Match[str], is_secret: IsSecret) -> Span | None:
        key, at = (match["key"] or "").casefold(), match.end()
        if key in NAMED:
            if self._is_near(self._named_at, at):
                return value(self._text, at, MEMBER)
            self._value = self._unnamed(at)
        elif key in NAMING and (name := NAME.match(self._text, at)) and is_named_secret(name["name"], is_secret):
            if self._value is not None and self._is_near(self._value[1], at):
                return self._value
            self._named_at = name.end()
        return None

    def _unnamed(self, at: int) -> Span | None:
        """The value that begins at `at`. None: it's a list or an object.

        Such values, and those without quotes, may contain further keys, and must not be read again for each of them.
        """
        if BRACKET.match(self._text, at):
            return None
        if OPENING.match(self._text, at):
            return value(self._text, at, MEMBER)
        begin, end = self._bare
        if not begin <= at < end:
            self._bare = value(self._text, at, MEMBER)
        return at, self._bare[1]

    def _is_near(self, before: int, at: int) -> bool:
        between = self._text[before:at] if 0 <= before <= at <= before + NEAR else "}"
        return "}" not in between and ")" not in between


def _keys(text: str, match: re.Match[str]) -> list[str]:
    """The possible names. In a text inside a text, the first letter may belong to `\\n`."""
    key = unescaped(match["key"]) if "\\" in match["key"] else match["key"]
    return [key, key[1:]] if text[match.start() - 1 : match.start()] == "\\" else [key]


def _names_a_secret(key: str, match: re.Match[str], is_secret: IsSecret) -> bool:
    if match["quote"]:
        return is_secret(key)
    last = key.rsplit(" ", 1)[-1].rsplit(".", 1)[-1]
    return is_secret(key, at_end=True) or (not last.casefold().endswith(FAILURES) and is_secret(last))


def _has_its_value(text: str, match: re.Match[str]) -> bool:
    """Whether a quoted text before a comma is an option of a command, or the first item of a pair."""
    if match["key"].startswith("-"):
        return True
    before = text[max(0, match.start("key") - 20) : match.start("key")].rstrip("\"'\\").rstrip()
    if not before.endswith(("[", "(")):
        return False
    if BRACKET.match(text, match.end()):
        return True
    _, end = value(text, match.end(), MEMBER)
    return text[end : end + 20].lstrip("\"'\\ \n").startswith(("]", ")"))


def _of_address(text: str, match: re.Match[str]) -> Span | None:
    """The password in an address. In a web address, also a name without a password, as it is often a token.

    A password may contain `/`, `?` and `#` that should have been escaped, so it ends at the address's last `@`. But if an
    `@` comes before all of these, those in a query don't count.
    """
    start = match.end()
    end = found.start() if (found := ADDRESS_END.search(text, start)) else len(text)
    host_end = found.start() if (found := AUTHORITY_END.search(text, start, end)) else end
    name_end, last = text.rfind("@", start, host_end), text.rfind("@", start, end)
    if last < 0:
        return None
    if name_end >= 0:
        name, colon, _ = text[start:name_end].partition(":")
        is_web = text[max(0, match.start() - 5) : match.start()].casefold().endswith(("http", "https"))
        if colon:
            query = found.start() if (found := QUERY.search(text, name_end, end)) else end
            return start + len(name) + 1, text.rfind("@", start, query)
        return (start, name_end) if is_web else None
    name, colon, port = text[start:host_end].partition(":")
    is_host = not colon or name.startswith("[") or (name and PORT.match(port))
    return None if is_host else (start + len(name) + 1, last)


def is_named_secret(name: str, is_secret: IsSecret) -> bool:
    """Whether the name in a pair of name and value is one of a secret. Of several words, the last one counts."""
    return is_secret(name, at_end=" " in name)


def value(text: str, at: int, bare: re.Pattern[str]) -> Span:
    """The span of the value that begins at `at`: inside its quotes, with its brackets, or as far as `bare` matches."""
    if opening := OPENING.match(text, at):
        return opening.end(), _closing(text, opening.end(), opening["escape"], opening["quote"])
    if bracket := BRACKET.match(text, at):
        return at, _closing_bracket(text, bracket.end())
    found = bare.match(text, at)
    return (at, at + len(found.group().rstrip().rstrip(","))) if found else (at, at)


def _closing(text: str, at: int, escape: str, quote: str) -> int:
    """The end of a text in quotes.

    In a JSON text inside a JSON text, quotes have backslashes before them, and quotes inside have longer rows of backslashes.
    """
    if len(quote) == 3:
        end = text.find(quote, at)
        return end if end >= 0 else len(text)
    row = 2 * (len(escape) + 1)
    for match in MARK_OF[quote].finditer(text, at):
        if len(match["escape"]) % row == len(escape):
            return match.end() - 1 - len(escape)
    return len(text)


MARK_OF = {quote: re.compile(rf"(?<!\\)(?P<escape>\\*+){quote}") for quote in "\"'"}


def _closing_bracket(text: str, at: int) -> int:
    depth = 0
    while match := MARK.search(text, at):
        at = match.end()
        if match["quote"]:
            end = _closing(text, at, match["escape"], match["quote"])
            at = end + len(match["escape"]) + 1
            continue
        depth += 1 if match["open"] else -1
        if depth <= 0:
            return at
    return len(text)
