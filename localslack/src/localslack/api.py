"""The Web API: one table of methods over the workspace, with tokens, scopes, rate limits and faults before each call."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from localslack import api_chat, api_conversations, api_people, api_views
from localslack.api_call import ApiError
from localslack.faults import Fault
from localslack.slack import Slack

Json = dict[str, Any]
Method = Callable[[Slack, Json], Json]

METHODS: dict[str, Method] = {
    "api.test": lambda _slack, args: {"ok": True, "args": args},
    "apps.connections.open": api_people.connections_open,
    "auth.test": api_people.auth_test,
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
SCOPES = {
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.join": "channels:join",
    "conversations.open": "im:write",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
}
# These need the scope for the kind of conversation they are asked about.
_BY_KIND = {"conversations.info": "read", "conversations.history": "history", "conversations.replies": "history"}
_FAMILY = {"channel": "channels", "private": "groups", "im": "im"}
_APP_LEVEL = frozenset({"apps.connections.open"})
_HANG_SECONDS = 60.0


async def handle(slack: Slack, request: web.Request) -> web.StreamResponse:
    """One call of a method, from tokens to the log."""
    method = request.match_info["method"]
    started = time.monotonic()
    fault: Fault | None = None
    args: Json = {}
    try:
        args = await _arguments(request)
        _authenticate(slack, method, args, request)
        channel = str(args.get("channel") or "") or None
        fault = slack.faults.for_call(method, channel)
        if fault is not None and (failure := await _fail(fault, request)):
            slack.log.add("api", method, request=args, response=fault.kind, status=failure.status)
            return failure
        answer, status = _call(slack, method, args, channel)
    except ApiError as error:
        answer, status = error.answer, 200
    spent = round((time.monotonic() - started) * 1000, 1)
    slack.log.add("api", method, request=args, response=answer, status=status, ms=spent)
    if fault is not None and fault.kind == "lost_answer":
        _hang_up(request)
    headers = {"Retry-After": str(answer.pop("retry_after"))} if "retry_after" in answer else {}
    if slack.config.scopes is not None:
        headers["X-OAuth-Scopes"] = ",".join(slack.config.scopes)
    return web.json_response(answer, status=status, headers=headers)


def _call(slack: Slack, method: str, args: Json, channel: str | None) -> tuple[Json, int]:
    if slack.config.rate_limits and (seconds := slack.rates.wait(method, channel)):
        return {"ok": False, "error": "ratelimited", "retry_after": seconds}, 429
    _check_scope(slack, method, channel)
    return METHODS[method](slack, args), 200


async def _arguments(request: web.Request) -> Json:
    """Arguments from the query, a form or a JSON body."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")  # SDKs send nothing where there is nothing to send
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(body, dict):
            raise ApiError("json_not_object")
        return args | body
    return args | {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _authenticate(slack: Slack, method: str, args: Json, request: web.Request) -> None:
    if method not in METHODS:
        raise ApiError("unknown_method", req_method=method)
    if method == "api.test":
        return
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else str(args.get("token") or "")
    if not token:
        raise ApiError("not_authed")
    right, wrong = slack.config.bot_token, slack.config.app_token
    if method in _APP_LEVEL:
        right, wrong = wrong, right
    if token != right:
        raise ApiError("not_allowed_token_type" if token == wrong else "invalid_auth")


def _check_scope(slack: Slack, method: str, channel: str | None) -> None:
    needed = SCOPES.get(method)
    if method in _BY_KIND:
        where = slack.workspace.conversations.get(channel or "")
        needed = f"{_FAMILY[where.kind if where else 'channel']}:{_BY_KIND[method]}"
    if needed and not slack.config.has_scope(needed):
        raise ApiError("missing_scope", needed=needed, provided=",".join(slack.config.scopes or []))


async def _fail(fault: Fault, request: web.Request) -> web.Response | None:
    """The answer that the fault calls for; None when the call goes on. Raises ApiError."""
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
