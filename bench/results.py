"""What a run found, and its JSON, which a later run is compared to."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.stats import Round, Spread, spread

OURS = "runtask"
FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True, kw_only=True)
class Series:
    """One contestant's rounds at one thing: `what` was measured, under which `load` (`16 clients`, `1,000 open`)."""

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
    """One run on one set-up."""

    setup: str
    mode: str
    taken_at: str
    machine: dict[str, str]
    series: tuple[Series, ...] = field(default=())

    def find(self, experiment: str, what: str, contestant: str) -> list[Series]:
        """One for each load."""
        wanted = (experiment, what, contestant)
        return [one for one in self.series if (one.experiment, one.what, one.contestant) == wanted]


def single(experiment: str, what: str, contestant: str, values: Sequence[float], unit: str, load: str = "") -> Series:
    """A series whose rounds are one figure each: memory, seconds to start, a share of a core."""
    rounds = tuple(Round(p50=value, p99=value, worst=value, count=1) for value in values)
    return Series(experiment=experiment, what=what, load=load, contestant=contestant, rounds=rounds, unit=unit)


def dump(results: Results) -> str:
    return json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n"


def load(text: str) -> Results:
    raw = json.loads(text)
    return Results(**{**raw, "series": tuple(map(series, raw["series"]))})


def series(raw: dict[str, Any]) -> Series:
    rounds = tuple(Round(**one) for one in raw["rounds"])
    return Series(**{**raw, "rounds": rounds})


def path(setup: str) -> Path:
    return FOLDER / f"{setup}.json"


def merged(path: Path, new: Results) -> Results:
    """With the kept series of experiments that the new run left out, and the commits of both."""
    old = load(path.read_text()) if path.exists() else new
    ran = {one.experiment for one in new.series}
    left = tuple(one for one in old.series if one.experiment not in ran)
    if not left:
        return new
    commits = dict.fromkeys([*old.machine["commit"].split(", "), new.machine["commit"]])
    return replace(new, series=(*left, *new.series), machine={**new.machine, "commit": ", ".join(commits)})
