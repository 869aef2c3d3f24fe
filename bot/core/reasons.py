"""Why something is refused or failed: a code and the values that its sentence needs.

`core`, `runs` and `broker` make reasons, and rows store them. Sentences are made from them in `bot.texts`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any, Self, TypeAlias

Value: TypeAlias = str | int
Params: TypeAlias = Mapping[str, Value]
PROBLEM_LIMIT = 300  # characters of the columns called `problem`


class Code(StrEnum):
    """Every reason there is. `bot.texts` has a sentence for each; a test compares the two."""

    # Text that isn't strict JSON
    TYPOGRAPHIC_QUOTE = auto()
    TOO_DEEP = auto()
    LONG_NUMBER = auto()
    PYTHON_WORD = auto()
    TRAILING_COMMA = auto()
    SINGLE_QUOTES = auto()
    COMMA_MISSING = auto()
    COLON_MISSING = auto()
    KEY_MISSING = auto()
    VALUE_MISSING = auto()
    EXTRA_DATA = auto()
    OPEN_TEXT = auto()
    OPEN_TEXT_TYPOGRAPHIC = auto()
    CONTROL_CHARACTER = auto()
    BAD_ESCAPE = auto()
    BAD_UNICODE_ESCAPE = auto()
    NOT_JSON = auto()
    NOT_A_NUMBER = auto()
    NUMBER_TOO_LARGE = auto()
    HALF_CHARACTER = auto()
    DOUBLED_KEY = auto()
    # JSON that can't be a task's arguments
    TOO_LONG = auto()
    LIST_EMPTY = auto()
    OBJECT_EMPTY = auto()
    NOT_A_LIST = auto()
    NOT_AN_OBJECT = auto()
    TOO_MANY_ARGUMENTS = auto()
    NO_ARGUMENTS = auto()
    ARGUMENT_TWICE = auto()
    UNKNOWN_ARGUMENT = auto()
    MISSPELLED_ARGUMENT = auto()
    NO_KEYWORDS = auto()
    ARGUMENT_MISSING = auto()
    BAD_TYPED_VALUE = auto()
    # A mask that stands for no stored secret
    MASK_WITHOUT_SECRET = auto()
    MASK_EDITED = auto()
    MASK_MOVED = auto()
    # A schedule that can't be sent
    HEADERS_NOT_AN_OBJECT = auto()
    HEADERS_NOT_STORABLE = auto()
    QUEUE_NOT_DECLARED = auto()
    ROUTE_NOT_DECLARED = auto()
    EAGER = auto()
    # What became of a message to the broker
    BROKER_UNREACHABLE = auto()
    BROKER_REFUSED = auto()
    BROKER_FORBIDS = auto()
    BROKER_FULL = auto()
    BROKER_READ_ONLY = auto()
    QUEUE_FULL = auto()
    QUEUE_DIFFERS = auto()
    NO_QUEUE = auto()
    CELERY_REFUSED = auto()
    HELD_BACK = auto()
    HELD_BACK_BY = auto()
    TOO_SLOW = auto()
    NOT_SAVED = auto()
    # Why an outcome isn't known
    SOURCE_SILENT = auto()
    NO_RESULTS = auto()
    RESULT_EXPIRED = auto()
    NEVER_HEARD = auto()
    EVENTS_QUEUE = auto()
    NO_EVENTS = auto()
    UNHEARD = auto()
    REJECTED = auto()
    # What became of a request
    GONE = auto()
    CHANGED = auto()
    KEY_TAKEN = auto()
    MAYBE_SENT = auto()
    NO_SUCH_RUN = auto()
    SCHEDULE_OF_RUN_GONE = auto()
    NO_RUN_YET = auto()
    # Why a run can't be stopped
    ENDED = auto()
    NO_REMOTE_CONTROL = auto()
    REMOTE_CONTROL_OFF = auto()
    NO_KILL = auto()
    # Who may not act
    SLACK_SILENT = auto()
    BOT = auto()
    DELETED = auto()
    GUEST = auto()
    OTHER_TEAM = auto()
    NO_LINK = auto()
    INACTIVE = auto()
    NOT_STAFF = auto()
    # What became of a notice
    INTERNAL_ERROR = auto()
    SLACK_UNREACHABLE = auto()
    SLACK_REFUSED = auto()
    NO_BOT_TOKEN = auto()
    BEHIND_ANOTHER = auto()
    NO_DIRECT_MESSAGE = auto()
    NO_CHANNEL_NO_DIRECT_MESSAGE = auto()
    NO_CHANNEL_NO_ACCOUNT = auto()
    # A row from before reasons had codes holds a sentence
    STORED_TEXT = auto()


# Why nothing was sent, where another try helps only after somebody has changed something.
LASTING = frozenset({Code.EAGER, Code.BROKER_FORBIDS, Code.QUEUE_DIFFERS, Code.NO_QUEUE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A code, and the values that its sentence needs, by name. The values may be hostile text."""

    code: Code
    params: Params = field(default_factory=dict)

    def dump(self, limit: int = 10_000) -> str:
        """As text columns store it. If it is longer than `limit` characters, every value becomes `?`."""
        text = json.dumps({"code": self.code, **self.params}, ensure_ascii=False)
        return text if len(text) <= limit else json.dumps({"code": self.code, **dict.fromkeys(self.params, "?")})

    @classmethod
    def load(cls, text: str) -> Self:
        """From the text of `dump`, or from an older row, which holds a sentence."""
        try:
            stored: dict[str, Any] = json.loads(text)
            return cls(code=Code(stored.pop("code")), params=stored)
        except (ValueError, TypeError, LookupError, AttributeError):
            return cls(code=Code.STORED_TEXT, params={"text": text})


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place in a text."""

    at: int  # characters from 0
    line: int  # from 1
    column: int  # from 1
    excerpt: str  # the line around it, and a caret below


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem(Reason):
    """A reason that belongs to one field of a form or of a request."""

    field: str  # a `Field`, or a name that the front end knows
    place: Place | None = None


class Invalid(Exception):
    """A text isn't what it should be. `problems` say why, in the order of their places."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems
