"""The endpoint of HTTP mode: checks the signature and parses the body. The rest is the same as in Socket Mode.

We parse the body ourselves: Bolt's parser loses every form whose text contains "payload", and raises on malformed input
before it checks the signature (slack_bolt 1.30, request/internals.py).
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST
from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier

from bot.core.ports import NotSetUp
from bot.requests import TooLarge, no_browser, outside_transactions, raw_body
from bot.runs import clock
from bot.runs.budget import SlackAnswer, making_answer
from bot.slack.replay import RATE_LIMITED, TOO_OLD, is_late

log = logging.getLogger(__name__)

CLOCK_SKEW = 300  # seconds (docs.slack.dev: authentication/verifying-requests-from-slack)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Bad(Exception):
    """The request is refused. `status` is the status of our answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def endpoint(app: Callable[[], App], signing_secret: Callable[[], str]) -> Callable[[HttpRequest], HttpResponse]:
    """The view for `/slack/events`: commands, interactivity, and loading options. `app` and `signing_secret` may raise NotSetUp."""

    @outside_transactions
    @no_browser  # Slack's signature proves who calls
    @require_POST
    def view(request: HttpRequest) -> HttpResponse:
        try:
            raw = _raw_body(request)
            if request.content_type == FORM and raw.startswith(b"ssl_check=1"):
                return HttpResponse()  # checks our certificate; not signed (docs: implementing-slash-commands)
            age = verify(request, raw, signing_secret())
            body = parse(raw, request.content_type or "")
            _refuse_late(body, age)
            if body.get("type") == "url_verification":
                return HttpResponse(str(body.get("challenge", "")), content_type="text/plain")
            if body.get("type") == RATE_LIMITED:
                log.warning("Slack left out events for this app: there were too many in a minute")
                return HttpResponse()
            bolt = app()
        except Bad as exc:
            log.info("refused a request: %s", exc)
            return HttpResponse(str(exc), status=exc.status, content_type="text/plain")
        except NotSetUp as exc:
            log.error("%s: not set up: %s", request.path, exc)  # noqa: TRY400  # needs no traceback
            return HttpResponse("not set up; the site's log says why", status=503, content_type="text/plain")
        with making_answer() as answer:
            response = bolt.dispatch(BoltRequest(mode="socket_mode", body=body, headers=_retry_headers(request)))
        return _Response(answer, response)

    return view


class _Response(HttpResponse):
    """Starts the work after the answer when the server closes the response, which it does after sending it (PEP 3333)."""

    def __init__(self, answer: SlackAnswer, made: BoltResponse) -> None:
        self._answer = answer
        super().__init__(made.body, status=made.status, content_type=made.headers.get("content-type", [JSON])[0])

    def close(self) -> None:
        self._answer.done()
        super().close()

    def __del__(self) -> None:
        """If a middleware of the project has replaced this response, the server never closes it."""
        self._answer.done()


def _raw_body(request: HttpRequest) -> bytes:
    try:
        return raw_body(request)
    except TooLarge:
        raise Bad(413, "too large") from None


def verify(request: HttpRequest, raw: bytes, signing_secret: str) -> float:
    """Raises Bad unless Slack signed this within the last five minutes. Returns how many seconds ago that was."""
    if not signing_secret:
        raise Bad(503, "HTTP mode is not set up: SLACK_SIGNING_SECRET is not set")
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise Bad(401, "no valid timestamp")
    verifier = SignatureVerifier(signing_secret, clock=_Stopped(int(timestamp)))
    try:
        valid = signature.isascii() and verifier.is_valid(raw, timestamp, signature)
    except UnicodeDecodeError:  # the SDK decodes the body first
        valid = False
    if not valid:
        raise Bad(401, "bad signature")
    age = _age(int(timestamp))
    if abs(age) > CLOCK_SKEW:
        raise Bad(401, "too old")
    return age


class _Stopped(Clock):
    """The request's own time, as the SDK's clock. So the SDK checks only the signature; `verify` checks the time itself."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> float:
        return self._at


def _age(timestamp: int) -> float:
    """How many seconds ago Slack signed this, by the database's clock.

    Asks the database only if that seems long ago, or if this machine's clocks disagree. If the database doesn't answer, an
    estimate counts: by its last answer or, if the clocks disagree, by the machine's time of day, which is right after a sleep.
    """
    is_unsure = clock.is_unsure()
    age = (time.time() if is_unsure else clock.last().timestamp()) - timestamp
    if is_unsure or abs(age) > TOO_OLD:
        with suppress(Error):
            age = clock.now().timestamp() - timestamp
    return age


def _refuse_late(body: dict[str, Any], age: float) -> None:
    """Raises Bad if the request waited while this process was frozen, or if somebody sends an old request again."""
    if is_late(body, age):
        log.warning("refused a %s of %d s ago; is the database's clock right?", body["type"], age)
        raise Bad(408, "too late")


def parse(raw: bytes, content_type: str) -> dict[str, Any]:
    """The payload. Slack sends a form (commands), a form with JSON in `payload` (interactivity), or JSON (events). Raises Bad."""
    try:
        if content_type == JSON:
            body = json.loads(raw)
        elif content_type == FORM:
            pairs = parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=100)
            form = dict(pairs)
            body = json.loads(form["payload"]) if "payload" in form and "command" not in form else form
        else:
            raise Bad(415, "neither a form nor JSON")
    except (ValueError, RecursionError) as exc:
        raise Bad(400, "malformed body") from exc
    if not isinstance(body, dict):
        raise Bad(400, "malformed body")
    return body


def _retry_headers(request: HttpRequest) -> dict[str, str | Sequence[str]]:
    return {name: value for name, value in request.headers.items() if name.lower().startswith("x-slack-retry-")}
