"""The experiments: each starts its contestants, lets them take turns, and returns what was measured."""

from collections.abc import Awaitable, Callable

from bench.cases import wire
from bench.results import Series
from bench.stage import Stage

EXPERIMENTS: dict[str, Callable[[Stage], Awaitable[list[Series]]]] = {
    "command": wire.command,
    "selection": wire.selection,
    "submission": wire.submission,
}
