"""Makes a worker mark each task that it is told to revoke, even if it is running, as Celery 5.6.2 and 5.6.3 do.

A worker imports this module beside its tasks (celery/worker/control.py, `_revoke`).
"""

from typing import Any

from celery.worker import control as _control

control: Any = _control  # the stubs of this module lack what we replace
_theirs = control._revoke


def _revoke(state: Any, task_ids: list[str], *args: Any, **kwargs: Any) -> Any:
    for task in task_ids:
        state.app.backend.mark_as_revoked(task, reason="revoked", store_result=True)
    return _theirs(state, task_ids, *args, **kwargs)


control._revoke = _revoke
