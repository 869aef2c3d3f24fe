"""Simulates people who act at the same time. In each round, contestants take turns.

In bursts, all people act at the same moment, and again when all have been served. In closed loops, each person acts again as
soon as they have been served.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from bench.modes import Mode
from bench.processes import Broken
from bench.results import Series
from bench.stats import Round, of_turn

T = TypeVar("T")
LOST = 20.0  # seconds; an operation that takes longer counts as lost
REST = 0.005  # seconds between two bursts
# Performs one operation of client number n. Returns milliseconds, by the name of what was measured.
Operation = Callable[[int], Awaitable[Mapping[str, float]]]


async def turn(operation: Operation, clients: int, seconds: float) -> dict[str, Round]:
    """Bursts of operations. After each burst, a rest keeps late work out of the next one. Raises Broken if one is lost."""
    taken: dict[str, list[float]] = defaultdict(list)
    begin, busy = time.monotonic(), 0.0
    while time.monotonic() - begin < seconds:
        started = time.monotonic()
        _keep(taken, await _answered(asyncio.gather(*map(operation, range(clients)))))
        busy += time.monotonic() - started
        await asyncio.sleep(REST)
    return {what: of_turn(values, busy) for what, values in taken.items()}


async def closed_loops(operation: Operation, clients: int, seconds: float) -> dict[str, Round]:
    """Closed loops of clients, so that the contestant is never idle. Raises Broken if an operation is lost."""
    taken: dict[str, list[float]] = defaultdict(list)
    begin = time.monotonic()

    async def client(number: int) -> None:
        while time.monotonic() - begin < seconds:
            _keep(taken, [await _answered(operation(number))])

    await asyncio.gather(*map(client, range(clients)))
    took = time.monotonic() - begin
    return {what: of_turn(values, took) for what, values in taken.items()}


def _keep(taken: dict[str, list[float]], measured: Iterable[Mapping[str, float]]) -> None:
    for one in measured:
        for what, milliseconds in one.items():
            taken[what].append(milliseconds)


async def _answered(awaited: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(LOST):
            return await awaited
    except TimeoutError:
        raise Broken(f"an operation got no answer within {LOST:g} s") from None


async def rounds(experiment: str, contestants: Mapping[str, Operation], mode: Mode) -> list[Series]:
    """A warm-up, then rounds. Each round has every contestant under every load, and begins with another contestant."""
    found: dict[tuple[str, str, str], list[Round]] = defaultdict(list)
    for operation in contestants.values():
        await turn(operation, mode.clients[-1], mode.turn / 2)
    for number in range(mode.rounds):
        for clients in mode.clients:
            for name in rotated(list(contestants), number):
                for what, one in (await turn(contestants[name], clients, mode.turn)).items():
                    found[what, clients_in_words(clients), name].append(one)
    return as_series(experiment, found)


def as_series(experiment: str, found: Mapping[tuple[str, str, str], Sequence[Round]], unit: str = "ms") -> list[Series]:
    """The series that these rounds make. `found`: rounds by the name of what was measured, load and contestant."""
    return [
        Series(experiment=experiment, what=what, load=load, contestant=name, rounds=tuple(its_rounds), unit=unit)
        for (what, load, name), its_rounds in found.items()
    ]


def rotated(names: Sequence[T], by: int) -> list[T]:
    by %= len(names)
    return [*names[by:], *names[:by]]


def clients_in_words(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"
