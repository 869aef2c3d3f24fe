"""A response_url takes five messages in thirty minutes, without a token (docs.slack.dev: handling-user-interaction)."""

from typing import Any

from aiohttp import web

from localslack.conversation import Conversation
from localslack.messages import bot_message, changed, delete, echoed_message_text, post
from localslack.shape import echoed_blocks
from localslack.slack import Slack
from localslack.tickets import Hook
from localslack.validation.surfaces import message_problems
from localslack.workspace import Workspace

Json = dict[str, Any]


async def handle(slack: Slack, request: web.Request) -> web.Response:
    """Take one message that is sent to a response_url."""
    path = request.match_info["path"]
    try:
        body = await request.json()
    except ValueError:
        body = None
    hook, state = slack.shared.hooks.find(path)
    status, answer = _use(slack, hook, body) if hook else (404, state)
    bot = hook.bot if hook else None
    slack.shared.log.add("hook", request.match_info["kind"], bot=bot, request=body, response=answer, status=status)
    return web.Response(status=status, text=answer)


def _use(slack: Slack, hook: Hook, body: Any) -> tuple[int, str]:
    workspace = slack.workspaces.get(hook.bot.team_id)
    where = workspace.conversations.get(hook.channel) if workspace else None
    if workspace is None or where is None:
        return 404, "expired_url"
    if problem := _problem(body):
        return 400, problem
    hook.uses += 1
    original = where.messages.get(hook.message_ts or "")
    if original is not None and body.get("delete_original"):
        delete(workspace, where, original)
    elif original is not None and body.get("replace_original"):
        _replace(workspace, where, original, body)
    elif not body.get("delete_original"):
        _say(workspace, where, hook, body)
    return 200, "ok"


def _problem(body: Any) -> str | None:
    if not isinstance(body, dict):
        return "invalid_payload"
    if body.get("blocks") and message_problems(body["blocks"]):
        return "invalid_blocks"
    has_content = any(body.get(name) for name in ("text", "blocks", "attachments", "delete_original"))
    return None if has_content else "no_text"


def _replace(workspace: Workspace, where: Conversation, original: Json, body: Json) -> None:
    original.pop("blocks", None)
    original["text"] = echoed_message_text(body.get("text") or "")
    if body.get("blocks"):
        original["blocks"] = echoed_blocks(body["blocks"])
    changed(workspace, where, original)


def _say(workspace: Workspace, where: Conversation, hook: Hook, body: Json) -> None:
    thread_ts = body.get("thread_ts") or hook.thread_ts
    more: Json = {"thread_ts": thread_ts} if thread_ts and where.parent(thread_ts) is not None else {}
    if body.get("response_type") != "in_channel":
        more |= {"is_ephemeral": True, "only_visible_to": hook.user}
    post(workspace, where, bot_message(hook.bot, body.get("text"), body.get("blocks"), **more))
