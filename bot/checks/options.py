"""Checks of the bot's own options."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.urls import NoReverseMatch, reverse

from bot.checks.table import message
from bot.conf import NEEDED_FOR, Conf, conf, missing_apps
from bot.env import BadEnvironment
from bot.web import metrics

SLACK_ENDPOINT = "runtask:slack-events"  # the name of its URL


def readable() -> Conf | None:
    """The options. None if they can't be read, which W001 reports."""
    try:
        return conf()
    except BadEnvironment:
        return None


@register()
def options_are_readable(**_: Any) -> list[CheckMessage]:
    try:
        conf()
    except BadEnvironment as exc:
        return [message("W001", problem=problem) for problem in exc.problems]
    return []


@register()
def a_mode_is_chosen(**_: Any) -> list[CheckMessage]:
    """Accepts a process with no token or only the bot's, as it may be a worker or a notifier. Doctor looks closer."""
    options = readable()
    if options is None or options.bot_token or not (options.app_token or options.signing_secret):
        return []
    return [message("W002")]


@register()
def announcements_can_be_made(**_: Any) -> list[CheckMessage]:
    options = readable()
    if options is None or options.bot_token or not any((options.announce or {}).values()):
        return []
    return [message("W016")]


@register()
def metrics_can_be_shown(**_: Any) -> list[CheckMessage]:
    options = readable()
    if options is None or not options.metrics_token or metrics.is_possible():
        return []
    return [message("W020")]


@register()
def pages_are_included(**_: Any) -> list[CheckMessage]:
    options = readable()
    if options is None or missing_apps() or not getattr(settings, "ROOT_URLCONF", None) or _path() is not None:
        return []
    needing = {
        "SLACK_SIGNING_SECRET (HTTP mode)": not options.missing(*NEEDED_FOR["http"]),
        "RUNTASK_BASE_URL": options.base_url,
        "RUNTASK_METRICS_TOKEN": options.metrics_token,
    }
    given = [setting for setting, is_set in needing.items() if is_set]
    return [message("W011", setting=given[0], urlconf=settings.ROOT_URLCONF)] if given else []


@register()
def the_public_address_is_the_sites(**_: Any) -> list[CheckMessage]:
    """A link is RUNTASK_BASE_URL and then a path of the site, so this path must not repeat that of RUNTASK_BASE_URL."""
    options, path = readable(), _path()
    if options is None or path is None:
        return []
    base = urlsplit(options.base_url).path.rstrip("/")
    if not base or not path.startswith(f"{base}/"):
        return []
    return [message("W013", path=base)]


def _path() -> str | None:
    """The path of Slack's endpoint on this site; None if there is none."""
    if missing_apps() or not getattr(settings, "ROOT_URLCONF", None):
        return None
    try:
        return reverse(SLACK_ENDPOINT)
    except NoReverseMatch:
        return None
