"""The experiments: each starts its contestants, lets them take turns, and returns what was measured."""

from collections.abc import Awaitable, Callable, Mapping

from bench.cases import background, inside, memory, profile, ready, replicas, steady, wire
from bench.results import Series
from bench.setups import Setup
from bench.stage import Stage

Experiments = Mapping[str, Callable[[Stage], Awaitable[list[Series]]]]

# The order matters: the last experiments leave open runs in the database, which the watcher would look at in other experiments.
EXPERIMENTS: Experiments = {
    "command": wire.command,
    "selection": wire.selection,
    "typeahead": inside.typeahead,
    "watch": inside.watch,
    "final": background.final,
    "deliver": background.deliver,
    "ready": ready.ready,
    "memory": memory.memory,
    "start": inside.start,
    "submission": wire.submission,
    "profile": profile.profile,
}
ON_A_BIG_INSTALLATION: Experiments = {"replicas": replicas.replicas, "steady": steady.steady}
NAMES = (*EXPERIMENTS, *ON_A_BIG_INSTALLATION)


def of(setup: Setup) -> Experiments:
    return ON_A_BIG_INSTALLATION if setup.is_big else EXPERIMENTS
