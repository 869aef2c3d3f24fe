"""Slack: the tokens and their scopes, Socket Mode, and our public address."""

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from bot.checks.options import SLACK_ENDPOINT
from bot.checks.table import message
from bot.conf import NEEDED_FOR, Conf
from bot.doctor.findings import Finding, clock, note, ok, problem, some, warning
from bot.doctor.subject import Subject, complained
from bot.env import STANDALONE
from bot.slack.client import UNREACHABLE, error_code, web_client
from bot.slack.manifest import VITAL, WANTED

TIMEOUT = 4  # seconds per request
SLACK = "https://slack.com/api/"
WITHOUT = {  # scope -> what doesn't work without it; docs/install.md has the same words
    "commands": "the slash command",
    "chat:write": "every message",
    "users:read": "identifying people, so everybody is refused",
    "chat:write.public": "messages in channels that the bot wasn't invited to",
    "users:read.email": "links by equal e-mail",
    "im:write": "direct messages: to those who can approve a run, and when the bot can't post in a channel",
    "app_mentions:read": "answers to mentions of the bot",
    "channels:read": "detecting public channels that another company reads: full details are posted there",
    "groups:read": "detecting private channels that another company reads: full details are posted there",
    "mpim:read": "detecting group direct messages that another company reads: full details are posted there",
    "channels:history": "finding a message in a public channel if Slack's answer was lost, so it may be posted twice",
    "groups:history": "finding a message in a private channel if Slack's answer was lost, so it may be posted twice",
    "im:history": "finding a message in a direct message if Slack's answer was lost, so it may be posted twice",
    "mpim:history": "finding a message in a group direct message if Slack's answer was lost, so it may be posted twice",
}
GET_BOT = "Copy the Bot User OAuth Token (OAuth & Permissions, xoxb-…) into SLACK_BOT_TOKEN; install the app if there is none."
GET_APP = "Generate one with connections:write (Basic Information, App-Level Tokens) for SLACK_APP_TOKEN."
INSTALL = (
    "The app was removed from the workspace, or its token was revoked. Install it again (Install App), copy the new Bot User"
    " OAuth Token (xoxb-…) into SLACK_BOT_TOKEN, and restart runtask's processes. Messages that are owed wait."
)
BOT_REMEDIES = {"account_inactive": INSTALL, "token_revoked": INSTALL}
APP_REMEDIES = {"socket_mode_not_enabled": "Turn on Socket Mode in the app's settings.", "missing_scope": GET_APP}
AGAIN = (
    "Paste the manifest again (`runtask manifest`) at api.slack.com/apps, App Manifest; then Reinstall to Workspace."
)
UNKNOWN = "a bot can't ask Slack which events, shortcuts and Home tab its app has"
NETWORK = "Look at the network, DNS and proxy of this machine, and at https://status.slack.com."


def slack(subject: Subject) -> Iterator[Finding]:
    conf = subject.conf
    if conf is None:
        return
    if conf.api_url != SLACK:
        yield note("address", f"the Web API is at {conf.api_url}", "Unset SLACK_API_URL to use Slack's own.")
    if conf.bot_token:
        yield from _bot(conf)
    if all(conf.missing(*NEEDED_FOR[mode]) for mode in ("slack", "http")):
        yield complained("mode", "W002", message("W002"))
    if conf.app_token:
        yield _socket_mode(conf)
    if not conf.missing(*NEEDED_FOR["http"]):
        yield _http_mode(conf, subject)


def _bot(conf: Conf) -> Iterator[Finding]:
    try:
        answer = web_client(conf, TIMEOUT).auth_test()
    except UNREACHABLE as exc:
        yield _refused("bot token", exc, BOT_REMEDIES.get(error_code(exc), GET_BOT))
        return
    who = f"{answer.get('user')} in {answer.get('team')} ({answer.get('team_id')})"
    if not answer.get("bot_id"):
        yield problem("bot token", f"it is a person's token: {who}", GET_BOT)
        return
    yield ok("bot token", f"valid: {who}")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    with suppress(ValueError):  # a proxy may have taken the date away
        yield clock("Slack", time.time() - parsedate_to_datetime(headers.get("date", "")).timestamp())
    if "x-oauth-scopes" in headers:
        yield from scopes(frozenset(filter(None, map(str.strip, headers["x-oauth-scopes"].split(",")))))
    else:
        yield note("scopes", "unknown: Slack's answer doesn't contain them")
    yield note("events", UNKNOWN, f"If one of them is missing: {AGAIN}")


def scopes(granted: frozenset[str]) -> Iterator[Finding]:
    """Compares the token's scopes with those of the manifest."""
    missing = [scope for scope in WITHOUT if scope in WANTED - granted]
    if missing:
        text = "missing: " + "; ".join(f"{scope} ({WITHOUT[scope]})" for scope in missing)
        report = problem if VITAL.intersection(missing) else warning
        yield report("scopes", text, AGAIN)
    else:
        yield ok("scopes", f"all {len(WANTED)} of the manifest")
    if extra := sorted(granted - WANTED):
        yield note("scopes", f"more than needed: {some(extra, 6)}")


def _socket_mode(conf: Conf) -> Finding:
    """Asks Slack for the address of a WebSocket, but doesn't open it."""
    try:
        web_client(conf, TIMEOUT).apps_connections_open(app_token=conf.app_token)
    except UNREACHABLE as exc:
        return _refused("Socket Mode", exc, APP_REMEDIES.get(error_code(exc), GET_APP))
    return ok("Socket Mode", "the app-level token opens connections")


def _refused(what: str, exc: Exception, remedy: str) -> Finding:
    if isinstance(exc, SlackApiError):
        return problem(what, f"Slack says {error_code(exc)}", remedy)
    return problem(what, f"Slack can't be reached ({error_code(exc)})", NETWORK)


def _http_mode(conf: Conf, subject: Subject) -> Finding:
    try:
        path = reverse(SLACK_ENDPOINT)
    except NoReverseMatch:  # W006 and W011 report why
        return problem("HTTP mode", "this site has no pages of runtask", "See the settings above.")
    if not conf.base_url:
        return note("HTTP mode", "not tried: the public address isn't known", "Set RUNTASK_BASE_URL.")
    if "W013" in subject.complaints:
        return note("HTTP mode", "not tried: the public address is wrong", "See the settings above.")
    return reached(conf.base_url.rstrip("/") + path, conf.signing_secret)


def reached(address: str, signing_secret: str) -> Finding:
    """Sends to our public address the request with which Slack verifies an endpoint."""
    challenge = secrets.token_hex(16)
    body = json.dumps({"type": "url_verification", "challenge": challenge})
    now = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": str(SignatureVerifier(signing_secret).generate_signature(timestamp=now, body=body)),
    }
    request = urllib.request.Request(address, body.encode(), headers)  # noqa: S310  # http or https, as bot.conf reads it
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
            said = answer.read(1000).decode(errors="replace")
    except urllib.error.HTTPError as exc:
        exc.close()
        return problem("HTTP mode", f"{address} answers with status {exc.code}", _why(exc.code))
    except OSError as exc:
        remedy = "If only this machine can't reach it, all is well. Otherwise look at DNS, TLS, the proxy and the web process."
        return warning("HTTP mode", f"{address} can't be reached from here ({error_code(exc)})", remedy)
    if said != challenge:
        return problem("HTTP mode", f"{address} answers, but not as runtask does", _why(404))
    if not address.startswith("https://"):
        return warning("HTTP mode", f"{address} answers; Slack delivers to https only", "Put a TLS proxy in front.")
    return ok("HTTP mode", f"{address} answers as Slack expects")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Slack doesn't follow redirects."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _why(status: int) -> str:
    if status == 401:
        return "The web process has another SLACK_SIGNING_SECRET, or its clock is wrong."
    if status == 503:
        return "The web process has no SLACK_SIGNING_SECRET, or the proxy finds no web process."
    if 300 <= status < 400:
        return "Slack follows no redirect: set RUNTASK_BASE_URL to the final https address."
    if status == 400:
        name = "DJANGO_ALLOWED_HOSTS" if settings.SETTINGS_MODULE == STANDALONE else "ALLOWED_HOSTS"
        return f"Is the host of RUNTASK_BASE_URL in {name}?"
    return "Is this the site's address, and does the proxy pass this path on? It must be the one in the app's manifest."
