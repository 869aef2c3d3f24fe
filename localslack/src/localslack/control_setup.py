"""The other half of the control API: configuration, faults, the wire's log, raw deliveries, people and channels."""

from dataclasses import fields
from typing import Any

from aiohttp import web

from localslack.access import Refused
from localslack.config import BadConfig
from localslack.control import act, look
from localslack.delivery import Ack, Delivery
from localslack.faults import BadFault
from localslack.http_mode import Post, encoded
from localslack.ids import new_id
from localslack.payloads import TOKEN
from localslack.slack import Slack
from localslack.socket_mode import TROUBLE
from localslack.workspace import BOT_USER, Conversation, Person

Json = dict[str, Any]
_NEEDED = {"people": ("id",), "deliver": ("type",), "clock": ("advance",)}
_FORGEABLE = ("body", "content_type", "secret", "timestamp", "headers", "url")
# What Slack itself sends when URLs are set up and now and then after (docs.slack.dev: using-http-request-urls).
_OWN: dict[str, Json] = {
    "ssl_check": {"ssl_check": "1", "token": TOKEN},
    "url_verification": {"type": "url_verification", "token": TOKEN, "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd"},
}


class Setup:
    """Routes under /control/ that change or show the stand-in itself."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    def routes(self) -> list[web.RouteDef]:
        """What aiohttp needs."""
        looks = {"log": self._log, "socket": self._sockets, "config": self._config}
        acts = {
            "faults": self._add_fault,
            "socket": self._trouble,
            "people": self._set_person,
            "channels": self._set_channel,
            "config": self._configure,
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
        wanted, name = query.get("direction"), query.get("name")
        entries = self._slack.log.since(int(query.get("since", 0)))
        return {
            "entries": [
                one
                for one in entries
                if wanted in (None, one["direction"]) and name in (None, one.get("method"), one.get("type"))
            ]
        }

    async def _sockets(self, _query: Json) -> Json:
        return {"connections": self._slack.sockets.shown()}

    async def _config(self, _query: Json) -> Json:
        return {"config": self._slack.config.public()}

    async def _add_fault(self, body: Json) -> Json:
        try:
            self._slack.faults.add(body)
        except BadFault as error:
            raise Refused(str(error)) from error
        return {}

    async def _clear_faults(self, _query: Json) -> Json:
        self._slack.faults.clear()
        return {}

    async def _trouble(self, body: Json) -> Json:
        if body.get("do") not in TROUBLE:
            raise Refused(f"unknown trouble: {body.get('do')}")
        await self._slack.sockets.trouble(body["do"])
        return await self._sockets({})

    async def _set_person(self, body: Json) -> Json:
        people = self._slack.workspace.people
        _check_names(body, Person)
        person = people.get(body["id"])
        if person is None:
            defaults: Json = {"name": body["id"].lower(), "real_name": body["id"]}
            people[body["id"]] = Person(**(defaults | body))
        else:
            _change(person, body)
        self._slack.hub.publish("config", {"person": body["id"]})
        return {}

    async def _set_channel(self, body: Json) -> Json:
        conversations = self._slack.workspace.conversations
        changes = dict(body)
        bot = changes.pop("is_member_bot", None)
        if "is_private" in changes:
            changes["kind"] = "private" if changes.pop("is_private") else "channel"
        _check_names(changes, Conversation)
        if unknown := set(changes.get("members", [])) - set(self._slack.workspace.people):
            raise Refused(f"user_not_found: {min(unknown)}")
        channel_id = changes.get("id") or new_id("C")
        where = conversations.get(channel_id)
        before = set(where.members) if where else set[str]()
        if where is None:
            defaults: Json = {"id": channel_id, "name": channel_id.lower()}
            where = conversations[channel_id] = Conversation(**(defaults | changes))
        else:
            _change(where, changes)
        if bot is not None:
            where.members = [one for one in where.members if one != BOT_USER] + ([BOT_USER] if bot else [])
        self._slack.hub.publish("channel_left", {"channel": where.id}, to=before - set(where.members))
        self._slack.tell_channel(where)
        return {"channel": self._slack.workspace.described(where, BOT_USER)}

    async def _configure(self, body: Json) -> Json:
        try:
            self._slack.config.apply(body)
        except BadConfig as error:
            raise Refused(str(error)) from error
        public = self._slack.config.public()
        self._slack.hub.publish("config", public)
        return {"config": public}

    async def _deliver(self, body: Json) -> Json:
        """Send anything to the app; over HTTP also with a forged body, secret, timestamp, header or content type."""
        delivery = Delivery(kind=body["type"], payload=body.get("payload") or _OWN.get(body["type"], {}))
        forged = {name: body[name] for name in _FORGEABLE if name in body}
        if not forged:
            return _shown(await self._slack.courier.deliver(delivery.kind, delivery.payload))
        config = self._slack.config
        text, content_type = encoded(delivery)
        made = {"url": config.http_url, "body": text, "content_type": content_type, "secret": config.signing_secret}
        return _shown(await self._slack.http.post(Post(**(made | forged)), config.deadline))

    async def _advance(self, body: Json) -> Json:
        self._slack.clock.advance(float(body["advance"]))
        return {"now": self._slack.clock.now()}

    async def _hang_up(self, _body: Json) -> Json:
        """End all event streams; browsers connect again by themselves."""
        self._slack.hub.close()
        return {}

    async def _reset(self, _body: Json) -> Json:
        self._slack.reset()
        return {}


def _shown(ack: Ack) -> Json:
    return {"ack": {"error": ack.error, "status": ack.status, "body": ack.body, "text": ack.text}}


def _check_names(body: Json, kind: type[Person] | type[Conversation]) -> None:
    known = {field.name for field in fields(kind)} - {"messages", "threads", "last_read"}
    if unknown := set(body) - known:
        raise Refused(f"unknown field: {min(unknown)}")


def _change(thing: Person | Conversation, changes: Json) -> None:
    for name, value in changes.items():
        setattr(thing, name, value)
