"""Checks of whole payloads: views, messages, answers to block_suggestion and to view_submission."""

import json
from typing import Any

from localslack.limits import LIMITS
from localslack.validation.blocks import check_blocks
from localslack.validation.elements import check_option_lists
from localslack.validation.fields import check_fields, check_known
from localslack.validation.problems import Problems
from localslack.validation.schema import VIEW_FIELDS

Json = dict[str, Any]
_MODAL = LIMITS["surfaces"]["modal"]
_BLOCKS_JSON = LIMITS["surfaces"]["message"]["blocks_json"]
_ANSWER = LIMITS["elements"]["external_select"]["response"]


def view_problems(view: Any, *, kind: str = "modal") -> Problems:
    """The mistakes in a view, in the words of views.open (`modal`) or views.publish (`home`)."""
    problems = Problems()
    if not isinstance(view, dict):
        problems.add("must provide an object", "/view")
        return problems
    if view.get("type") != kind:
        missing = "type" not in view
        problems.add("missing required field: type" if missing else "must be a valid enum value", "/view")
    rules = LIMITS["surfaces"][kind]
    given = {name: value for name, value in view.items() if value is not None}
    check_known(given, VIEW_FIELDS[kind], "/view", problems)
    required = [name for name in _MODAL["required"] if name != "type"] if kind == "modal" else ["blocks"]
    check_fields(given, {k: v for k, v in rules.items() if k != "blocks"} | {"required": required}, "/view", problems)
    if "blocks" in given:
        check_blocks(given["blocks"], "modal" if kind == "modal" else "home", "/view/blocks", problems)
    _check_flags(given, problems)
    if kind == "modal" and "submit" not in given:
        _check_submit(given.get("blocks"), problems)
    return problems


def view_is_too_large(view: Json) -> bool:
    """Whether Slack answers `view_too_large`."""
    size = len(json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode())
    return size > int(_MODAL["view_payload"]["max_bytes"])


def message_problems(blocks: Any) -> Problems:
    """The mistakes in a message's blocks."""
    problems = Problems()
    check_blocks(blocks, "message", "/blocks", problems)
    return problems


def blocks_are_too_long(blocks: Any) -> bool:
    """Whether Slack answers `msg_blocks_too_long`."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > int(_BLOCKS_JSON["max_chars"])


def options_problems(answer: Any) -> Problems:
    """The mistakes in an answer to block_suggestion. It has either `options` or `option_groups`."""
    problems = Problems()
    if not isinstance(answer, dict):
        problems.add("must provide an object", "")
        return problems
    check_known(answer, frozenset(_ANSWER), "", problems)
    if ("options" in answer) == ("option_groups" in answer):
        problems.add("must define either `options` or `option_groups`", "")
    check_fields(answer, _ANSWER, "", problems)
    check_option_lists(answer, "", problems, types=["plain_text"])
    return problems


def submission_problems(answer: Any, view: Json) -> Problems:
    """The mistakes in the ack of a view_submission. Slack shows any of them as "trouble connecting"."""
    problems = Problems()
    action = answer.get("response_action") if isinstance(answer, dict) else None
    fields = {"clear": set[str](), "update": {"view"}, "push": {"view"}, "errors": {"errors"}}
    if not isinstance(action, str) or action not in fields:
        problems.add("missing or unknown response_action", "/response_action")
        return problems
    check_known(answer, frozenset({"response_action", *fields[action]}), "", problems)
    if action == "errors":
        _check_errors(answer.get("errors"), view, problems)
    return problems


def _check_errors(errors: Any, view: Json, problems: Problems) -> None:
    """The keys must be block_ids of input blocks (gh:slackapi/bolt-js#554), the values plain text."""
    if not isinstance(errors, dict) or not errors:
        problems.add("must provide an object", "/errors")
        return
    inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    for block_id, text in errors.items():
        if block_id not in inputs:
            problems.add("not the block_id of an input block", f"/errors/{block_id}")
        if not isinstance(text, str) or not text:
            problems.add("must provide a string", f"/errors/{block_id}")


def _check_flags(view: Json, problems: Problems) -> None:
    for flag in ("clear_on_close", "notify_on_close"):
        if not isinstance(view.get(flag, False), bool):
            problems.add("must be a valid boolean", f"/view/{flag}")


def _check_submit(blocks: Any, problems: Problems) -> None:
    for index, block in enumerate(blocks if isinstance(blocks, list) else []):
        if isinstance(block, dict) and block.get("type") == "input":
            # Recorded answers have `/input` at the end of the pointer.
            pointer = f"/view/blocks/{index}/input"
            problems.add("must define `submit` to use an `input` block in modals", pointer)
            return
