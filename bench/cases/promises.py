"""The goals, as they were set before anything was measured."""

from bench.goals import Goal

WAYS = {"socket": "Socket Mode", "http": "HTTP"}


def _of_each_way() -> list[Goal]:
    found = []
    for way, name in WAYS.items():
        command, selection = f"command/{way}", f"selection/{way}"
        found += [
            Goal(title=f"/runtask → form, {name}", experiment=command, what="open", of="open", limit=1.5),
            Goal(title=f"/runtask → ack, {name}", experiment=command, what="ack", of="ack", limit=1.3),
            Goal(title=f"/runtask → ack, {name}, against Bolt's default", experiment=command, what="ack", of="default",
                 limit=5, at_least=True, loads=("1 client",)),
            Goal(title=f"commands a second, {name}", experiment=command, what="open", of="open", limit=0.7,
                 at_least=True, stats=("per_second",), loads=("64 clients",)),
            Goal(title=f"selection → form updated, {name}", experiment=selection, what="update", of="update", limit=1.5),
        ]  # fmt: skip
    return found


GOALS = [
    *_of_each_way(),
    Goal(title="Run → form closed, Socket Mode, against the page", experiment="submission", what="closed", of="page", limit=1.0),
    Goal(title="Run → form closed, HTTP, against the page", experiment="submission", what="closed", of="page", limit=1.0,
         ours="runtask over HTTP"),
    Goal(title="Run → form closed, HTTP, against beat's admin action", experiment="submission", what="closed",
         of="beat's admin action", limit=1.0, ours="runtask over HTTP"),
    Goal(title="64 people press Run at once, Socket Mode", experiment="submission", what="closed", limit=1000,
         loads=("64 clients",), stats=("worst",)),
]  # fmt: skip
