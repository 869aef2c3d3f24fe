"""chat.* (docs.slack.dev: chat.postMessage, chat.update, chat.postEphemeral, chat.delete, chat.getPermalink)."""

from typing import Any

from localslack.api_call import ApiError, destination, flag, joined, structure, text, visible
from localslack.conversation import Conversation
from localslack.limits import LIMITS
from localslack.messages import bot_message, changed, delete, echoed_message_text, post
from localslack.people import tell_apps
from localslack.shape import echoed_blocks
from localslack.validation.surfaces import blocks_are_too_long, message_problems
from localslack.workspace import Installation

Json = dict[str, Any]
_MESSAGE = LIMITS["surfaces"]["message"]


def post_message(caller: Installation, args: Json) -> Json:
    """Post as the app."""
    where = destination(caller, text(args, "channel"))
    content = _content(args)
    thread = _thread(where, args)
    if thread and flag(args, "reply_broadcast"):
        thread["subtype"] = "thread_broadcast"
    message = post(
        caller.workspace,
        where,
        bot_message(caller.bot, content.pop("text"), content.pop("blocks", None), **thread, **content),
    )
    tell_apps(caller.workspace, where, message)
    answer: Json = {"ok": True, "channel": where.id, "ts": message["ts"], "message": dict(message)}
    if len(text(args, "text")) > _MESSAGE["text"]["truncated_above_chars"]:
        answer["response_metadata"] = {"warnings": ["message_truncated"]}
    return answer


def post_ephemeral(caller: Installation, args: Json) -> Json:
    """Post for one person only. The bot must be a member: chat:write.public is not enough."""
    where = joined(caller, text(args, "channel"))
    if where.is_archived:
        raise ApiError("is_archived")
    user = text(args, "user")
    if user not in where.members:
        raise ApiError("user_not_in_channel")
    content = _content(args)
    content.pop("metadata", None)
    mark = {"is_ephemeral": True, "only_visible_to": user}
    made = bot_message(
        caller.bot, content.pop("text"), content.pop("blocks", None), **mark, **_thread(where, args), **content
    )
    return {"ok": True, "message_ts": post(caller.workspace, where, made)["ts"]}


def update(caller: Installation, args: Json) -> Json:
    """Change one of the app's own messages (docs.slack.dev: chat.update).

    An update with metadata alone leaves text, blocks and attachments as they are. Any other update removes the old
    blocks and attachments. Without text, it keeps the old text.
    """
    where, message = _own_message(caller, args, "cant_update_message")
    if where.is_archived:
        raise ApiError("is_inactive")
    if len(text(args, "text")) > _MESSAGE["text_on_update"]["max_chars"]:
        raise ApiError(_MESSAGE["text_on_update"]["error"])
    if args.get("metadata") is not None and not any(args.get(name) for name in ("text", "blocks", "attachments")):
        content: Json = {"metadata": _metadata(args)}
    else:
        content = _content(args)
        message.pop("blocks", None)
        message.pop("attachments", None)
    if words := content.pop("text", ""):
        message["text"] = echoed_message_text(words)
    if "blocks" in content:
        content["blocks"] = echoed_blocks(content["blocks"])
    message |= content | {"edited": {"user": caller.bot.user_id, "ts": caller.shared.clock.ts()}}
    changed(caller.workspace, where, message)
    return {"ok": True, "channel": where.id, "ts": message["ts"], "text": message["text"], "message": dict(message)}


def delete_message(caller: Installation, args: Json) -> Json:
    """Delete one of the app's own messages."""
    where, message = _own_message(caller, args, "cant_delete_message")
    delete(caller.workspace, where, message)
    return {"ok": True, "channel": where.id, "ts": message["ts"]}


def get_permalink(caller: Installation, args: Json) -> Json:
    """The address of a message, for browsers."""
    where = visible(caller, text(args, "channel"))
    message = where.messages.get(text(args, "message_ts"))
    if message is None or message.get("is_ephemeral"):
        raise ApiError("message_not_found")
    link = f"{caller.workspace.url}archives/{where.id}/p{message['ts'].replace('.', '')}"
    if message.get("thread_ts", message["ts"]) != message["ts"]:
        link += f"?thread_ts={message['thread_ts']}&cid={where.id}"
    return {"ok": True, "channel": where.id, "permalink": link}


def _content(args: Json) -> Json:
    """The text, blocks, attachments and metadata, after checks. Raises ApiError."""
    words = text(args, "text")
    if args.get("markdown_text") is not None:
        words = _markdown_text(args)
    blocks = structure(args, "blocks", "invalid_blocks_format")
    if blocks and (problems := message_problems(blocks)):
        complaint = problems.for_message()
        raise ApiError(complaint.pop("error"), **complaint)
    if blocks_are_too_long(blocks):
        raise ApiError(_MESSAGE["blocks_json"]["error"])
    attachments = structure(args, "attachments", "invalid_attachments")
    if attachments is not None and not isinstance(attachments, list):
        raise ApiError("invalid_attachments")
    if len(attachments or []) > _MESSAGE["attachments"]["max_items"]:
        raise ApiError(_MESSAGE["attachments"]["error"])
    if not (words.strip() or blocks or attachments):
        raise ApiError("no_text")
    given = {"blocks": blocks, "attachments": attachments, "metadata": _metadata(args)}
    return {"text": words} | {name: value for name, value in given.items() if value}


def _markdown_text(args: Json) -> str:
    if any(args.get(name) for name in _MESSAGE["markdown_text"]["excludes"]):
        raise ApiError(_MESSAGE["markdown_text"]["error"])
    words = text(args, "markdown_text")
    if len(words) > _MESSAGE["markdown_text"]["max_chars"]:
        raise ApiError("msg_too_long")
    return words


def _metadata(args: Json) -> Json | None:
    metadata = structure(args, "metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise ApiError("invalid_metadata_format")
    fits = isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)
    if not fits or set(metadata) - set(_MESSAGE["metadata"]["keys"]):
        raise ApiError("invalid_metadata_schema")
    return metadata


def _thread(where: Conversation, args: Json) -> Json:
    """The `thread_ts` of a message, in a dict. Raises ApiError.

    The dict is empty if the parent is gone: Slack then posts the reply outside threads (gh:slack-go/slack#1571).
    """
    thread_ts = text(args, "thread_ts")
    if thread_ts not in where.messages:
        return {}
    if where.parent(thread_ts) is None:
        raise ApiError("thread_not_found")
    return {"thread_ts": thread_ts}


def _own_message(caller: Installation, args: Json, not_own: str) -> tuple[Conversation, Json]:
    """One of the app's own messages. Raises ApiError, with the code `not_own` if it is somebody else's."""
    where = visible(caller, text(args, "channel"))
    message = where.messages.get(text(args, "ts"))
    if message is None or message.get("is_ephemeral"):
        raise ApiError("message_not_found")
    if message["user"] != caller.bot.user_id:
        raise ApiError(not_own)
    return where, message
