"""views.* (docs.slack.dev: views.open, views.push, views.update, views.publish)."""

from collections.abc import Callable
from typing import Any, TypeVar

from localslack.api_call import ApiError, structure, text
from localslack.slack import Slack
from localslack.tickets import Trigger, TriggerError
from localslack.validation.surfaces import view_is_too_large, view_problems
from localslack.views import View, ViewError

Json = dict[str, Any]
_T = TypeVar("_T")


def open_view(slack: Slack, args: Json) -> Json:
    """Open a modal for whoever caused the trigger."""
    trigger = _trigger(slack, args)
    body = _body(args, "modal")
    team_id = slack.workspace.people[trigger.user].team_id
    return _answer(slack, _done(lambda: slack.views.open(trigger.user, team_id, body, trigger.channel)))


def push(slack: Slack, args: Json) -> Json:
    """Put a modal on top of the one that the trigger came from."""
    trigger = _trigger(slack, args)
    body = _body(args, "modal")
    below = slack.views.find(trigger.view_id or "")
    if below is None:
        raise ApiError("invalid_trigger_id")  # a modal is pushed onto a modal: the trigger must come from one
    if below.body["type"] != "modal":
        message = "must match the `type` of the root view whose stack we're pushing onto [json-pointer:/view/type]"
        raise ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}"]})
    return _answer(slack, _done(lambda: slack.views.push(trigger.user, below.team_id, body)))


def update(slack: Slack, args: Json) -> Json:
    """Replace a view by `view_id` or `external_id`; with `hash`, only if it is still that version."""
    view_id, external_id = text(args, "view_id"), text(args, "external_id")
    if not view_id and not external_id:
        message = "[ERROR] missing required field: view_id or external_id"
        raise ApiError("invalid_arguments", response_metadata={"messages": [message]})
    view = slack.views.find(view_id) if view_id else slack.views.by_external_id(external_id)
    if view is None:
        raise ApiError("not_found")
    body = _body(args, view.body["type"])
    _check_hash(args, view)
    _done(lambda: slack.views.update(view, body))
    return _answer(slack, view)


def publish(slack: Slack, args: Json) -> Json:
    """Set somebody's Home tab."""
    if not slack.config.home_tab:
        raise ApiError("not_enabled")
    person = slack.workspace.people.get(text(args, "user_id"))
    if person is None:
        raise ApiError("invalid_arguments", response_metadata={"messages": ["invalid `user_id`"]})
    body = _body(args, "home")
    home = slack.views.home(person.id)
    if home is not None:
        _check_hash(args, home)
    return _answer(slack, _done(lambda: slack.views.publish(person.id, person.team_id, body)))


def _trigger(slack: Slack, args: Json) -> Trigger:
    """Uses the trigger up even if the view turns out invalid: what Slack does there is not documented."""
    try:
        return slack.triggers.take(
            args.get("trigger_id") or args.get("interactivity_pointer"), slack.config.trigger_ttl
        )
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
    try:
        return work()
    except ViewError as error:
        raise ApiError(str(error)) from error


def _answer(slack: Slack, view: View) -> Json:
    slack.tell_screen(view.user)
    return {"ok": True, "view": view.shown()}
