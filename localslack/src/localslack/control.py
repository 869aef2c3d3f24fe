"""The control API for people: the page and the tests act and look as one person.

Every request may name its workspace by `team`, and some their app by `app`. The defaults are the first ones.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from localslack import modals
from localslack.access import Refused, find_conversation, find_installation, find_person, find_workspace
from localslack.actions import click, put_in, suggest
from localslack.conversation import is_hidden_reply
from localslack.people import edit_text, open_home, type_text, use_shortcut
from localslack.places import Places, owner, top_view
from localslack.slack import Slack
from localslack.workspace import Installation

Json = dict[str, Any]
# What a request must contain besides its `user`.
_NEEDED = {
    "type": ("channel", "text"),
    "edit": ("channel", "ts", "text"),
    "submit": ("view_id",),
    "close": ("view_id",),
    "read": ("channel",),
    "shortcut": ("callback_id",),
}
Action = Callable[[Json], Awaitable[Json]]


class People:
    """The routes under /control/ for acting and looking as one person."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._places = Places(slack)

    def routes(self) -> list[web.RouteDef]:
        """The routes for aiohttp."""
        looks = {"state": self._state, "messages": self._messages, "views": self._views, "people": self._people}
        acts = {
            "type": self._type,
            "edit": self._edit,
            "suggest": self._suggest,
            "input": self._input,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "read": self._read,
            "dm": self._dm,
            "home": self._home,
            "shortcut": self._shortcut,
        }
        return [
            *(web.get(f"/control/{name}", look(work)) for name, work in looks.items()),
            *(web.post(f"/control/{name}", act(work, "user", *_NEEDED.get(name, ()))) for name, work in acts.items()),
        ]

    async def _state(self, query: Json) -> Json:
        workspace = find_workspace(self._slack, query)
        me = find_person(workspace, query.get("user"))
        apps = [_shown(one) for one in workspace.installations if not one.is_removed]
        return {
            **await self._people(query),
            "me": asdict(me),
            "app": apps[0] if apps else None,
            "apps": apps,
            "mode": self._slack.first.app.settings.mode,
            "channels": [workspace.described(one, me.id) for one in workspace.of(me.id)],
        }

    async def _messages(self, query: Json) -> Json:
        workspace = find_workspace(self._slack, query)
        user = find_person(workspace, query.get("user")).id
        shown = list(find_conversation(workspace, user, query.get("channel")).visible_to(user))
        if thread_ts := query.get("thread_ts"):
            return {"messages": [one for one in shown if thread_ts in (one["ts"], one.get("thread_ts"))]}
        return {"messages": [one for one in shown if not is_hidden_reply(one)]}

    async def _views(self, query: Json) -> Json:
        workspace = find_workspace(self._slack, query)
        return workspace.screen(find_person(workspace, query.get("user")).id)

    async def _people(self, query: Json) -> Json:
        workspace = find_workspace(self._slack, query)
        return {
            "workspaces": [asdict(one.team) for one in self._slack.workspaces.values()],
            "team": asdict(workspace.team),
            "people": [asdict(one) for one in workspace.people.values()],
        }

    async def _type(self, body: Json) -> Json:
        workspace = find_workspace(self._slack, body)
        return await type_text(workspace, body["user"], body["channel"], body["text"], body.get("thread_ts"))

    async def _edit(self, body: Json) -> Json:
        workspace = find_workspace(self._slack, body)
        return edit_text(workspace, body["user"], body["channel"], body["ts"], body["text"])

    async def _suggest(self, body: Json) -> Json:
        return await suggest(self._places.find(body), body)

    async def _input(self, body: Json) -> Json:
        return await put_in(self._places.find(body), body)

    async def _click(self, body: Json) -> Json:
        return await click(self._places.find(body), body)

    async def _submit(self, body: Json) -> Json:
        workspace = find_workspace(self._slack, body)
        view = top_view(workspace, body["user"], body["view_id"])
        return await modals.submit(owner(workspace, view.bot.app_id), view)

    async def _close(self, body: Json) -> Json:
        workspace = find_workspace(self._slack, body)
        view = top_view(workspace, body["user"], body["view_id"])
        return await modals.close(owner(workspace, view.bot.app_id), view, everything=bool(body.get("all")))

    async def _read(self, body: Json) -> Json:
        workspace = find_workspace(self._slack, body)
        where = find_conversation(workspace, body["user"], body["channel"])
        where.last_read[body["user"]] = max(where.messages, default="")
        shown = workspace.described(where, body["user"])
        workspace.publish("channel", {"channel": shown}, to=[body["user"]])
        return {"unread": shown["unread"]}

    async def _dm(self, body: Json) -> Json:
        workspace = find_workspace(self._slack, body)
        other = body.get("with") or find_installation(self._slack, body).bot.user_id
        first, second = find_person(workspace, body["user"]).id, find_person(workspace, other).id
        return {"channel": workspace.described(workspace.direct(first, second), first)}

    async def _home(self, body: Json) -> Json:
        return open_home(find_installation(self._slack, body), body["user"], body.get("tab", "home"))

    async def _shortcut(self, body: Json) -> Json:
        to = find_installation(self._slack, body)
        return await use_shortcut(to, body["user"], body["callback_id"], body.get("channel"), body.get("ts"))


def _shown(one: Installation) -> Json:
    """An installed app, as the page gets it."""
    return {
        "id": one.app.id,
        "name": one.app.name,
        "bot_user_id": one.bot.user_id,
        "bot_id": one.bot.bot_id,
        "commands": one.app.settings.commands,
        "shortcuts": one.app.settings.shortcuts,
        "home_tab": one.app.settings.home_tab,
        "connected": one.app.connected,
    }


def look(work: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A GET route over `work`, which gets the query."""

    async def handler(request: web.Request) -> web.Response:
        return await _answered(work, dict(request.query))

    return handler


def act(work: Action, *needed: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A POST route over `work`, which gets the JSON body with at least the fields in `needed`."""

    async def handler(request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return web.json_response({"ok": False, "error": "invalid_json"}, status=400)
        for name in needed:
            if name not in body:
                return web.json_response({"ok": False, "error": f"missing: {name}"}, status=400)
        return await _answered(work, body)

    return handler


async def _answered(work: Action, given: Json) -> web.Response:
    try:
        return web.json_response({"ok": True} | await work(given))
    except Refused as refusal:
        return web.json_response({"ok": False, "error": refusal.error}, status=refusal.status)
