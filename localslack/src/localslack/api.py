"""The Web API: a table of methods. Tokens, faults, rate limits and scopes are checked before each call."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from localslack import api_chat, api_conversations, api_people, api_views
from localslack.api_call import ApiError
from localslack.apps import App
from localslack.faults import Fault
from localslack.ids import Bot
from localslack.slack import Slack
from localslack.workspace import Installation

Json = dict[str, Any]
Method = Callable[[Installation, Json], Json]

METHODS: dict[str, Method] = {
    "auth.test": api_people.auth_test,
    "bots.info": api_people.bot_info,
    "chat.delete": api_chat.delete_message,
    "chat.getPermalink": api_chat.get_permalink,
    "chat.postEphemeral": api_chat.post_ephemeral,
    "chat.postMessage": api_chat.post_message,
    "chat.update": api_chat.update,
    "conversations.history": api_conversations.history,
    "conversations.info": api_conversations.info,
    "conversations.join": api_conversations.join,
    "conversations.open": api_conversations.open_direct,
    "conversations.replies": api_conversations.replies,
    "users.info": api_people.info,
    "users.lookupByEmail": api_people.lookup_by_email,
    "views.open": api_views.open_view,
    "views.publish": api_views.publish,
    "views.push": api_views.push,
    "views.update": api_views.update,
}
# These two methods take no bot token.
_OPEN = "apps.connections.open"  # takes an app-level token
_TEST = "api.test"  # takes no token
SCOPES = {
    "bots.info": "users:read",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.join": "channels:join",
    "conversations.open": "im:write",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
}
# The scope that these need depends on the kind of the conversation, for example "im:read" or "groups:history".
_BY_KIND = {"conversations.info": "read", "conversations.history": "history", "conversations.replies": "history"}
_FAMILY = {"channel": "channels", "private": "groups", "im": "im"}
_HANG_SECONDS = 60.0


async def handle(slack: Slack, request: web.Request) -> web.StreamResponse:
    """Answer one call of a method, and log it."""
    method = request.match_info["method"]
    log = slack.shared.log
    started = time.monotonic()
    caller: Installation | App | None = None
    fault: Fault | None = None
    args: Json = {}
    try:
        args = await _arguments(request)
        caller = _authenticated(slack, method, args, request)
        fault = slack.shared.faults.for_call(method, _channel(args), _bot(caller))
        if fault is not None and (failure := await _fail(fault, request)):
            log.add("api", method, bot=_bot(caller), request=args, response=fault.kind, status=failure.status)
            return failure
        answer, status = _call(slack, caller, method, args)
    except ApiError as error:
        answer, status = error.answer, 200
    spent = round((time.monotonic() - started) * 1000, 1)
    log.add("api", method, bot=_bot(caller), request=args, response=answer, status=status, ms=spent)
    if fault is not None and fault.kind == "lost_answer":
        _hang_up(request)
    headers = {"Retry-After": str(answer.pop("retry_after"))} if "retry_after" in answer else {}
    if isinstance(caller, Installation) and caller.grant.scopes is not None:
        headers["X-OAuth-Scopes"] = ",".join(caller.grant.scopes)
    return web.json_response(answer, status=status, headers=headers)


def _call(slack: Slack, caller: Installation | App | None, method: str, args: Json) -> tuple[Json, int]:
    if caller is None:  # api.test
        return {"ok": True, "args": args}, 200
    channel = _channel(args)
    if slack.shared.switches.rate_limits and (seconds := caller.rates.wait(method, channel)):
        return {"ok": False, "error": "ratelimited", "retry_after": seconds}, 429
    if isinstance(caller, App):
        return api_people.connections_open(slack.shared, caller), 200
    _check_scope(caller, method, channel)
    return METHODS[method](caller, args), 200


async def _arguments(request: web.Request) -> Json:
    """The arguments from the query and from a form or a JSON body. Raises ApiError."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")  # SDKs send no body when there are no arguments
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(body, dict):
            raise ApiError("json_not_object")
        return args | body
    return args | {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _channel(args: Json) -> str | None:
    return str(args.get("channel") or "") or None


def _bot(caller: Installation | App | None) -> Bot | None:
    if isinstance(caller, App):
        return Bot(team_id="", app_id=caller.id, user_id="", bot_id="", name=caller.name)  # an app has no workspace
    return caller.bot if caller else None


def _authenticated(slack: Slack, method: str, args: Json, request: web.Request) -> Installation | App | None:
    """The token's owner: an installation, or an app for its app-level token. None for api.test. Raises ApiError."""
    if method not in METHODS and method not in (_OPEN, _TEST):
        raise ApiError("unknown_method", req_method=method)
    if method == _TEST:
        return None
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else str(args.get("token") or "")
    if not token:
        raise ApiError("not_authed")
    if token in slack.dead_tokens:
        raise ApiError(slack.dead_tokens[token])
    app = next((one for one in slack.apps.values() if one.settings.app_token == token), None)
    installation = next((one for one in slack.installations() if one.grant.bot_token == token), None)
    right, wrong = (app, installation) if method == _OPEN else (installation, app)
    if right is None:
        raise ApiError("not_allowed_token_type" if wrong else "invalid_auth")
    return right


def _check_scope(caller: Installation, method: str, channel: str | None) -> None:
    needed = SCOPES.get(method)
    if method in _BY_KIND:
        where = caller.workspace.conversations.get(channel or "")
        needed = f"{_FAMILY[where.kind if where else 'channel']}:{_BY_KIND[method]}"
    if needed and not caller.grant.has(needed):
        raise ApiError("missing_scope", needed=needed, provided=",".join(caller.grant.scopes or []))


async def _fail(fault: Fault, request: web.Request) -> web.Response | None:
    """Wait as the fault says. Returns the answer that it asks for, or None if the call goes on. Raises ApiError."""
    await asyncio.sleep(_HANG_SECONDS if fault.kind == "timeout" and not fault.delay else fault.delay)
    if fault.kind in ("drop", "timeout"):
        _hang_up(request)
        return web.Response()  # never arrives
    if fault.kind == "ratelimited":
        headers = {"Retry-After": str(fault.retry_after)}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
    if fault.kind == "http500":
        return web.Response(status=500, text="<html>Internal Server Error</html>", content_type="text/html")
    if fault.kind in ("fatal_error", "error"):
        raise ApiError("fatal_error" if fault.kind == "fatal_error" else fault.error)
    return None


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
