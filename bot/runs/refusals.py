"""Why the door didn't do what it was asked to do. The classes are told apart where the answer depends on it."""

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
    """Nothing was sent. `problems` say what is wrong with which field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class _OfTheSchedule(Refused):
    """Other arguments wouldn't help."""

    def __init__(self, reason: Reason) -> None:
        super().__init__([Problem(code=reason.code, params=reason.params, field=Field.SCHEDULE)])


class Gone(_OfTheSchedule):
    """There is no such schedule."""

    def __init__(self) -> None:
        super().__init__(Reason(code=Code.GONE))


class Changed(_OfTheSchedule):
    """The schedule has changed since the requester saw it."""

    def __init__(self) -> None:
        super().__init__(Reason(code=Code.CHANGED))


class Taken(_OfTheSchedule):
    """The request's key belongs to a different request, which became `run`."""

    def __init__(self, run: Run) -> None:
        super().__init__(Reason(code=Code.KEY_TAKEN))
        self.run = run


class NothingSent(_OfTheSchedule):
    """Certainly nothing was sent, for this reason. The same request may be made again."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class MaybeSent(_OfTheSchedule):
    """It is unknown whether `run` was sent. It is followed, and never sent again."""

    def __init__(self, run: Run) -> None:
        super().__init__(Reason(code=Code.MAYBE_SENT))
        self.run = run
