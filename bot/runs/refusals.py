"""Reasons why a verb didn't do what was asked for. A reason has its own class if an answer depends on it."""

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
    """This request sends nothing more. `problems` say why, at which field. Something may have been sent only if it is MaybeSent."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class _OfTheSchedule(Refused):
    """Shown at the picker, as other arguments wouldn't help."""

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
    """The run is kept for longer than its values."""

    reason = Reason(code=Code.VALUES_DELETED)


class NoRunYet(_OfTheSchedule):
    """The actor has no last run."""

    reason = Reason(code=Code.NO_RUN_YET)


class NoSuchDraft(_OfTheSchedule):
    """There is no such draft, or it is over, or it is somebody else's."""

    reason = Reason(code=Code.NO_SUCH_DRAFT)


class Orphaned(_OfTheSchedule):
    """The schedule of a run that should be run again no longer exists."""

    reason = Reason(code=Code.SCHEDULE_OF_RUN_GONE)


class Changed(_OfTheSchedule):
    """The schedule has changed since the requester saw it."""

    reason = Reason(code=Code.CHANGED)


class NothingSent(_OfTheSchedule):
    """Certainly nothing was sent, for this reason. The same request may be made again."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__()


class Ended(Exception):
    """Nothing is left to stop: `run` has ended."""

    reason = Reason(code=Code.ENDED)

    def __init__(self, run: Run) -> None:
        super().__init__(run.state)
        self.run = run


class CantStop(Exception):
    """A run that was sent can't be stopped here, for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


class Taken(_OfTheSchedule):
    """The request's key belongs to a different request, which became `run`; None: its schedule is hidden now."""

    reason = Reason(code=Code.KEY_TAKEN)

    def __init__(self, run: Run | None) -> None:
        super().__init__()
        self.run = run


class MaybeSent(_OfTheSchedule):
    """It is unknown whether `run` was sent. It is followed, and never sent again."""

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
    """`run` can't be approved any more, for this reason, and has ended."""

    def __init__(self, run: Run, reason: Reason) -> None:
        self.run, self.reason = run, reason
        super().__init__()


class Full(Exception):
    """The actor has as many favourites as anybody may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.reason = Reason(code=Code.FAVOURITES_FULL, params={"limit": limit})
