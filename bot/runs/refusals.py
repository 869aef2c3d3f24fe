"""Exceptions for what a verb refuses, each with a reason. A reason has its own class if code treats it differently."""

from bot.core.model import Field
from bot.core.policy import Denied
from bot.core.reasons import Code, Problem, Reason
from bot.models import Run


class NotAllowed(Exception):
    """The actor may not do this."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(denied.code)
        self.denied = denied


class Refused(Exception):
    """The request was refused. `problems` say why, and at which field. Nothing was sent, unless it is MaybeSent."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class _OfTheSchedule(Refused):
    """The form shows this at the picker, as other arguments wouldn't help."""

    reason: Reason

    def __init__(self) -> None:
        super().__init__([Problem(code=self.reason.code, params=self.reason.params, field=Field.SCHEDULE)])


class Gone(_OfTheSchedule):
    """There is no such schedule."""

    reason = Reason(code=Code.GONE)


class CantRepeat(_OfTheSchedule):
    """No form can be filled with the values of this run."""


class NoSuchRun(CantRepeat):
    """There is no such run, or it isn't one of this schedule."""

    reason = Reason(code=Code.NO_SUCH_RUN)


class ValuesDeleted(CantRepeat):
    """The values of this run were deleted."""

    reason = Reason(code=Code.VALUES_DELETED)


class NoRunYet(_OfTheSchedule):
    """The actor has no last run."""

    reason = Reason(code=Code.NO_RUN_YET)


class NoSuchDraft(_OfTheSchedule):
    """There is no such draft, or it has expired, or it is somebody else's."""

    reason = Reason(code=Code.NO_SUCH_DRAFT)


class Orphaned(_OfTheSchedule):
    """The schedule of a run that should be run again no longer exists."""

    reason = Reason(code=Code.SCHEDULE_OF_RUN_GONE)


class Changed(_OfTheSchedule):
    """The schedule has changed since the requester saw it."""

    reason = Reason(code=Code.CHANGED)


class NothingSent(_OfTheSchedule):
    """Certainly nothing was sent; `reason` says why. The same request may be made again."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__()


class TooMany(_OfTheSchedule):
    """The actor has asked for `limit` runs within a minute, and may ask for the next one in `seconds`."""

    def __init__(self, limit: int, seconds: int) -> None:
        self.reason = Reason(code=Code.TOO_MANY_RUNS, params={"limit": limit, "seconds": seconds})
        self.seconds = seconds
        super().__init__()


class Ended(Exception):
    """Nothing is left to stop: `run` has ended."""

    reason = Reason(code=Code.ENDED)

    def __init__(self, run: Run) -> None:
        super().__init__(run.state)
        self.run = run


class CantStop(Exception):
    """A run that was sent can't be stopped; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


class Taken(_OfTheSchedule):
    """The request's key belongs to another request. `run` is that one's; None: it is hidden from the actor."""

    reason = Reason(code=Code.KEY_TAKEN)

    def __init__(self, run: Run | None) -> None:
        super().__init__()
        self.run = run


class MaybeSent(_OfTheSchedule):
    """`run` may or may not have been sent. Watchers follow it, and it is never sent again."""

    reason = Reason(code=Code.MAYBE_SENT)

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class NotWaiting(_OfTheSchedule):
    """Nothing is left to approve or to decline: `run` doesn't wait any more."""

    reason = Reason(code=Code.NOT_WAITING)

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class Void(_OfTheSchedule):
    """`run` can't be approved any more, and has ended; `reason` says why."""

    def __init__(self, run: Run, reason: Reason) -> None:
        self.run, self.reason = run, reason
        super().__init__()


class Full(Exception):
    """The actor has reached the limit of favourites."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.reason = Reason(code=Code.FAVOURITES_FULL, params={"limit": limit})
