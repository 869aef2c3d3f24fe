"""The modes of the benchmark, which set how much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Mode:
    """Sizes, in rows, and durations. In each round, each contestant is measured for `turn` seconds under each load."""

    name: str
    rounds: int
    turn: float
    clients: tuple[int, ...]
    schedules: int
    many_schedules: int
    results: int
    few_results: int
    open_runs: int
    passes: int  # passes of the watcher, or queries of the typeahead, in one turn
    finishes: int  # results that are written one after the other
    messages: int  # messages for the deliverer
    starts: int  # starts of a process
    idle: float  # seconds for which an idle process is watched
    look: int  # seconds for which a process is profiled
    runs: int  # runs that one process starts, to see whether it grows
    steady: float  # seconds of submissions at a steady rate, on a big installation
    standing: int  # runs that are open at any time during `steady`
    channels: int  # channels of these runs


FULL = Mode(
    name="full",
    rounds=5,
    turn=0.4,
    clients=(1, 16, 64),
    schedules=10_000,
    many_schedules=100_000,
    results=1_000_000,
    few_results=1_000,
    open_runs=10_000,
    passes=100,
    finishes=100,
    messages=1_000,
    starts=5,
    idle=10.0,
    look=4,
    runs=15_000,
    steady=600.0,
    standing=5_000,
    channels=500,
)
SHORT = Mode(
    name="short",
    rounds=3,
    turn=0.2,
    clients=(1, 16),
    schedules=2_000,
    many_schedules=20_000,
    results=50_000,
    few_results=1_000,
    open_runs=1_000,
    passes=30,
    finishes=12,
    messages=100,
    starts=1,
    idle=2.0,
    look=1,
    runs=500,
    steady=20.0,
    standing=500,
    channels=100,
)
SMOKE = Mode(
    name="smoke",
    rounds=1,
    turn=0.1,
    clients=(1, 4),
    schedules=100,
    many_schedules=200,
    results=500,
    few_results=100,
    open_runs=20,
    passes=3,
    finishes=2,
    messages=20,
    starts=1,
    idle=0.5,
    look=1,
    runs=50,
    steady=2.0,
    standing=20,
    channels=5,
)
