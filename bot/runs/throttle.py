"""Limits how often something may happen in a minute, for all processes together: they count in the same row."""

import hashlib
from datetime import timedelta
from math import ceil

from django.db.models import F, Q

from bot.core.model import Actor, SlackAccount
from bot.models import Throttle, writers_turn
from bot.runs import clock
from bot.runs.refusals import TooMany

MINUTE = timedelta(minutes=1)
RUNS = 60  # requests for a run, per minute and token or, without a token, per minute and user
CHECKS = 300  # of forms while somebody types, per minute and user. The script of one open form sends at most 150
LINKS = (
    40  # questions to Slack about accounts without a link, per minute. Slack answers about 100, also those about others
)
LINKS_EACH = 3  # of these, about one account


def count_run(actor: Actor) -> None:
    """Counts a request for a run. The run page and the API's sessions share a user's limit. Raises TooMany."""
    if seconds := seconds_to_wait(f"token {actor.token}" if actor.token else _name("runs", str(actor.user)), RUNS):
        raise TooMany(RUNS, seconds)


def count_check(actor: Actor) -> int:
    """Counts a check of a form, as `seconds_to_wait` does."""
    return seconds_to_wait(_name("checks", str(actor.user)), CHECKS)


def may_ask_about(account: SlackAccount) -> bool:
    """Counts a question to Slack about an account without a link. False: there were too many in this minute."""
    each = seconds_to_wait(_name("links", f"{account.team}/{account.user}"), LINKS_EACH)
    return not each and not seconds_to_wait("links", LINKS)


def _name(what: str, key: str) -> str:
    """The name of a person's row. A digest: a user's primary key may be a long text, and MariaDB takes A and a for equal."""
    return f"{what} {hashlib.sha256(key.encode()).hexdigest()[:32]}"


def seconds_to_wait(name: str, limit: int) -> int:
    """Counts one use, and returns 0. After `limit` uses in this minute, counts nothing, and returns the seconds until its end.

    A minute begins with its first use.
    """
    while True:
        now = clock.now()
        rows = Throttle.objects.filter(name=name)
        this_minute = Q(since__gt=now - MINUTE, since__lt=now + MINUTE)
        with writers_turn():
            if rows.filter(this_minute, count__lt=limit).update(count=F("count") + 1):
                return 0
        began = rows.filter(this_minute).values_list("since", flat=True).first()
        if began is not None:
            return max(1, ceil((began + MINUTE - now).total_seconds()))
        with writers_turn():
            if rows.exclude(this_minute).update(since=now, count=1):
                return 0
            _, is_new = Throttle.objects.get_or_create(name=name, defaults={"since": now, "count": 1})
        if is_new:
            return 0
