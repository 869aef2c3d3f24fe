"""The control API for the local Slack itself: faults, the log, sockets, raw deliveries, people, channels, time."""

from dataclasses import fields
from typing import Any

from aiohttp import web

from localslack.access import Refused, find_installation, find_workspace
from localslack.apps import App
from localslack.control import act, look
from localslack.conversation import Conversation
from localslack.delivery import Ack, Delivery
from localslack.faults import BadFault
from localslack.http_mode import Post, encoded
from localslack.ids import new_id
from localslack.members import Person
from localslack.payloads import TOKEN
from localslack.slack import Slack
from localslack.socket_mode import TROUBLE
from localslack.workspace import Workspace

Json = dict[str, Any]
_NEEDED = {"people": ("id",), "deliver": ("type",), "clock": ("advance",)}
_FORGEABLE = ("body", "content_type", "secret", "timestamp", "headers", "url")
# Slack itself sends these when URLs are configured, and sometimes later (docs.slack.dev: using-http-request-urls).
_OWN: dict[str, Json] = {
    "ssl_check": {"ssl_check": "1", "token": TOKEN},
    "url_verification": {"type": "url_verification", "token": TOKEN, "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd"},
}


class Setup:
    """The routes under /control/ that change or show the local Slack itself."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    def routes(self) -> list[web.RouteDef]:
        """The routes for aiohttp."""
        looks = {"log": self._log, "socket": self._sockets}
        acts = {
            "faults": self._add_fault,
            "socket": self._trouble,
            "people": self._set_person,
            "channels": self._set_channel,
            "deliver": self._deliver,
            "clock": self._advance,
            "reset": self._reset,
            "hang_up": self._hang_up,
        }
        return [
            *(web.get(f"/control/{name}", look(work)) for name, work in looks.items()),
            *(web.post(f"/control/{name}", act(work, *_NEEDED.get(name, ()))) for name, work in acts.items()),
            web.delete("/control/faults", look(self._clear_faults)),
        ]

    async def _log(self, query: Json) -> Json:
        name = query.get("name")
        wanted = {key: query[key] for key in ("direction", "team", "app") if key in query}
        return {
            "entries": [
                one
                for one in self._slack.shared.log.since(int(query.get("since", 0)))
                if all(one.get(key) == value for key, value in wanted.items())
                and name in (None, one.get("method"), one.get("type"))
            ]
        }

    async def _sockets(self, query: Json) -> Json:
        return {"connections": self._app(query).sockets.shown()}

    def _app(self, asked: Json) -> App:
        """The app that `app` names, even if it isn't installed. Without `app`: the first app in the workspace."""
        named = self._slack.apps.get(asked.get("app") or "")
        return named or find_installation(self._slack, asked).app

    async def _add_fault(self, body: Json) -> Json:
        try:
            self._slack.shared.faults.add(body)
        except BadFault as error:
            raise Refused(str(error)) from error
        return {}

    async def _clear_faults(self, _query: Json) -> Json:
        self._slack.shared.faults.clear()
        return {}

    async def _trouble(self, body: Json) -> Json:
        if body.get("do") not in TROUBLE:
            raise Refused(f"unknown trouble: {body.get('do')}")
        await self._app(body).sockets.trouble(body["do"])
        return await self._sockets(body)

    async def _set_person(self, body: Json) -> Json:
        workspace, changes = self._split(body)
        _check_names(changes, Person)
        person = workspace.people.get(changes["id"])
        if person is None:
            defaults: Json = {"name": changes["id"].lower(), "real_name": changes["id"], "team_id": workspace.team.id}
            workspace.people[changes["id"]] = Person(**(defaults | changes))
        else:
            _change(person, changes)
        self._slack.shared.hub.publish("config", {"person": changes["id"]}, team=workspace.team.id)
        return {}

    async def _set_channel(self, body: Json) -> Json:
        bot = find_installation(self._slack, body).bot.user_id
        workspace, changes = self._split(body)
        is_member = changes.pop("is_member_bot", None)
        if "is_private" in changes:
            changes["kind"] = "private" if changes.pop("is_private") else "channel"
        _check_names(changes, Conversation)
        if unknown := set(changes.get("members", [])) - set(workspace.people):
            raise Refused(f"user_not_found: {min(unknown)}")
        channel_id = changes.get("id") or new_id("C")
        where = workspace.conversations.get(channel_id)
        members_before = set(where.members) if where else set[str]()
        if where is None:
            defaults: Json = {"id": channel_id, "name": channel_id.lower()}
            where = workspace.conversations[channel_id] = Conversation(**(defaults | changes))
        else:
            _change(where, changes)
        if is_member is not None:
            where.members = [one for one in where.members if one != bot] + ([bot] if is_member else [])
        workspace.publish("channel_left", {"channel": where.id}, to=members_before - set(where.members))
        workspace.tell_channel(where)
        return {"channel": workspace.described(where, bot)}

    async def _deliver(self, body: Json) -> Json:
        """Send any payload to the app. Over HTTP, its parts may be forged."""
        to = find_installation(self._slack, body)
        delivery = Delivery(kind=body["type"], payload=body.get("payload") or _OWN.get(body["type"], {}))
        forged = {name: body[name] for name in _FORGEABLE if name in body}
        if not forged:
            return _shown(await self._slack.shared.courier.deliver(to, delivery.kind, delivery.payload))
        settings = to.app.settings
        text, content_type = encoded(delivery)
        made = {"url": settings.http_url, "body": text, "content_type": content_type, "secret": settings.signing_secret}
        return _shown(await to.app.http.post(Post(**(made | forged)), self._slack.shared.switches.deadline))

    async def _advance(self, body: Json) -> Json:
        self._slack.shared.clock.advance(float(body["advance"]))
        return {"now": self._slack.shared.clock.now()}

    async def _hang_up(self, _body: Json) -> Json:
        """End all event streams. Browsers connect again by themselves."""
        self._slack.shared.hub.close()
        return {}

    async def _reset(self, _body: Json) -> Json:
        await self._slack.reset()
        return {}

    def _split(self, body: Json) -> tuple[Workspace, Json]:
        """The workspace, and the request without the names of workspace and app."""
        return find_workspace(self._slack, body), {k: v for k, v in body.items() if k not in ("team", "app")}


def _shown(ack: Ack) -> Json:
    return {"ack": {"error": ack.error, "status": ack.status, "body": ack.body, "text": ack.text}}


def _check_names(body: Json, kind: type[Person] | type[Conversation]) -> None:
    known = {field.name for field in fields(kind)} - {"messages", "threads", "last_read"}
    if unknown := set(body) - known:
        raise Refused(f"unknown field: {min(unknown)}")


def _change(thing: Person | Conversation, changes: Json) -> None:
    for name, value in changes.items():
        setattr(thing, name, value)
