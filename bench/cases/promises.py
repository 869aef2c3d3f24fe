"""The goals.

Most compare runtask with another program that does the same for the person, but without runtask's code. Others compare two
figures of runtask, or limit one of them. A goal without a limit only shows its figure.
"""

from bench.cases import memory, replicas, steady
from bench.cases.wire import SLOW, WAYS
from bench.goals import Goal
from bench.results import BY_EVENTS, IN_REDIS, OURS


def _of_each_way() -> list[Goal]:
    found = []
    for way, name in WAYS.items():
        command, selection = f"command/{way}", f"selection/{way}"
        found += [
            Goal(title=f"/runtask → form, {name}", experiment=command, what="open", of="open", limit=1.2),
            Goal(title=f"/runtask → ack, {name}", experiment=command, what="ack", of="open", limit=1.2),
            Goal(title=f"/runtask → ack, {name}, against Bolt's default", experiment=command, what="ack", of="default",
                 limit=5, at_least=True, loads=("1 client",)),
            Goal(title=f"commands a second, {name}", experiment=command, what="open", of="open", limit=0.7,
                 at_least=True, stats=("per_second",), loads=("64 clients",)),
            Goal(title=f"selection → form updated, {name}", experiment=selection, what="update", of="update", limit=1.2),
        ]  # fmt: skip
    return found


def _of_a_big_installation() -> list[Goal]:
    """Figures of a big installation. They have no limits, and are only shown."""
    found = []
    for command, (what, _) in replicas.KINDS.items():
        measured = {
            f"{what} a second": (what, "per_second"),
            f"processor time per {what.removesuffix('s')}": (replicas.OWN_TIME, "p50"),
            f"PostgreSQL's processor time per {what.removesuffix('s')}": (replicas.DATABASE_TIME, "p50"),
            f"{what} sent twice": (replicas.TWICE, "p50"),
        }
        found += [
            Goal(title=f"{title}, `{command}`", experiment=replicas.REPLICAS, what=name, ours=command, stats=(stat,))
            for title, (name, stat) in measured.items()
        ]
    steadily = "at a steady rate"
    return [
        *found,
        Goal(title=f"Run → form closed, {steadily}", experiment=steady.STEADY, what="closed", stats=("p50", "p99", "worst")),
        *(Goal(title=f"{what}, {steadily}", experiment=steady.STEADY, what=what, stats=("p50",))
          for what in ("submissions", "refused or late", "lost or sent twice", "oldest message due")),
        Goal(title="growth per million runs", experiment=steady.STEADY, what="growth per million runs", stats=("p50",)),
    ]  # fmt: skip


BY_HAND = "by hand"
GOALS = [
    *_of_each_way(),
    Goal(title="typeahead, any query", experiment="typeahead", what="menu", limit=50, stats=("p99",)),
    Goal(title="typeahead, growth of 1,000 times", experiment="typeahead", what="menu", limit=4, of_load="100 schedules",
         loads=("100,000 schedules",)),
    Goal(title="what the form shows of a schedule", experiment="typeahead", what="form", limit=50, stats=("p99",)),
    *(Goal(title=f"Run → {what}", experiment="start", what=what, of=BY_HAND, limit=1.5) for what in ("on the broker", "answered")),
    Goal(title="Run → on the broker", experiment="start", what="on the broker", of="insert + send_task"),
    Goal(title="Run → form closed, Socket Mode", experiment="submission", what="closed", of="page"),
    Goal(title="Run → form closed, HTTP", experiment="submission", what="closed", of="beat's admin action", limit=1.0,
         ours="runtask over HTTP"),
    Goal(title="Run → form closed, Slack taking 1 s for an answer", experiment="submission/slow", what="closed",
         of=OURS, ours=SLOW, limit=1.3, stats=("p50",)),
    Goal(title="64 people press Run at once, the slowest", experiment="submission", what="closed", limit=1500,
         loads=("64 clients",), stats=("worst",)),
    Goal(title="submissions lost or doubled", experiment="submission", what="lost or doubled", limit=0, stats=("p50",)),
    Goal(title="result visible → final posted", experiment="final", what="told", limit=150, stats=("p50",)),
    Goal(title="result visible → final posted, results in Redis", experiment="final", what="told", ours=IN_REDIS, of=OURS,
         limit=1.5, stats=("p50",)),
    Goal(title="result visible → final posted, workers' events", experiment="final", what="told", ours=BY_EVENTS, of=OURS,
         limit=1.5, stats=("p50",)),
    Goal(title="a deliverer, idle", experiment="final", what="share of a core", limit=2, stats=("p50",),
         loads=("0 open",)),
    Goal(title="a deliverer, idle, results in Redis", experiment="final", what="share of a core", ours=IN_REDIS, limit=2,
         stats=("p50",), loads=("0 open",)),
    Goal(title="a deliverer, idle, workers' events", experiment="final", what="share of a core", ours=BY_EVENTS, limit=2,
         stats=("p50",), loads=("0 open",)),
    Goal(title="a pass of the watcher, history of 1,000,000", experiment="watch", what="pass", of="with 1,000 results",
         limit=1.5, stats=("p50",)),
    Goal(title="a pass of the watcher", experiment="watch", what="pass", of="AsyncResult each", limit=100,
         at_least=True, stats=("p50",), loads=("1,000 open",)),
    Goal(title="a pass of the watcher, results in Redis", experiment="watch", what="pass", ours=IN_REDIS, of=OURS,
         limit=1.5, stats=("p50",), loads=("10 open", "1,000 open")),
    Goal(title="a changed run, linear", experiment="watch", what="for each changed run", of_load="10 changed at once",
         limit=1.3, stats=("p50",), loads=("100 changed at once",)),
    Goal(title="messages delivered", experiment="deliver", what="messages", of="bare loop", limit=5, at_least=True,
         stats=("per_second",), loads=("Slack takes 50 ms",)),
    Goal(title="messages delivered at once", experiment="deliver", what="messages", of="bare loop", stats=("per_second",),
         loads=("Slack answers at once",)),
    Goal(title="messages delivered beside a channel at its limit", experiment="deliver", what="messages", of=OURS,
         ours="with one channel limited", limit=0.9, at_least=True, stats=("per_second",)),
    Goal(title="messages delivered, each to a channel that is asked about first", experiment="deliver", what="messages", of=OURS,
         ours="asking first who reads each channel", at_least=True, stats=("per_second",)),
    Goal(title="memory", experiment="memory", what="memory", of="libraries", limit=1.5, stats=("p50",)),
    Goal(title="memory over thousands of runs", experiment=memory.RUNS, what="memory",
         of_load=memory.WARM, loads=(memory.END,), limit=1.1, stats=("p50",)),
    Goal(title="`runtask slack` ready", experiment="ready", what="connected", of="imports + connect", limit=1.5,
         stats=("p50",)),
    *_of_a_big_installation(),
]  # fmt: skip
