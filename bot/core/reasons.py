"""Reasons for refusals and failures: a code, and the values that its sentence needs.

`core`, `runs` and `broker` make reasons, and rows store them. `bot.texts` makes sentences from them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any, Self, TypeAlias

Value: TypeAlias = str | int
Params: TypeAlias = Mapping[str, Value]
# Parameters that are texts of the broker, of Celery, or of a row of version 0.1.0.
FOREIGN = frozenset({"error", "text"})
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
    # A message to the bot that can't be read
    MENTION_NO_NAME = auto()
    MENTION_NOT_A_PAIR = auto()
    MENTION_TWO_LISTS = auto()
    MENTION_OPEN_QUOTE = auto()
    MENTION_NO_SPACE = auto()
    # A mask that stands for no stored secret
    MASK_WITHOUT_SECRET = auto()
    MASK_EDITED = auto()
    MASK_MOVED = auto()
    MASK_FOREIGN = auto()
    # A schedule that can't be sent
    TASK_NOT_NAMED = auto()
    HEADERS_NOT_AN_OBJECT = auto()
    HEADERS_NOT_STORABLE = auto()
    QUEUE_NOT_DECLARED = auto()
    ROUTE_NOT_DECLARED = auto()
    EAGER = auto()
    # Why a message wasn't sent, or may not have been sent
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
    OLD_MEMCACHED = auto()
    NO_RESULTS = auto()
    RESULT_EXPIRED = auto()
    RESULT_COMPRESSED = auto()
    RESULT_UNREADABLE = auto()
    NEVER_HEARD = auto()
    EVENTS_QUEUE = auto()
    NO_EVENTS = auto()
    UNHEARD = auto()
    REJECTED = auto()
    # Why a request can't be served
    GONE = auto()
    CHANGED = auto()
    KEY_TAKEN = auto()
    MAYBE_SENT = auto()
    NO_SUCH_RUN = auto()
    VALUES_DELETED = auto()
    SCHEDULE_OF_RUN_GONE = auto()
    NO_RUN_YET = auto()
    NO_SUCH_DRAFT = auto()
    TOO_MANY_RUNS = auto()
    # Why a run can't be stopped
    ENDED = auto()
    NOT_WAITING = auto()
    JUST_APPROVED = auto()
    NO_REMOTE_CONTROL = auto()
    REMOTE_CONTROL_OFF = auto()
    NO_KILL = auto()
    # Why nobody can approve a run any more
    SCHEDULE_DELETED = auto()
    SCHEDULE_CHANGED = auto()
    SCHEDULE_EXPIRED = auto()
    RULES_CHANGED = auto()
    REQUESTER_GONE = auto()
    REQUESTER_MAY_NOT = auto()
    # Why a schedule can't be a favourite
    FAVOURITES_FULL = auto()
    # Why an actor may not act
    SLACK_SILENT = auto()
    BOT = auto()
    DELETED = auto()
    GUEST = auto()
    OTHER_TEAM = auto()
    NO_LINK = auto()
    INACTIVE = auto()
    NOT_STAFF = auto()
    NO_PERMISSION = auto()
    HIDDEN = auto()
    RULE_RUN = auto()
    RULE_STOP = auto()
    RULE_ENTRIES = auto()
    RULE_CHANNELS = auto()
    RULE_KILL = auto()
    RULE_APPROVE = auto()
    OWN_RUN = auto()
    NOT_BY_API = auto()
    OTHER_REQUEST = auto()
    # Why nobody may run a schedule now
    PAUSED = auto()
    CLOSED = auto()
    BUSY = auto()
    # What a rule doesn't allow of a run's values
    REASON_MISSING = auto()
    REASON_TOO_LONG = auto()
    WHY_MISSING = auto()
    RULE_ARGS_UNNAMED = auto()
    RULE_PLACE_ONLY = auto()
    RULE_NEEDS_ARGUMENT = auto()
    RULE_REFUSES_ARGUMENTS = auto()
    RULE_REFUSES_VALUE = auto()
    RULE_UNCHECKED = auto()
    RULE_TOO_SLOW = auto()
    RULE_BAD_PATTERN = auto()
    # A file that doesn't contain valid rules
    NOT_YAML = auto()
    YAML_ALIAS = auto()
    YAML_TAG = auto()
    NOT_RULES = auto()
    NO_RULES = auto()
    NOT_A_RULE = auto()
    UNKNOWN_FIELD = auto()
    MISSPELLED_FIELD = auto()
    NO_NAME = auto()
    NAME_TWICE = auto()
    MATCHES_NOTHING = auto()
    NOT_A_TEXT = auto()
    NOT_TEXTS = auto()
    NOT_A_FLAG = auto()
    NOT_A_COUNT = auto()
    NOT_HOURS = auto()
    NOT_ONE_OF = auto()
    NOT_A_CHANNEL = auto()
    NOT_A_USER_GROUP = auto()
    NOT_A_MENTION = auto()
    NO_SUCH_GROUP = auto()
    BAD_WINDOW = auto()
    # A JSON Schema that a rule can't have
    NOT_A_SCHEMA = auto()
    BAD_SCHEMA = auto()
    SCHEMA_DIALECT = auto()
    UNKNOWN_KEYWORD = auto()
    MISSPELLED_KEYWORD = auto()
    KEYWORD_NEEDS_TYPE = auto()
    SCHEMA_NEEDS_TYPE = auto()
    SCHEMA_NEEDS_REQUIRED = auto()
    FOREIGN_REFERENCE = auto()
    CIRCULAR_REFERENCE = auto()
    SCHEMA_TOO_LARGE = auto()
    NOT_JSON_VALUE = auto()
    NO_EXTRA = auto()
    # Why somebody can't make the audit log forget a person
    NOT_SUPERUSER = auto()
    SAME_PERSON = auto()
    # Why a notice isn't delivered
    INTERNAL_ERROR = auto()
    RULE_UNREADABLE = auto()
    SLACK_UNREACHABLE = auto()
    SLACK_REFUSED = auto()
    NO_BOT_TOKEN = auto()
    BEHIND_ANOTHER = auto()
    NO_DIRECT_MESSAGE = auto()
    NO_CHANNEL_NO_DIRECT_MESSAGE = auto()
    NO_CHANNEL_NO_ACCOUNT = auto()
    # A row from before reasons had codes holds a sentence
    STORED_TEXT = auto()


# Reasons for which nothing was sent, and for which a second try only helps after somebody has changed something.
LASTING = frozenset({Code.EAGER, Code.BROKER_FORBIDS, Code.QUEUE_DIFFERS, Code.NO_QUEUE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A code, and the values that its sentence needs, by name. The values may be hostile text."""

    code: Code
    params: Params = field(default_factory=dict)

    def dump(self, limit: int = 10_000) -> str:
        """The text that a column stores. If it would be longer than `limit` characters, every value becomes `?`."""
        text = json.dumps({"code": self.code, **self.params}, ensure_ascii=False)
        return text if len(text) <= limit else json.dumps({"code": self.code, **dict.fromkeys(self.params, "?")})

    def without_texts(self) -> "Reason":
        """The reason without texts of other programs, which may repeat a run's values."""
        return Reason(code=self.code, params={k: "…" if k in FOREIGN else v for k, v in self.params.items()})

    @classmethod
    def load(cls, text: str) -> Self:
        """The reason in the text of `dump`, or in an older row, which holds a sentence."""
        try:
            stored: dict[str, Any] = json.loads(text)
            return cls(code=Code(stored.pop("code")), params=stored)
        except (ValueError, TypeError, LookupError, AttributeError):
            return cls(code=Code.STORED_TEXT, params={"text": text})


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPlace:
    """A place in a text."""

    at: int  # index, from 0
    line: int  # from 1
    column: int  # from 1
    excerpt: str  # the line around it, and a caret below


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem(Reason):
    """A reason that belongs to one field of a form or of a request."""

    field: str  # a `Field`, or a name that the front end knows
    place: TextPlace | None = None


class Invalid(Exception):
    """Texts are invalid. `problems` say why; those of one text are in the order of their places."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems
