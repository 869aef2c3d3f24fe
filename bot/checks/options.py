"""Checks of the bot's own options."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.urls import NoReverseMatch, reverse

from bot.apps import missing_apps
from bot.checks import notice
from bot.conf import NEEDED_FOR, Conf, conf
from bot.env import BadEnvironment

ADDRESS = "runtask:slack-events"


def readable() -> Conf | None:
    """The options; None if they can't be read, which W001 says."""
    try:
        return conf()
    except BadEnvironment:
        return None


@register()
def options_are_readable(**_: Any) -> list[CheckMessage]:
    """W001: an option can't be read."""
    try:
        conf()
    except BadEnvironment as exc:
        return [
            notice(1, problem, "See docs/configuration.md: every option, its type and an example.")
            for problem in exc.problems
        ]
    return []


@register()
def a_mode_is_chosen(**_: Any) -> list[CheckMessage]:
    """W002: neither Socket Mode nor HTTP mode can work."""
    options = readable()
    if options is None or not all(options.missing(*NEEDED_FOR[mode]) for mode in ("slack", "http")):
        return []
    hint = f"Set {', '.join(NEEDED_FOR['slack'])} for Socket Mode or {', '.join(NEEDED_FOR['http'])} for HTTP mode."
    return [notice(2, "Slack can't reach this bot yet.", hint)]


@register()
def announcements_can_be_made(**_: Any) -> list[CheckMessage]:
    """W016: runs from the web are to be told in Slack, and nobody can post there."""
    options = readable()
    if options is None or options.bot_token or not any((options.announce or {}).values()):
        return []
    hint = "Set SLACK_BOT_TOKEN and start `runtask notify`, which delivers them, or unset RUNTASK_ANNOUNCE."
    return [notice(16, "RUNTASK_ANNOUNCE is set, but SLACK_BOT_TOKEN is not: nothing can be announced.", hint)]


@register()
def pages_are_included(**_: Any) -> list[CheckMessage]:
    """W011: there is an address that Slack or people are sent to, and nothing of ours behind it."""
    options = readable()
    if options is None or missing_apps() or not getattr(settings, "ROOT_URLCONF", None) or _path() is not None:
        return []
    is_http = not options.missing(*NEEDED_FOR["http"])
    if not (is_http or options.base_url):
        return []
    why = "SLACK_SIGNING_SECRET is set (HTTP mode)" if is_http else "RUNTASK_BASE_URL is set"
    hint = f'Add path("runtask/", include("bot.urls")) to {settings.ROOT_URLCONF}.urlpatterns.'
    return [notice(11, f"{why}, but this site has no pages of runtask.", hint)]


@register()
def the_public_address_is_the_sites(**_: Any) -> list[CheckMessage]:
    """W013: links are the site's own paths after RUNTASK_BASE_URL; a path that stands in both would be doubled."""
    options, path = readable(), _path()
    if options is None or path is None:
        return []
    base = urlsplit(options.base_url).path.rstrip("/")
    if not base or not path.startswith(f"{base}/"):
        return []
    text = f"RUNTASK_BASE_URL ends in {base}, which this site's own paths begin with: links would have it twice."
    return [notice(13, text, "Set RUNTASK_BASE_URL to the address of the site itself, without a path.")]


def _path() -> str | None:
    """Where Slack's requests arrive on this site; None if nowhere."""
    if missing_apps() or not getattr(settings, "ROOT_URLCONF", None):
        return None
    try:
        return reverse(ADDRESS)
    except NoReverseMatch:
        return None
