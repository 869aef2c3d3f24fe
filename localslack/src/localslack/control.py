"""The control API: what the page and the tests do as people, and what they may look at."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from localslack import modals
from localslack.access import Refused, conversation, person
from localslack.actions import click, put_in, suggest
from localslack.people import open_home, type_text, use_shortcut
from localslack.places import Places, top_view
from localslack.slack import Slack
from localslack.workspace import APP_ID, APP_NAME, BOT_ID, BOT_USER, TEAM, is_hidden_reply

Json = dict[str, Any]
# What a request must say besides its `user`.
_NEEDED = {
    "type": ("channel", "text"),
    "submit": ("view_id",),
    "close": ("view_id",),
    "read": ("channel",),
    "shortcut": ("callback_id",),
}
Action = Callable[[Json], Awaitable[Json]]


class People:
    """Routes under /control/ that act or look as one person."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._places = Places(slack)

    def routes(self) -> list[web.RouteDef]:
        """What aiohttp needs."""
        looks = {"state": self._state, "messages": self._messages, "views": self._views, "people": self._people}
        acts = {
            "type": self._type,
            "suggest": self._suggest,
            "open_menu": self._suggest,
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
        slack, config = self._slack, self._slack.config
        me = person(slack, query.get("user"))
        app = {
            "id": APP_ID,
            "name": APP_NAME,
            "bot_user_id": BOT_USER,
            "bot_id": BOT_ID,
            "commands": config.commands,
            "shortcuts": config.shortcuts,
            "home_tab": config.home_tab,
            "connected": len(slack.sockets.shown()) if config.mode == "socket" else bool(config.http_url),
        }
        channels = [slack.workspace.described(one, me.id) for one in slack.workspace.of(me.id)]
        people = (await self._people({}))["people"]
        return {"team": TEAM, "me": asdict(me), "people": people, "app": app, "mode": config.mode, "channels": channels}

    async def _messages(self, query: Json) -> Json:
        user = person(self._slack, query.get("user")).id
        where = conversation(self._slack, user, query.get("channel"))
        thread_ts = query.get("thread_ts")
        shown = list(where.visible_to(user))
        if thread_ts:
            return {"messages": [one for one in shown if thread_ts in (one["ts"], one.get("thread_ts"))]}
        return {"messages": [one for one in shown if not is_hidden_reply(one)]}

    async def _views(self, query: Json) -> Json:
        return self._slack.screen(person(self._slack, query.get("user")).id)

    async def _people(self, _query: Json) -> Json:
        return {"people": [asdict(one) for one in self._slack.workspace.people.values()]}

    async def _type(self, body: Json) -> Json:
        return await type_text(self._slack, body["user"], body["channel"], body["text"], body.get("thread_ts"))

    async def _suggest(self, body: Json) -> Json:
        return await suggest(self._slack, self._places.find(body), body)

    async def _input(self, body: Json) -> Json:
        return await put_in(self._slack, self._places.find(body), body)

    async def _click(self, body: Json) -> Json:
        return await click(self._slack, self._places.find(body), body)

    async def _submit(self, body: Json) -> Json:
        return await modals.submit(self._slack, top_view(self._slack, body["user"], body["view_id"]))

    async def _close(self, body: Json) -> Json:
        view = top_view(self._slack, body["user"], body["view_id"])
        return await modals.close(self._slack, view, everything=bool(body.get("all")))

    async def _read(self, body: Json) -> Json:
        where = conversation(self._slack, body["user"], body["channel"])
        where.last_read[body["user"]] = max(where.messages, default="")
        shown = self._slack.workspace.described(where, body["user"])
        self._slack.hub.publish("channel", {"channel": shown}, to=[body["user"]])
        return {"unread": shown["unread"]}

    async def _dm(self, body: Json) -> Json:
        first, second = person(self._slack, body["user"]).id, person(self._slack, body.get("with", BOT_USER)).id
        return {"channel": self._slack.workspace.described(self._slack.direct(first, second), first)}

    async def _home(self, body: Json) -> Json:
        return open_home(self._slack, body["user"], body.get("tab", "home"))

    async def _shortcut(self, body: Json) -> Json:
        return await use_shortcut(self._slack, body["user"], body["callback_id"], body.get("channel"), body.get("ts"))


def look(work: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A GET route over `work`, which gets the query."""

    async def handler(request: web.Request) -> web.Response:
        return await _answered(work, dict(request.query))

    return handler


def act(work: Action, *needed: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A POST route over `work`, which gets the JSON body; the names in `needed` are in it."""

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
