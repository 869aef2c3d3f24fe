"""HTTP delivery as Slack does it: signed, with three kinds of body (docs.slack.dev: verifying-requests-from-slack)."""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from localslack.config import AppSettings
from localslack.delivery import Ack, AckError, Delivery

_FORM = "application/x-www-form-urlencoded"
_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"
_PLAIN_FORMS = frozenset({"slash_commands", "ssl_check"})
_JSON_BODIES = frozenset({"event_callback", "url_verification"})


def sign(secret: str, timestamp: str, body: str) -> str:
    """The value of X-Slack-Signature."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Post:
    """One request to the app. Tests may forge every part of it.

    Without a `timestamp`, it gets the present time. `headers` are added to Slack's, and replace those of the same name.
    """

    url: str
    body: str
    content_type: str = _FORM
    secret: str
    timestamp: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def encoded(delivery: Delivery) -> tuple[str, str]:
    """The body and its content type: a form, a form with JSON in `payload`, or JSON."""
    if delivery.kind in _PLAIN_FORMS:
        return urlencode(delivery.payload), _FORM
    # json.dumps writes characters beyond ASCII as escapes (\u00fc), as Slack does.
    text = json.dumps(delivery.payload)
    return (text, "application/json") if delivery.kind in _JSON_BODIES else (urlencode({"payload": text}), _FORM)


class HttpPort:
    """Posts to the app's URLs. A block_suggestion goes to the options load URL, if the app has one."""

    def __init__(self, settings: AppSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def send(self, delivery: Delivery, deadline: float) -> Ack:
        """Post and wait for the answer."""
        settings = self._settings
        to_options = delivery.kind == "block_suggestion" and settings.options_url
        body, content_type = encoded(delivery)
        retry = {"X-Slack-Retry-Num": str(delivery.retry), "X-Slack-Retry-Reason": delivery.retry_reason}
        headers = retry if delivery.retry else {}
        url = settings.options_url if to_options else settings.http_url
        post = Post(url=url, body=body, content_type=content_type, secret=settings.signing_secret, headers=headers)
        return await self.post(post, deadline)

    async def post(self, post: Post, deadline: float) -> Ack:
        """Send exactly this request."""
        # The real time, not the shifted one: the app compares it with its own clock.
        timestamp = post.timestamp or str(int(time.time()))
        headers = {
            "Content-Type": post.content_type,
            "User-Agent": _AGENT,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(post.secret, timestamp, post.body),
            **post.headers,
        }
        try:
            async with asyncio.timeout(deadline):
                return await self._exchange(post, headers)
        except TimeoutError:
            return Ack(error="operation_timeout")
        except (aiohttp.ClientError, ValueError):
            return Ack(error="dispatch_failed")  # nothing listens there, the connection broke, or the URL is invalid

    async def close(self) -> None:
        """Close the connections to the app."""
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, post: Post, headers: dict[str, str]) -> Ack:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        async with self._session.post(
            post.url, data=post.body.encode(), headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
        no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
        error: AckError | None = None if answer.status == 200 else "dispatch_failed"
        body = _json(text) if is_json else None
        return Ack(
            error=error, status=answer.status, body=body, text="" if body is not None else text, no_retry=no_retry
        )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
