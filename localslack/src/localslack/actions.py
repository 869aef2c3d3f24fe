"""What a person does with elements in views and messages: search options, type, pick, click."""

import itertools
from typing import Any

from localslack import payloads
from localslack.access import Refused
from localslack.places import Place
from localslack.shape import echoed_option
from localslack.state import slot
from localslack.validation.elements import all_options, rules_for
from localslack.validation.surfaces import options_problems
from localslack.values import accepted

Json = dict[str, Any]
_TYPED = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input"})
_QUESTIONS = itertools.count(1)  # each request for options gets a number
_ON_ENTER = {"trigger_actions_on": ["on_enter_pressed"]}


async def suggest(place: Place, body: Json) -> Json:
    """Ask the app for the options that fit the typed value."""
    block, element = place.element(body.get("block_id"), body.get("action_id"))
    if not element["type"].endswith("external_select"):
        raise Refused("not_an_external_select")
    value = str(body.get("value") or "")
    least = element.get("min_query_length", rules_for(element["type"])["min_query_length"]["default"])
    if len(value) < least:
        return {"options": [], "too_short": True}
    ids = (block["block_id"], element["action_id"])
    question = next(_QUESTIONS)
    payload = payloads.block_suggestion(place.to, place.user, place.parts("block_suggestion"), ids, value)
    ack = await place.to.deliver("block_suggestion", payload, user=place.user)
    if ack.error:
        return {"ok": False, "error": ack.error}
    if problems := options_problems(ack.body):
        refused = {"response": ack.shown(), "refused": problems.lines()}
        place.to.shared.log.add("ack", "block_suggestion", bot=place.to.bot, user=place.user, **refused)
        return {"ok": False, "error": "invalid_options", "problems": problems.lines()}
    answer = _echoed(ack.body)
    answered, _ = place.offered.get(ids, (0, []))
    if question > answered:  # else a newer question was answered first
        place.offered[ids] = (question, all_options(answer))
    return answer


async def put_in(place: Place, body: Json) -> Json:
    """Type into an element or pick something in it. The app gets a payload if Slack would send one."""
    block, element = place.element(body.get("block_id"), body.get("action_id"))
    ids = (block["block_id"], element["action_id"])
    place.values[ids[0]][ids[1]] = accepted(place, ids[0], element, body)
    if place.view is not None:
        place.view.touched.add(ids)
        place.to.workspace.tell_screen(place.user)
    if not _dispatches(block, element, enter=bool(body.get("enter"))):
        return {"dispatched": False}
    state = {name: part for name, part in place.values[ids[0]][ids[1]].items() if name != "type"}
    extra = {"placeholder": element["placeholder"]} if "placeholder" in element else {}
    action = {"type": element["type"], "action_id": ids[1], "block_id": ids[0], **state, **extra}
    return await _dispatch(place, action)


async def click(place: Place, body: Json) -> Json:
    """Press a button or pick from an overflow menu. Other elements take a value, as in `put_in`."""
    block, element = place.element(body.get("block_id"), body.get("action_id"))
    ids = {"action_id": element["action_id"], "block_id": block["block_id"]}
    if element["type"] == "button":
        shown = {k: element[k] for k in ("confirm", "text", "value", "style", "url") if k in element}
        return await _dispatch(place, ids | shown | {"type": "button"})
    if element["type"] == "overflow":
        wanted = body.get("selected_option") or {}
        value = wanted.get("value", body.get("value"))
        option = next((one for one in element["options"] if one.get("value") == value), None)
        if option is None:
            raise Refused("option_not_offered")
        return await _dispatch(place, ids | {"type": "overflow", "selected_option": option})
    return await put_in(place, body)


def _dispatches(block: Json, element: Json, *, enter: bool) -> bool:
    """Whether the app gets a payload (docs.slack.dev: input block).

    An input block needs `dispatch_action` for this. If people type into the element, its `dispatch_action_config` must
    allow it, too. In other blocks, every element that has a value gives a payload.
    """
    if block["type"] != "input":
        return slot(element["type"]) is not None
    if not block["dispatch_action"]:
        return False
    if element["type"] not in _TYPED:
        return True
    wanted = element.get("dispatch_action_config", _ON_ENTER)["trigger_actions_on"]
    return "on_character_entered" in wanted or (enter and "on_enter_pressed" in wanted)


async def _dispatch(place: Place, action: Json) -> Json:
    payload = payloads.block_actions(place.to, place.user, place.parts("block_actions"), action)
    ack = await place.to.deliver("block_actions", payload, user=place.user)
    return {"dispatched": True} | ({"ack_error": ack.error} if ack.error else {})


def _echoed(answer: Json) -> Json:
    if "options" in answer:
        return {"options": [echoed_option(one) for one in answer["options"]]}
    groups = [
        {
            "label": echoed_option({"text": group["label"]})["text"],
            "options": [echoed_option(o) for o in group["options"]],
        }
        for group in answer["option_groups"]
    ]
    return {"option_groups": groups}
