"""What the door answers when it doesn't do what it was asked; each kind is something else to a script."""

from bot.core.model import Field, Problem
from bot.models import Run

GONE = "This schedule no longer exists. Pick another one."
CHANGED = "Somebody has changed this schedule since you picked it. Pick it again to see its new values."
MAY_BE_SENT = (
    "This run may already have been sent: the broker took it but did not answer. It is not sent again; "
    "its thread and its page tell how it ended."
)
TAKEN = "This key belongs to a request that asked for something else."


class NotAllowed(Exception):
    """The actor may not act; the text tells them why and what to do."""


class Refused(Exception):
    """Nothing was sent; `problems` says what is wrong with which field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(problem.text for problem in problems))
        self.problems = problems


class _OfTheSchedule(Refused):
    """Refused for a reason that no other argument changes."""

    def __init__(self, text: str) -> None:
        super().__init__([Problem(field=Field.SCHEDULE, text=text)])


class Gone(_OfTheSchedule):
    """There is no such schedule."""

    def __init__(self) -> None:
        super().__init__(GONE)


class Changed(_OfTheSchedule):
    """The schedule isn't what it was when the requester looked."""

    def __init__(self) -> None:
        super().__init__(CHANGED)


class Taken(_OfTheSchedule):
    """The request's key stands for another request, which became `run`."""

    def __init__(self, run: Run) -> None:
        super().__init__(TAKEN)
        self.run = run


class NothingSent(_OfTheSchedule):
    """Certainly nothing went out, for the reason `because`; the same request may be made again."""

    def __init__(self, because: str) -> None:
        super().__init__(f"Nothing was sent: {because}. Press Run to try again.")
        self.because = because


class MaybeSent(_OfTheSchedule):
    """Nobody knows whether `run` was sent; it is followed, and not sent again."""

    def __init__(self, run: Run) -> None:
        super().__init__(MAY_BE_SENT)
        self.run = run
