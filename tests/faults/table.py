"""The table of faults, and threads that cause them at random moments. A fault's function also mends it."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from localslack.testing import LocalSlack
from tests.faults.parts import COMMANDS, Parts
from tests.faults.people import Pace
from tests.faults.proxy import Proxy
from tests.faults.setups import Setup

POSTS = ["chat.postMessage", "chat.update"]
CALLS = [*POSTS, "conversations.replies", "conversations.history", "views.open", "users.info", "apps.connections.open"]
REFUSALS = ["token_revoked", "missing_scope", "invalid_blocks", "msg_too_long", "external_channel_migrating"]
ANSWERS = ["ratelimited", "http500", "fatal_error", "timeout", "drop", "lost_answer"]
SOCKETS = ["close", "fin", "refresh", "mute", "no_pong"]


@dataclass
class Site:
    """The parts, services and Slack, which the faults break."""

    setup: Setup
    slack: LocalSlack
    parts: Parts
    random: random.Random


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A row of the table. Only faults of different lanes overlap."""

    name: str
    lane: str
    do: Callable[[Site], None]


@dataclass(frozen=True)
class Done:
    """A fault that was caused, and mended."""

    name: str
    began: float
    ended: float


@dataclass
class Hands:
    """Causes the faults of one lane, one after the other."""

    site: Site
    faults: list[Fault]
    done: list[Done] = field(default_factory=list)

    def work(self, pace: Pace) -> None:
        while self.faults and pace.next("faults"):
            fault = self.faults.pop()
            began = time.time()
            fault.do(self.site)
            self.done.append(Done(fault.name, began, time.time()))
            time.sleep(self.site.random.uniform(0, 1.5))


def plan(site: Site, count: int) -> list[Fault]:
    """A list of `count` faults: every row of the table about equally often, in random order."""
    rows = table(site.setup)
    chosen: list[Fault] = []
    while len(chosen) < count:
        chosen += site.random.sample(rows, len(rows))
    return chosen[:count]


def table(setup: Setup) -> list[Fault]:
    rows = [
        *_rows("processes", {f"kill -9 {part}": partial(_kill, part) for part in COMMANDS}),
        *_rows("processes", {f"SIGSTOP {part}": partial(_freeze, part) for part in COMMANDS}),
        *_rows("processes", {"kill -9 worker child": lambda site: site.parts.kill_child("worker")}),
        *_rows("network", {f"Slack: {kind}": partial(_slack, kind) for kind in ANSWERS}),
        *_rows("network", {f"Slack: {code}": partial(_refusal, code) for code in REFUSALS}),
        *_rows("processes", {"a deliverer with a bad token": lambda site: site.parts.run_with_a_bad_token(8)}),
        *_rows("network", {f"socket: {what}": partial(_socket, what) for what in SOCKETS}),
        *_rows("network", {"Slack: rate limits": _rate_limits, "database locked": _lock}),
    ]
    if setup.broker_refuses is not None:
        rows += _rows("network", {"broker refuses": _broker_refuses})
    if setup.database is not None:
        rows += _rows("network", {"database ends connections": lambda site: site.setup.end_connections()})
    for name, proxy in (("database", setup.database), ("broker", setup.broker), ("results", setup.results_proxy)):
        if proxy is not None:
            rows += _rows("network", {f"{name} {how}": partial(do, proxy) for how, do in NETWORK.items()})
    return rows


def _rows(lane: str, faults: Mapping[str, Callable[[Site], None]]) -> list[Fault]:
    return [Fault(name=name, lane=lane, do=do) for name, do in faults.items()]


def start(site: Site, pace: Pace, faults: list[Fault]) -> list[tuple[threading.Thread, Hands]]:
    """Starts one thread per lane."""
    hands = [Hands(site, [one for one in faults if one.lane == lane]) for lane in ("processes", "network")]
    started = [(threading.Thread(target=one.work, args=(pace,), name="faults"), one) for one in hands]
    for thread, _ in started:
        thread.start()
    return started


def _kill(part: str, site: Site) -> None:
    site.parts.kill(part, whole=site.random.random() < 0.5, down=site.random.choice([0, 0, 1, 2]))


def _freeze(part: str, site: Site) -> None:
    """Freezes a part, now and then for longer than a deliverer's claim lasts (15 s)."""
    site.parts.freeze(part, site.random.choice([1, 1, 2, 2, 4, 4, 8, 18]))


def _slack(kind: str, site: Site) -> None:
    """The next one to four calls of a method fail. Mostly the method is one that posts."""
    method = site.random.choice([*POSTS, *POSTS, *CALLS])
    if kind == "lost_answer":
        method = "chat.postMessage"
    more = {"delay": 8.0} if kind == "timeout" else {}
    site.slack.fault(kind, method=method, count=site.random.randint(1, 4), **more)


def _refusal(code: str, site: Site) -> None:
    """Slack refuses one post with this code. After some codes, the deliverer pauses for half a minute."""
    site.slack.fault("error", method="chat.postMessage", error=code)


def _socket(what: str, site: Site) -> None:
    site.slack.trouble(what)
    if what == "mute":
        time.sleep(site.random.uniform(1, 8))
        site.slack.trouble("unmute")


def _rate_limits(site: Site) -> None:
    """Slack enforces its rate limits for 5 s."""
    site.slack.config(rate_limits=True)
    time.sleep(5)
    site.slack.config(rate_limits=False)


def _broker_refuses(site: Site) -> None:
    """For a while, the broker answers but refuses every message."""
    assert site.setup.broker_refuses is not None
    with site.setup.broker_refuses():
        time.sleep(site.random.uniform(0.5, 4))


def _lock(site: Site) -> None:
    site.setup.lock_database(site.random.choice([0.5, 1, 3]))


def _refused(proxy: Proxy, site: Site) -> None:
    proxy.refuse()
    time.sleep(site.random.uniform(0.5, 4))
    proxy.mend()


def _black_hole(proxy: Proxy, site: Site) -> None:
    """For a while, no bytes pass. Then all connections of that time are reset."""
    proxy.hold()
    time.sleep(site.random.uniform(1, 5))
    proxy.cut()
    proxy.mend()


def _stalled(proxy: Proxy, site: Site) -> None:
    """For a while, no bytes pass. Then all of them arrive."""
    proxy.hold()
    time.sleep(site.random.uniform(1, 5))
    proxy.mend()


def _replies_lost(proxy: Proxy, site: Site) -> None:
    """Requests arrive, but their answers are lost. Then the connections are reset."""
    proxy.hold(there=False)
    time.sleep(site.random.uniform(0.5, 3))
    proxy.cut()
    proxy.mend()


def _cut(proxy: Proxy, _site: Site) -> None:
    proxy.cut()


NETWORK = {
    "refused": _refused,
    "black-holed": _black_hole,
    "stalled": _stalled,
    "replies lost": _replies_lost,
    "cut": _cut,
}
