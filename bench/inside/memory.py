"""`python -m bench.inside.memory THREADS`: becomes `runtask slack` step by step; names each step, and waits for a line before the next.

Who started it looks at the process meanwhile: looking from inside would need modules of its own.
"""

import sys
from collections.abc import Iterator


def steps(threads: int) -> Iterator[str]:
    """What has just been loaded or made. THREADS: as many as the real process had."""
    yield "Python"

    import celery.app.base
    import slack_bolt.adapter.socket_mode
    from slack_sdk.socket_mode.builtin import SocketModeClient

    yield "Celery and Bolt imported"

    import django

    from bot import env

    env.default_settings()
    django.setup()
    kept: list[object] = [celery.app.base, slack_bolt.adapter.socket_mode, SocketModeClient]
    yield "Django and the site's apps set up"

    from bot import wiring
    from bot.conf import conf
    from bot.runs.deliver import WORKERS

    kept += [wiring.socket_mode(), wiring.background(), wiring.warm_up()]
    yield "runtask's own modules and parts, the Celery app with its tasks"

    wiring.catalog().read_first()
    yield "the names of all schedules"

    yield from _with_threads(threads, 2 * conf().threads + WORKERS)


def _with_threads(count: int, connected: int) -> Iterator[str]:
    """Those that answer, that work afterwards, and that deliver, have a connection; those that only receive have none."""
    from threading import Barrier, Thread

    from bot import wiring
    from bot.core.model import ScheduleId

    here = Barrier(count + 1)

    def live(number: int) -> None:
        here.wait()
        here.wait()
        if number < connected:
            wiring.catalog().get(ScheduleId(1))
        here.wait()
        here.wait()  # for ever: a connection ends with its thread

    for number in range(count):
        Thread(target=live, args=(number,), daemon=True).start()
    here.wait()
    yield f"{count} threads"
    here.wait()
    here.wait()
    yield f"a database connection in {min(count, connected)} of them, and one query in each"


def main(threads: int) -> None:
    for step in steps(threads):
        print(step, flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main(int(sys.argv[1]))
