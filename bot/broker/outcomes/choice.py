"""Chooses the source from which runtask reads outcomes."""

from typing import ClassVar

from celery import Celery
from django.apps import apps

from bot.broker import eventqueue
from bot.broker.outcomes import kinds
from bot.broker.outcomes.backend import BackendOutcomes
from bot.broker.outcomes.events import EventOutcomes
from bot.core.model import Source
from bot.core.ports import Outcomes
from bot.runs.sources import Sources

AUTO = "auto"


class Nowhere(Outcomes):
    """The source on a site that keeps no results."""

    source: ClassVar = Source.NONE


def chosen(app: Celery | None, wanted: str) -> Source:
    """The source of new runs. `wanted` is RUNTASK_OUTCOMES.

    Without an app, runtask can read rows only. If the broker can't deliver events that
    somebody wants, the source is NONE.
    """
    if wanted == Source.EVENTS and (app is None or not eventqueue.is_possible(app)):
        return Source.NONE
    if wanted != AUTO:
        return Source(wanted)
    return Source.ROWS if app is None else kinds.source(app)


def sources(app: Celery | None, wanted: str) -> Sources:
    """The source of new runs, and the other sources that older runs may have."""
    for_new_runs = chosen(app, wanted)
    found: dict[str, Outcomes] = {Source.NONE: Nowhere()}
    if apps.is_installed("django_celery_results"):
        from bot.broker.outcomes.rows import RowOutcomes  # noqa: PLC0415  # needs the model

        found[Source.ROWS] = RowOutcomes()
    if (
        app is not None
        and Source.BACKEND in (for_new_runs, kinds.source(app))
        and kinds.backend_class(app)[0] is not None
    ):
        found[Source.BACKEND] = BackendOutcomes(app)
    if for_new_runs is Source.EVENTS:
        found[Source.EVENTS] = EventOutcomes()
    return Sources(for_new_runs, found)
