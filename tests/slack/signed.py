"""Signed requests, and a fake of Bolt's app."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from slack_bolt import BoltRequest, BoltResponse

from bot.slack.endpoint import FORM, endpoint

SECRET = "local-signing-secret"
# docs.slack.dev: authentication/verifying-requests-from-slack
DOCUMENTED_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
DOCUMENTED_TIME = 1531420618
DOCUMENTED_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
DOCUMENTED_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


@dataclass
class FakeApp:
    """Takes the place of Bolt's app, and keeps the requests that reach it."""

    bodies: list[Any] = field(default_factory=list)
    headers: list[Any] = field(default_factory=list)

    def dispatch(self, request: BoltRequest) -> BoltResponse:
        self.bodies.append(request.body)
        self.headers.append(request.headers)
        return BoltResponse(status=200, body={"options": []})


def sign(raw: bytes, at: float, secret: str = SECRET) -> str:
    return "v0=" + hmac.new(secret.encode(), b"v0:%d:%s" % (at, raw), hashlib.sha256).hexdigest()


def request(raw: bytes, content_type: str = FORM, **headers: str) -> HttpRequest:
    at = int(time.time())
    given_headers = {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": sign(raw, at), **headers}
    return RequestFactory().generic("POST", "/slack/events", raw, content_type, headers=given_headers)


def call(app: FakeApp, what: HttpRequest, secret: str = SECRET) -> HttpResponse:
    return endpoint(lambda: app, lambda: secret)(what)  # type: ignore[arg-type, return-value]


def interaction(body: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(body)}).encode()
