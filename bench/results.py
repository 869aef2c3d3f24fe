"""The results of a run, and their JSON file. These files aren't kept in the repository."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.stats import Round, Spread, spread

OURS = "runtask"
IN_REDIS = "results in Redis"  # the contestant that reads results from Redis
BY_EVENTS = "workers' events"  # the contestant that reads workers' events


@dataclass(frozen=True, kw_only=True)
class Series:
    """One contestant's rounds under one `load` (`16 clients`, `1,000 open`). `what` names what was measured."""

    experiment: str
    what: str
    load: str
    contestant: str
    rounds: tuple[Round, ...]
    unit: str = "ms"

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.experiment, self.what, self.load, self.contestant)

    def values(self, stat: str) -> list[float]:
        return [float(getattr(one, stat)) for one in self.rounds]

    def of(self, stat: str) -> Spread:
        return spread(self.values(stat))


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of one run on one set-up."""

    setup: str
    mode: str
    taken_at: str
    machine: dict[str, str]
    series: tuple[Series, ...] = field(default=())

    def find(self, experiment: str, what: str, contestant: str) -> list[Series]:
        """The contestant's series, one for each load."""
        wanted = (experiment, what, contestant)
        return [one for one in self.series if (one.experiment, one.what, one.contestant) == wanted]

    @property
    def taken(self) -> str:
        """When and where the run took place, in words."""
        facts = ", ".join(f"{name} {value}" for name, value in self.machine.items() if name != "commit")
        return f"taken {self.taken_at}, commit {self.machine['commit']}: {facts}"


def single(experiment: str, what: str, contestant: str, values: Sequence[float], unit: str, load: str = "") -> Series:
    """A series in which each round is a single figure: memory, seconds to start, a share of a core."""
    rounds = tuple(Round(p50=value, p99=value, worst=value, count=1) for value in values)
    return Series(experiment=experiment, what=what, load=load, contestant=contestant, rounds=rounds, unit=unit)


def write(folder: Path, results: Results) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{results.setup}.json").write_text(json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n")


def read(folder: Path) -> list[Results]:
    """The results of each set-up in the folder."""
    return [_results(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def _results(raw: dict[str, Any]) -> Results:
    series = tuple(Series(**{**one, "rounds": tuple(Round(**each) for each in one["rounds"])}) for one in raw["series"])
    return Results(**{**raw, "series": series})
