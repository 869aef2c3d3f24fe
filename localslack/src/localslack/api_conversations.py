"""conversations.* (docs.slack.dev: conversations.info, .open, .join, .history, .replies)."""

from base64 import b64decode, b64encode
from typing import Any

from localslack.api_call import ApiError, flag, is_member, joined, text, visible
from localslack.conversation import Conversation, is_hidden_reply
from localslack.members import CREATED, OTHER_TEAM
from localslack.workspace import Installation

Json = dict[str, Any]
_PAGE = 100  # the default `limit`


def info(caller: Installation, args: Json) -> Json:
    """A conversation, as far as the app may know it."""
    return {"ok": True, "channel": described(caller, visible(caller, text(args, "channel")))}


def open_direct(caller: Installation, args: Json) -> Json:
    """The direct message with one person."""
    if channel := text(args, "channel"):
        where = visible(caller, channel)
        return {"ok": True, "no_op": True, "already_open": True, "channel": {"id": where.id}}
    users = [user for user in text(args, "users").split(",") if user]
    if not users:
        raise ApiError("users_list_not_supplied")
    if len(users) > 1:
        # There are no group direct messages here.
        raise ApiError("not_enough_users" if caller.bot.user_id in users else "too_many_users")
    workspace = caller.workspace
    person = workspace.people.get(users[0])
    if person is None:
        raise ApiError("user_not_found")
    if person.is_bot:
        raise ApiError("cannot_dm_bot")  # two bots have no direct message (gh:HubSpot/slack-client#90)
    if person.deleted:
        raise ApiError("user_disabled")
    existed = workspace.existing_direct(person.id, caller.bot.user_id) is not None
    where = workspace.direct(person.id, caller.bot.user_id)
    channel_part = described(caller, where) if flag(args, "return_im") else {"id": where.id}
    return {"ok": True, "channel": channel_part} | ({"no_op": True, "already_open": True} if existed else {})


def join(caller: Installation, args: Json) -> Json:
    """Join a public channel."""
    where = visible(caller, text(args, "channel"))
    if where.kind != "channel":
        raise ApiError("method_not_supported_for_channel_type")
    if where.is_archived:
        raise ApiError("is_archived")
    if is_member(caller, where):
        warning = "already_in_channel"
        return {
            "ok": True,
            "channel": described(caller, where),
            "warning": warning,
            "response_metadata": {"warnings": [warning]},
        }
    where.members.append(caller.bot.user_id)
    caller.workspace.tell_channel(where)
    return {"ok": True, "channel": described(caller, where)}


def history(caller: Installation, args: Json) -> Json:
    """The messages outside threads, newest first."""
    where = joined(caller, text(args, "channel"))
    messages = [one for one in where.messages.values() if not one.get("is_ephemeral") and not is_hidden_reply(one)]
    return _page(args, list(reversed(_within(args, messages))))


def replies(caller: Installation, args: Json) -> Json:
    """A thread: its parent, then the replies, oldest first."""
    where = joined(caller, text(args, "channel"))
    ts = text(args, "ts")
    root = where.messages.get(ts)
    if root is None or root.get("is_ephemeral"):
        raise ApiError("thread_not_found")
    return _page(args, [root, *_within(args, where.replies(ts))])


def described(caller: Installation, where: Conversation) -> Json:
    """A conversation object, as this app gets it."""
    team_id, me = caller.bot.team_id, caller.bot.user_id
    common = {"id": where.id, "created": CREATED, "is_archived": where.is_archived, "is_im": where.kind == "im"}
    common |= {"is_org_shared": False, "is_mpim": False, "is_shared": where.is_shared, "context_team_id": team_id}
    if where.kind == "im":
        other = next((one for one in where.members if one != me), me)
        return common | {"user": other, "is_open": True, "is_private": True}
    return common | {
        "name": where.name,
        "name_normalized": where.name,
        "is_channel": where.kind == "channel",
        "is_group": where.kind == "private",
        "is_private": where.kind == "private",
        "is_general": where.id == "C0GENERAL",
        "is_member": is_member(caller, where),
        "is_read_only": where.is_read_only,
        "is_ext_shared": where.is_shared,
        "is_pending_ext_shared": where.is_pending_shared,
        "conversation_host_id": where.host or team_id,
        "pending_shared": [],
        "shared_team_ids": [team_id, OTHER_TEAM.id] if where.is_shared else [team_id],
        "creator": "U0ANA",
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
        "unlinked": 0,
    }


def _within(args: Json, messages: list[Json]) -> list[Json]:
    """The messages between `oldest` and `latest`. `inclusive` adds the ends.

    Timestamps are compared as text: as floats they would lose digits.
    """
    oldest, latest, inclusive = text(args, "oldest"), text(args, "latest"), flag(args, "inclusive")

    def inside(ts: str) -> bool:
        if inclusive and ts in (_padded(oldest), _padded(latest)):
            return True
        return (not oldest or _padded(oldest) < ts) and (not latest or ts < _padded(latest))

    return [one for one in messages if inside(one["ts"])]


def _padded(ts: str) -> str:
    """The timestamp with 10 and 6 digits, so that comparing texts compares times."""
    seconds, _, rest = ts.partition(".")
    return f"{seconds:0>10}.{rest:0<6}" if ts and ts != "0" else "0" * 10 + "." + "0" * 6


def _page(args: Json, messages: list[Json]) -> Json:
    """The answer with the page of `messages` that `limit` and `cursor` ask for. Raises ApiError."""
    wanted = text(args, "limit") or str(_PAGE)
    if not wanted.isdecimal() or wanted == "0":
        raise ApiError("invalid_limit")
    limit = int(wanted)
    start = _offset(text(args, "cursor"))
    shown = messages[start : start + limit]
    if not flag(args, "include_all_metadata"):
        shown = [{name: value for name, value in one.items() if name != "metadata"} for one in shown]
    more = start + limit < len(messages)
    cursor = b64encode(f"next:{start + limit}".encode()).decode() if more else ""
    return {"ok": True, "messages": shown, "has_more": more, "response_metadata": {"next_cursor": cursor}}


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(b64decode(cursor).decode().removeprefix("next:"))
    except ValueError:
        raise ApiError("invalid_cursor") from None
