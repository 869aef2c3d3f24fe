"""A user's own runs, newest first, whichever way they asked for them."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Actor, RunId
from bot.core.status import RunState
from bot.models import Run
from bot.runs import installations, links
from bot.runs.door import Platform, admit

COLUMNS = (
    "installation", "schedule_id", "schedule_name", "state", "status", "created_at", "started_at", "finished_at",
    "stop_asked_at", "channel", "thread", "parent", "user_id",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnRun:
    """A run of the reader's."""

    run: RunId
    schedule: str
    at: datetime  # when it was asked for
    state: RunState
    status: str  # Celery's
    duration: float | None  # seconds
    is_stopping: bool
    thread: str  # the address of its thread; empty: it has none, or none that is known yet
    page: str  # the address of its page; empty: there is none


def newest(platform: Platform, actor: Actor, most: int) -> tuple[OwnRun, ...]:
    """The last ones that the actor may see. Raises NotAllowed."""
    admitted = admit(platform, actor)
    rows = admitted.those_seen(Run.objects.filter(user_id=str(actor.user)).only(*COLUMNS).order_by("-pk")[:most])
    addresses = {one: installations.address(one) for one in {run.installation for run in rows}}
    return tuple(
        OwnRun(
            run=RunId(run.pk),
            schedule=run.schedule_name,
            at=run.created_at,
            state=RunState(run.state),
            status=run.status,
            duration=run.duration,
            is_stopping=run.stop_asked_at is not None,
            thread=links.thread(addresses[run.installation], run),
            page=links.page(platform.base_url, run),
        )
        for run in rows
    )
