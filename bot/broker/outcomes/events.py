"""Outcomes from the events that workers publish while they run tasks (celery/events). Nobody can ask for an event later.

A loop receives the events (`hearing`). This source says whether that works, and finds the runs that events are about.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from bot.broker.outcomes import heard
from bot.broker.outcomes.heard import Event
from bot.core.model import Outcome, Source, TaskId
from bot.core.ports import Outcomes, SourceSilent
from bot.core.reasons import Reason
from bot.core.status import ENDED, OPEN, RunState
from bot.models import Run
from bot.prepared import padded

BATCH = 500  # task ids in one query


@dataclass
class EventOutcomes(Outcomes):
    """The source of outcomes from events. `hearing` records events when they arrive, so `changed` never returns any."""

    source: ClassVar = Source.EVENTS
    problem: Reason | None = None  # why this process can't receive events. None: it can, or it doesn't try to

    def changed(self) -> list[Outcome]:
        if self.problem is not None:
            raise SourceSilent(self.problem)
        return []

    def of(self, task: TaskId) -> list[Outcome]:  # noqa: ARG002
        return self.changed()


def outcomes(events: Iterable[Event]) -> list[Outcome]:
    """The outcomes of our runs. One query asks about up to BATCH tasks, most of which aren't ours.

    runtask commits a run before it sends the message, so each event finds its run.
    """
    by_task: dict[str, list[Event]] = {}
    for event in events:
        by_task.setdefault(event["uuid"], []).append(event)
    tasks = list(by_task)
    found: list[Outcome] = []
    for start in range(0, len(tasks), BATCH):
        # The task id is the only condition, so that no database chooses the index of states.
        rows = Run.objects.filter(task_id__in=padded(tasks[start : start + BATCH])).order_by()
        for task, source, state, seen in rows.values_list("task_id", "source", "state", "seen"):
            if source == Source.EVENTS and state in OPEN | ENDED:
                found += heard.news(seen, by_task[task], has_ended=state == RunState.FINISHED)
    return found
