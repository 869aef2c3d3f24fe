"""The experiments: each starts its contestants, lets them take turns, and returns what was measured."""

from collections.abc import Awaitable, Callable

from bench.cases import background, inside, memory, profile, ready, slowest, wire
from bench.results import Series
from bench.stage import Stage

# In this order: the last ones leave open runs behind, which those before would have to watch.
EXPERIMENTS: dict[str, Callable[[Stage], Awaitable[list[Series]]]] = {
    "command": wire.command,
    "selection": wire.selection,
    "typeahead": inside.typeahead,
    "watch": inside.watch,
    "final": background.final,
    "deliver": background.deliver,
    "ready": ready.ready,
    "slowest": slowest.slowest,
    "memory": memory.memory,
    "start": inside.start,
    "submission": wire.submission,
    "profile": profile.profile,
}
