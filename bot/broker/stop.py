"""Stops tasks: by Celery's remote control, by the mark of an AbortableTask, and by removing messages from the embedded broker.

celery/worker/control.py (`_revoke`) and request.py (`terminate`) show how workers obey. Celery 5.6.2 and 5.6.3 write REVOKED for
each task that they are told to revoke, even if it is running or has ended. Celery 5.7 writes it if the backend doesn't know that the task
has begun or ended, although another worker may be running it. Other versions write it only when they skip the task.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from celery import Celery
from celery.contrib.abortable import AbortableAsyncResult, AbortableTask

from bot.broker import embedded
from bot.broker.connection import connect, own_connection
from bot.broker.control import Control, why_no_remote_control
from bot.broker.outcomes import kinds
from bot.broker.outcomes.line import own_backend
from bot.broker.outcomes.readers import Keys
from bot.core.model import Source, TaskId
from bot.core.ports import NotTold
from bot.core.reasons import Code, Reason
from bot.core.stops import Way

SIGNAL = "SIGTERM"


@dataclass(frozen=True)
class RemoteControl:
    """Stopper over Celery."""

    app: Celery

    def problem(self) -> Reason | None:
        return why_no_remote_control(self.app)

    def way(self, task: str, *, kill: bool) -> Way:
        """How to stop this task. Only a task that this process knows as an AbortableTask can be told to abort."""
        if kill:
            return Way.TERMINATE
        can_abort = isinstance(self.app.tasks.get(task), AbortableTask)
        return Way.ABORT if can_abort and can_be_marked(self.app) else Way.REVOKE

    def take_back(self, task: TaskId) -> bool:
        return embedded.take_back(self.app, task)

    def tell(self, tasks: Sequence[TaskId], way: Way, *, within: float) -> None:
        try:
            if way is Way.ABORT:
                for task in tasks if can_be_marked(self.app) else ():
                    _abort(self.app, task)
                return
            with own_connection(self.app) as connection:
                connect(connection, within)
                Control(self.app).revoke(
                    list(tasks), connection=connection, terminate=way is Way.TERMINATE, signal=SIGNAL
                )
        except Exception as exc:  # whatever the transport or the backend raises
            reason = Reason(code=Code.BROKER_UNREACHABLE, params={"error": type(exc.__cause__ or exc).__name__})
            raise NotTold(reason) from exc


def can_be_marked(app: Celery) -> bool:
    """Whether a result can be replaced by the mark. If runtask can't read a result, it can't replace it either.

    A run may be told to abort by a version that knew no such limit, or before the backend was replaced.
    """
    return kinds.source(app) is not Source.NONE


def _abort(app: Celery, task: TaskId) -> None:
    """Marks the task as aborted in the result backend.

    The mark replaces a result that the task may have there. So callers pass only tasks whose end isn't known.
    """
    backend_class, url = kinds.backend_class(app)
    backend = own_backend(backend_class(app=app, url=url))
    backend.decode_result = Keys(backend).meta  # Celery first reads what it replaces, and would unpickle it
    AbortableAsyncResult(task, backend=backend, app=app).abort()
