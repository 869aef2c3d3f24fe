"""Checks of rich text (docs.slack.dev: rich-text-block). Slack refuses nested lists and empty texts."""

from typing import Any

from localslack.limits import LIMITS
from localslack.validation.fields import check_known, check_string, kind_of
from localslack.validation.problems import Problems

Json = dict[str, Any]
_KINDS = LIMITS["blocks"]["rich_text"]["elements_one_of"]
_PARTS: dict[str, frozenset[str]] = {
    "rich_text_section": frozenset({"type", "elements"}),
    "rich_text_list": frozenset({"type", "elements", "style", "indent", "offset", "border"}),
    "rich_text_preformatted": frozenset({"type", "elements", "border", "language"}),
    "rich_text_quote": frozenset({"type", "elements", "border"}),
}
# The elements of a section: the properties that they may have, and those that they must have.
_WORDS: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {
    "text": (frozenset({"text", "style"}), ("text",)),
    "link": (frozenset({"url", "text", "style", "unsafe"}), ("url",)),
    "user": (frozenset({"user_id", "style"}), ("user_id",)),
    "usergroup": (frozenset({"usergroup_id", "style"}), ("usergroup_id",)),
    "channel": (frozenset({"channel_id", "style"}), ("channel_id",)),
    "emoji": (frozenset({"name", "unicode", "url", "skin_tone", "style"}), ("name",)),
    "broadcast": (frozenset({"range", "style"}), ("range",)),
    "date": (frozenset({"timestamp", "format", "url", "fallback", "style"}), ("timestamp", "format")),
    "color": (frozenset({"value", "style"}), ("value",)),
}


def check_rich_text(block: Json, at: str, problems: Problems) -> None:
    """Check the `elements` of a rich text object."""
    for place, part in _listed(block, at, problems):
        _check_part(part, place, problems, allowed=_KINDS)


def _check_part(part: Any, at: str, problems: Problems, *, allowed: list[str]) -> None:
    kind = kind_of(part)
    if kind is None or kind not in allowed:
        problems.add(f"unsupported type: {kind}", f"{at}/type")
        return
    check_known(part, _PARTS[kind], at, problems)
    for place, element in _listed(part, at, problems):
        if kind == "rich_text_list":
            _check_part(element, place, problems, allowed=["rich_text_section"])
        else:
            _check_word(element, place, problems)
    if kind == "rich_text_list" and part.get("style") not in ("bullet", "ordered"):
        problems.add("must be a valid enum value", f"{at}/style")


def _check_word(word: Any, at: str, problems: Problems) -> None:
    kind = kind_of(word)
    if kind is None or kind not in _WORDS:
        problems.add(f"unsupported type: {kind}", f"{at}/type")
        return
    known, required = _WORDS[kind]
    check_known(word, known | {"type"}, at, problems)
    for name in required:
        if name not in word:
            problems.add(f"missing required field: {name}", at)
    if kind == "text" and "text" in word:
        check_string(word["text"], {"min_chars": 1}, f"{at}/text", problems)


def _listed(holder: Json, at: str, problems: Problems) -> list[tuple[str, Any]]:
    """The `elements`, each with its JSON pointer."""
    elements = holder.get("elements")
    if not isinstance(elements, list):
        problems.add("missing required field: elements" if elements is None else "must provide an array", at)
        return []
    return [(f"{at}/elements/{index}", element) for index, element in enumerate(elements)]
