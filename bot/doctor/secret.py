"""Removes secrets from what doctor prints.

These are Django's secret keys, the passwords of databases, broker and result backend, and Slack's tokens and signing secret.
"""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from celery import Celery
from django.conf import settings

from bot.conf import Conf

SHORTEST = 4  # characters; hiding shorter secrets would garble other words


def known(conf: Conf | None, app: Celery | None) -> list[str]:
    """The secrets, the longest first, because a short secret may be part of a longer one."""
    return sorted({text for text in _all(conf, app) if len(text) >= SHORTEST}, key=len, reverse=True)


def hide(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _all(conf: Conf | None, app: Celery | None) -> Iterator[str]:
    yield from map(str, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    for database in settings.DATABASES.values():
        yield str(database.get("PASSWORD") or "")
    if conf is not None:
        yield from (conf.bot_token, conf.app_token, conf.signing_secret, conf.metrics_token)
    if app is not None:
        for name in ("broker_url", "broker_read_url", "broker_write_url", "result_backend"):
            yield from _passwords(app.conf.get(name))


def _passwords(urls: object) -> Iterator[str]:
    """Celery accepts several addresses, as a list or separated by semicolons."""
    for url in urls if isinstance(urls, (list, tuple)) else str(urls or "").split(";"):
        try:
            password = urlsplit(str(url)).password or ""
        except ValueError:
            continue
        yield from (password, unquote(password))
