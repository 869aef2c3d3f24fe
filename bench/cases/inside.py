"""Measures within one process, without Slack and the network."""

from typing import Any

from bench.goals import AGAIN
from bench.load import as_series, clients_in_words, rotated
from bench.modes import Mode
from bench.results import IN_REDIS, OURS, Series
from bench.stage import Inside, Stage
from bench.stats import Round

FEW = "100 schedules"
RULES = 200
NAIVE = "AsyncResult each"
Found = dict[tuple[str, str, str], list[Round]]


async def typeahead(scene: Stage) -> list[Series]:
    """The picker's menu: with few and with many schedules, under rules, and while beat saves a schedule between two queries."""
    mode, found = scene.mode, Found()
    many = f"{mode.many_schedules:,} schedules"
    async with scene.inside("few", "typeahead", "small") as small, scene.inside("many", "typeahead") as big:
        await _under_rules(big, mode, found)
        await big.ask("grow", mode.schedules + 1, mode.many_schedules)
        turns = [
            (small, FEW, 0),
            (big, many, 0),
            (big, f"{many}, one saved before each query", 1),
        ]
        for number in range(-1, mode.rounds):  # the first turn is a warm-up
            for process, load, saving in rotated(turns, number):
                one = Round(**await process.ask("turn", mode.passes, saving))
                _keep(found, ("menu", load, OURS), one, number)
        await big.ask("shrink", mode.schedules)
    return as_series("typeahead", found)


async def _under_rules(process: Inside, mode: Mode, found: Found) -> None:
    """The menu and the form, in turns without rules and with many rules."""
    load = f"{mode.schedules:,} schedules"
    for number in range(-1, mode.rounds):
        for words, count in rotated([(load, 0), (f"{load}, {RULES} rules", RULES)], number):
            await process.ask("rules", count, "staff")
            for what, question in (("menu", ("turn", mode.passes, 0)), ("form", ("form", mode.passes, mode.schedules))):
                _keep(found, (what, words, OURS), Round(**await process.ask(*question)), number)
    await process.ask("rules", 0, "superuser")


async def start(scene: Stage) -> list[Series]:
    """The times from a parsed submission to the message on the broker, and to the answer."""
    mode, found = scene.mode, Found()
    async with scene.inside("submit", "submit") as process:
        names: list[str] = await process.ask("contestants")
        for number in range(-1, mode.rounds):
            for clients in mode.clients[:2]:
                for name in rotated(names, number):
                    answer: dict[str, Any] = await process.ask("turn", name, clients, mode.turn)
                    for what, one in answer.items():
                        _keep(found, (what, clients_in_words(clients), name), Round(**one), number)
    return as_series("start", found)


async def watch(scene: Stage) -> list[Series]:
    """A pass of the watcher: with a short and a long history, with few and many open runs."""
    mode, found = scene.mode, Found()
    async with scene.inside("little", "watch", "small") as little, scene.inside("much", "watch") as much:
        turns = [(much, OURS), (little, f"with {mode.few_results:,} results"), (much, AGAIN + OURS), (much, NAIVE)]
        if scene.setup.broker.startswith("redis"):
            turns.append((much, IN_REDIS))
        for count in sorted({0, 10, min(1_000, mode.open_runs), mode.open_runs}):
            await little.ask("open", count)
            await much.ask("open", count)
            for number in range(mode.rounds):
                for process, name in rotated(turns, number):
                    if name != NAIVE or count <= 1_000:  # the naive way would take minutes
                        asked = (NAIVE, 3) if name == NAIVE else (name if name == IN_REDIS else OURS, mode.passes)
                        _keep(
                            found, ("pass", f"{count:,} open", name), Round(**await process.ask("turn", *asked)), number
                        )
        await _changed(much, mode, found)
        await much.ask("open", 0)
    return as_series("watch", found)


async def _changed(process: Inside, mode: Mode, found: Found) -> None:
    for number in range(mode.rounds):
        for count in (1, 10, 100) if mode.open_runs >= 1_000 else (1, 2):
            value = await process.ask("changed", count)
            one = Round(p50=value, p99=value, worst=value, count=1)
            _keep(found, ("for each changed run", f"{count} changed at once", OURS), one, number)


def _keep(found: Found, key: tuple[str, str, str], one: Round, number: int) -> None:
    if number >= 0:
        found.setdefault(key, []).append(one)
