"""views.* (docs.slack.dev: views.open, views.push, views.update, views.publish)."""

from collections.abc import Callable
from typing import Any, TypeVar

from localslack.api_call import ApiError, structure, text
from localslack.tickets import Trigger, TriggerError
from localslack.validation.surfaces import view_is_too_large, view_problems
from localslack.views import View, ViewError
from localslack.workspace import Installation

Json = dict[str, Any]
_T = TypeVar("_T")


def open_view(caller: Installation, args: Json) -> Json:
    """Open a modal for the person who caused the trigger."""
    trigger = _trigger(caller, args)
    body = _body(args, "modal")
    views, team_id = caller.workspace.views, caller.workspace.people[trigger.user].team_id
    return _answer(caller, _done(lambda: views.open(caller.bot, trigger.user, team_id, body, trigger.channel)))


def push(caller: Installation, args: Json) -> Json:
    """Put a modal on top of the modal in which the person acted."""
    trigger = _trigger(caller, args)
    body = _body(args, "modal")
    views = caller.workspace.views
    below = views.find(trigger.view_id or "")
    if below is None:
        raise ApiError("invalid_trigger_id")  # the trigger must come from a modal
    if below.body["type"] != "modal":
        message = "must match the `type` of the root view whose stack we're pushing onto [json-pointer:/view/type]"
        raise ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}"]})
    return _answer(caller, _done(lambda: views.push(below, body)))


def update(caller: Installation, args: Json) -> Json:
    """Replace one of the app's own views. With `hash`, only if it is still this version."""
    view_id, external_id = text(args, "view_id"), text(args, "external_id")
    if not view_id and not external_id:
        message = "[ERROR] missing required field: view_id or external_id"
        raise ApiError("invalid_arguments", response_metadata={"messages": [message]})
    views = caller.workspace.views
    view = views.find(view_id) if view_id else views.by_external_id(external_id)
    if view is None or view.bot != caller.bot:
        raise ApiError("not_found")
    body = _body(args, view.body["type"])
    _check_hash(args, view)
    _done(lambda: views.update(view, body))
    return _answer(caller, view)


def publish(caller: Installation, args: Json) -> Json:
    """Set the app's Home tab for one person."""
    if not caller.app.settings.home_tab:
        raise ApiError("not_enabled")
    person = caller.workspace.people.get(text(args, "user_id"))
    if person is None:
        raise ApiError("invalid_arguments", response_metadata={"messages": ["invalid `user_id`"]})
    body = _body(args, "home")
    views = caller.workspace.views
    home = views.home(person.id, caller.bot.app_id)
    if home is not None:
        _check_hash(args, home)
    return _answer(caller, _done(lambda: views.publish(caller.bot, person.id, person.team_id, body)))


def _trigger(caller: Installation, args: Json) -> Trigger:
    """Use up the trigger, even if the view is invalid: what Slack does then isn't documented. Raises ApiError."""
    try:
        given = args.get("trigger_id") or args.get("interactivity_pointer")
        return caller.shared.triggers.take(caller.bot, given, caller.shared.switches.trigger_ttl)
    except TriggerError as error:
        raise ApiError(str(error)) from error


def _body(args: Json, kind: str) -> Json:
    body = structure(args, "view", "invalid_arguments")
    if problems := view_problems(body, kind=kind):
        complaint = problems.for_view()
        raise ApiError(complaint.pop("error"), **complaint)
    if view_is_too_large(body):
        raise ApiError("view_too_large")
    checked: Json = body
    return checked


def _check_hash(args: Json, view: View) -> None:
    wanted = text(args, "hash")
    if wanted and wanted != view.hash:
        raise ApiError("hash_conflict")


def _done(work: Callable[[], _T]) -> _T:
    """The result of `work`. Its ViewError becomes an ApiError."""
    try:
        return work()
    except ViewError as error:
        raise ApiError(str(error)) from error


def _answer(caller: Installation, view: View) -> Json:
    caller.workspace.tell_screen(view.user)
    return {"ok": True, "view": view.shown()}
