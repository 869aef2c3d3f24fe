"""The verb *follow*: a run as it is at this moment, whether or not a watcher is running."""

from django.utils import timezone

from bot.core.ids import LARGEST_ID
from bot.core.model import Actor, RunId, TaskId
from bot.core.policy import Action, Subject
from bot.core.status import OPEN
from bot.models import Run
from bot.runs import finish
from bot.runs.door import Platform, authorise


def follow(platform: Platform, actor: Actor, run: RunId) -> Run | None:
    """None: there is no such run."""
    authorise(actor, Action.SEE, Subject(run=run))
    found = Run.objects.select_related("user").filter(pk=run).first() if run <= LARGEST_ID else None
    if found is None or found.state not in OPEN or platform.outcomes is None:
        return found
    now = timezone.now()
    news = finish.record(platform.outcomes.of(TaskId(found.task_id)), now=now, deadline=platform.deadline)
    if news or finish.mark_overdue(now=now, only=found.pk):
        platform.wake()
        found.refresh_from_db()
    return found
