"""Checks of blocks: their fields, the surfaces that allow them, and ids that must be unique."""

from collections import Counter
from typing import Any, Literal

from localslack.limits import LIMITS
from localslack.validation.elements import check_element, is_one_of
from localslack.validation.fields import check_fields, check_known, check_text, check_value, kind_of
from localslack.validation.problems import Problems
from localslack.validation.rich_text import check_rich_text
from localslack.validation.schema import BLOCK_FIELDS, ONLY_IN

Json = dict[str, Any]
Surface = Literal["modal", "home", "message"]
_BLOCKS = LIMITS["blocks"]
_SECTION = _BLOCKS["section"]


def check_blocks(blocks: Any, surface: Surface, at: str, problems: Problems) -> None:
    """Check all blocks of a view or a message. `at` is the JSON pointer of the list."""
    rules = LIMITS["surfaces"][surface]["blocks"]
    holder, _, name = at.rpartition("/")
    if not isinstance(blocks, list):
        problems.add("must provide an array", at)
        return
    check_fields({name: blocks}, {name: rules}, holder, problems)
    for index, block in enumerate(blocks):
        _check_block(block, surface, f"{at}/{index}", problems)
    _check_across(blocks, at, problems)


def elements_of(block: Json) -> list[tuple[str, Json]]:
    """A block's interactive elements, each with its pointer below the block."""
    found: list[tuple[str, Any]] = []
    if block.get("type") == "input":
        found.append(("element", block.get("element")))
    elif block.get("type") == "section":
        found.append(("accessory", block.get("accessory")))
    elif block.get("type") == "actions":
        elements = block.get("elements")
        found += [(f"elements/{n}", one) for n, one in enumerate(elements if isinstance(elements, list) else [])]
    return [(place, one) for place, one in found if isinstance(one, dict) and one.get("type") != "image"]


def _check_block(block: Any, surface: Surface, at: str, problems: Problems) -> None:
    kind = kind_of(block)
    if kind is None:
        problems.add("missing required field: type" if isinstance(block, dict) else "must provide an object", at)
        return
    if kind not in BLOCK_FIELDS or surface != ONLY_IN.get(kind, surface):
        problems.add(f"unsupported type: {kind}", f"{at}/type")
        return
    check_known(block, BLOCK_FIELDS[kind], at, problems)
    check_fields(block, LIMITS["block_common"], at, problems)
    check_fields(block, {k: v for k, v in _BLOCKS.get(kind, {}).items() if k != "required_any"}, at, problems)
    either = _BLOCKS.get(kind, {}).get("required_any", [])
    if either and not any(block.get(name) is not None for name in either):
        problems.add(f"must define either `{'` or `'.join(either)}`", f"{at}/type")
    if kind in _CHECKS:
        _CHECKS[kind](block, at, problems)
    for place, element in elements_of(block):
        if element.get("response_url_enabled") and (kind, surface) != ("input", "modal"):
            message = "`response_url_enabled` works in input blocks of modals only"
            problems.add(message, f"{at}/{place}/response_url_enabled")


def _section(block: Json, at: str, problems: Problems) -> None:
    if not isinstance(block.get("expand", False), bool):
        problems.add("must be a valid boolean", f"{at}/expand")
    if block.get("accessory") is not None:
        check_element(block["accessory"], f"{at}/accessory", problems, allowed=_SECTION["accessory"]["one_of"])


def _context(block: Json, at: str, problems: Problems) -> None:
    elements = block.get("elements")
    for index, element in enumerate(elements if isinstance(elements, list) else []):
        kind = kind_of(element)
        place = f"{at}/elements/{index}"
        if kind == "image":
            check_element(element, place, problems)
        elif kind in ("plain_text", "mrkdwn"):
            check_text(element, _BLOCKS["context"]["text"] | {"types": [kind]}, place, problems)
        else:
            problems.add(f"unsupported type: {kind}", f"{place}/type")


def _actions(block: Json, at: str, problems: Problems) -> None:
    elements = block.get("elements")
    for index, element in enumerate(elements if isinstance(elements, list) else []):
        place = f"{at}/elements/{index}"
        kind = kind_of(element)
        if kind in [*_BLOCKS["actions"]["not_allowed"], "image"]:
            problems.add(f"unsupported type: {kind}", f"{place}/type")
        else:
            check_element(element, place, problems)


def _input(block: Json, at: str, problems: Problems) -> None:
    element = block.get("element")
    if element is not None:
        check_element(element, f"{at}/element", problems, allowed=_BLOCKS["input"]["element_one_of"])
    for flag in ("optional", "dispatch_action"):
        if not isinstance(block.get(flag, False), bool):
            problems.add("must be a valid boolean", f"{at}/{flag}")
    kind = kind_of(element)
    if block.get("dispatch_action") and kind in _BLOCKS["input"]["dispatch_action"]["incompatible_with"]:
        problems.add(f"`dispatch_action` can't be used with {kind}", f"{at}/dispatch_action")


def _table(block: Json, at: str, problems: Problems) -> None:
    rules = _BLOCKS["table"]
    rows = block.get("rows")
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        check_value(row, {"min_items": 1} | rules["cells_per_row"], f"{at}/rows/{index}", problems)
        for number, cell in enumerate(row if isinstance(row, list) else []):
            kind = kind_of(cell)
            if kind is None or not is_one_of(kind, rules["cell_types"]):
                problems.add(f"unsupported type: {kind}", f"{at}/rows/{index}/{number}/type")


_CHECKS = {
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "rich_text": check_rich_text,
    "table": _table,
}


def _check_across(blocks: list[Any], at: str, problems: Problems) -> None:
    """A block_id is unique in its surface, an action_id in its block (Slack refuses duplicates: gh:slack-go/slack#725).

    Only one element has the focus.
    """
    dicts = [(index, block) for index, block in enumerate(blocks) if isinstance(block, dict)]
    seen: set[str] = set()
    for index, block in dicts:
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id:
            if block_id in seen:
                problems.add(f"`block_id` already in use: {block_id}", f"{at}/{index}/block_id")
            seen.add(block_id)
        ids = [one.get("action_id") for _, one in elements_of(block)]
        actions = Counter(one for one in ids if isinstance(one, str) and one)
        duplicates = [action for action, times in actions.items() if times > 1]
        for action in duplicates:
            problems.add(f"`action_id` already in use: {action}", f"{at}/{index}")
    focused = [one for _, block in dicts for _, one in elements_of(block) if one.get("focus_on_load")]
    if len(focused) > 1:
        problems.add("`focus_on_load` can be used once only", at)
    _check_totals(dicts, at, problems)


def _check_totals(dicts: list[tuple[int, Json]], at: str, problems: Problems) -> None:
    """The limits for all markdown blocks of a message together, and for its tables."""
    most = LIMITS["surfaces"]["markdown_blocks_per_payload"]["cumulative_max_chars"]
    if sum(len(str(one.get("text", ""))) for _, one in dicts if one.get("type") == "markdown") > most:
        problems.add(f"must be less than {most + 1} characters over all markdown blocks", at)
    if sum(1 for _, one in dicts if one.get("type") == "table") > LIMITS["blocks"]["table"]["per_message"]:
        problems.add("only_one_table_allowed", at)
