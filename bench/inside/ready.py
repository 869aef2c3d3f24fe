"""`python -m bench.inside.ready CONTESTANT`: starts as `runtask slack` does, or as its floor, one step after the other.

Prints each step with the moment (`time.monotonic()`) at which it was done, and goes on to connect to Slack, which is seen from
there. The real process takes the steps from the database on in threads, while it connects.
"""

import gc
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.results import OURS


def steps(contestant: str) -> Iterator[str]:
    """What has just been loaded or made."""
    if contestant == OURS:
        gc.disable()  # as bot.__main__ does
    yield "Python itself"

    import celery.app.base  # noqa: F401
    import slack_bolt.adapter.socket_mode  # noqa: F401
    from slack_sdk.socket_mode.builtin import SocketModeClient  # noqa: F401

    yield "Celery and Bolt"

    import django
    from django.db import connection

    from bot import env

    env.default_settings()
    _ = connection.vendor  # loads it, as the first model would
    yield "Django's part for the database, and the driver"

    django.setup()
    yield "Django and the site's apps"
    if contestant == OURS:
        yield from _ours()


def _ours() -> Iterator[str]:
    from django.conf import settings
    from kombu import Connection

    _ = Connection(settings.CELERY_BROKER_URL).transport
    yield "the broker's client"

    from bot import wiring
    from bot.management import serving

    yield "runtask's own modules"

    serving.require("slack")
    serving.require_app()
    yield "the Celery app with its tasks"

    wiring.socket_mode()
    loops, _ = wiring.background()
    serving.loaded()
    yield "runtask's parts"

    for loop in loops:
        _in_a_thread(loop.step)
    yield "database connections and the first pass of each loop"

    _in_a_thread(wiring.catalog().read_first)
    yield "the names of all schedules"


def _in_a_thread(step: Callable[[], object]) -> None:
    """Of its own, and so over a connection of its own, as a Loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(step).result()


def main(contestant: str) -> None:
    for step in steps(contestant):
        print(json.dumps([step, time.monotonic()]), flush=True)
    if contestant == OURS:
        from bot import wiring

        wiring.socket_mode().serve(threading.Event())
    else:
        from bench.apps import idle

        idle.connect_and_wait()


if __name__ == "__main__":
    main(sys.argv[1])
