"""Submitting and closing modals: the client's own checks, the app's answer, and the stack afterwards."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from localslack import payloads
from localslack.access import Refused
from localslack.delivery import Ack
from localslack.state import is_empty
from localslack.validation.surfaces import submission_problems, view_is_too_large, view_problems
from localslack.views import View, ViewError
from localslack.workspace import Installation

Json = dict[str, Any]
REQUIRED = "Please complete this required field."
_TROUBLE: Json = {"ok": False, "error": "trouble_connecting"}  # "We had some trouble connecting. Try again?"


async def submit(to: Installation, view: View) -> Json:
    """Press the submit button."""
    if view.body["type"] != "modal" or not view.body.get("submit"):
        raise Refused("no_submit_button")
    if errors := client_errors(view):
        return {"ok": False, "errors": errors}
    ack = await to.deliver("view_submission", payloads.view_submission(to, view), user=view.user)
    if ack.error:
        return _TROUBLE
    if ack.is_empty:
        to.workspace.views.close(view)
        return _closed(to, view.user)
    return _follow(to, view, ack)


async def close(to: Installation, view: View, *, everything: bool) -> Json:
    """Press Cancel, or the X (`everything`), which closes the whole stack. Then the payload has the stack's root.

    In a view with `clear_on_close`, Cancel closes everything, too.
    """
    if view.body["type"] != "modal":
        raise Refused("not_a_modal")
    everything = everything or bool(view.body.get("clear_on_close"))
    views = to.workspace.views
    stack = views.stack(view.user)
    reported = stack[0] if everything and stack else view
    payload = payloads.view_closed(to, reported, is_cleared=everything)
    if everything:
        views.clear(view.user)
    else:
        views.close(view)
    answer = _closed(to, view.user)
    if reported.body.get("notify_on_close"):
        await to.deliver("view_closed", payload, user=view.user)
    return answer


def client_errors(view: View) -> dict[str, str]:
    """The mistakes that Slack's client finds before it sends anything, by block_id."""
    errors: dict[str, str] = {}
    for block in view.blocks:
        if block["type"] == "input":
            element = block["element"]
            value = view.values[block["block_id"]][element["action_id"]]
            if is_empty(value):
                problem = None if block["optional"] else REQUIRED
            else:
                problem = _text_problem(element, value.get("value"))
            if problem:
                errors[block["block_id"]] = problem
    return errors


def _follow(to: Installation, view: View, ack: Ack) -> Json:
    """Do what the ack's response_action says."""
    problems = submission_problems(ack.body, view.body)
    if not problems and ack.body["response_action"] in ("update", "push"):
        problems = view_problems(ack.body.get("view"))
        if not problems and view_is_too_large(ack.body["view"]):
            problems.add("view_too_large", "/view")
    if problems:
        return _refused(to, view, ack, problems.lines())
    if ack.body["response_action"] == "errors":
        return {"errors": ack.body["errors"]}
    if ack.body["response_action"] == "clear":
        to.workspace.views.clear(view.user)
        return _closed(to, view.user)
    return _update_or_push(to, view, ack)


def _update_or_push(to: Installation, view: View, ack: Ack) -> Json:
    try:
        if ack.body["response_action"] == "push":
            view = to.workspace.views.push(view, ack.body["view"])
        else:
            to.workspace.views.update(view, ack.body["view"])
    except ViewError as error:
        return _refused(to, view, ack, [str(error)])
    to.workspace.tell_screen(view.user)
    return {"view": view.shown(), "stack": to.workspace.screen(view.user)["stack"]}


def _refused(to: Installation, view: View, ack: Ack, why: list[str]) -> Json:
    """Log that Slack refuses the ack. The person sees only that there was trouble."""
    to.shared.log.add("ack", "view_submission", bot=to.bot, user=view.user, response=ack.shown(), refused=why)
    return _TROUBLE


def _closed(to: Installation, user: str) -> Json:
    to.workspace.tell_screen(user)
    return {"closed": True, "stack": to.workspace.screen(user)["stack"]}


def _text_problem(element: Json, value: Any) -> str | None:
    kind = element["type"]
    if kind == "plain_text_input":
        low, high = element.get("min_length", 0), element.get("max_length")
        if len(value) < low:
            return f"Please enter at least {low} characters."
        if high is not None and len(value) > high:
            return f"Please enter no more than {high} characters."
    if kind == "number_input":
        return _number_problem(element, value)
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not re.fullmatch(r"https?://\S+", value):
        return "Please enter a valid URL."
    return None


def _number_problem(element: Json, value: str) -> str | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        return "Please enter a valid number."
    if not element["is_decimal_allowed"] and number != number.to_integral_value():
        return "Please enter a whole number."
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None
