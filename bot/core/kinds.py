"""The kinds of refusals, by which metrics count them. An audit record has a code, and each code belongs to one kind."""

from enum import StrEnum

from bot.core.reasons import Code


class Kind(StrEnum):
    """A kind of refusal. The values are stable, as monitoring reads them.

    The JSON API uses the same names, but calls a mistake in a request that it can read `refused`: here it is BAD_REQUEST.
    """

    NOT_ALLOWED = "not_allowed"  # the account may not do this
    RULE = "rule"  # a rule forbids it
    PAUSED = "paused"
    CLOSED = "closed"
    BUSY = "busy"  # a rule allows one run at a time
    CHANGED = "changed"  # something has changed since the actor saw it
    NOT_FOUND = "not_found"
    ENDED = "ended"  # nothing is left to stop or to approve
    CANT_STOP = "cant_stop"
    KEY_TAKEN = "key_taken"  # the key of a script's request belongs to another request
    VALUES_DELETED = "values_deleted"  # of the run that should be run again
    BAD_REQUEST = "bad_request"  # the request itself is wrong, such as its arguments
    BAD_TOKEN = "bad_token"  # noqa: S105
    MANY = "many"  # refusals of one person, or of unknown callers, beyond those that have records of their own (bot.runs.denials)


BY_RULE = frozenset(
    {Code.RULE_RUN, Code.RULE_STOP, Code.RULE_ENTRIES, Code.RULE_CHANNELS, Code.RULE_KILL, Code.RULE_APPROVE}
)
KINDS = {
    Kind.NOT_ALLOWED: {
        Code.SLACK_SILENT,
        Code.BOT,
        Code.DELETED,
        Code.GUEST,
        Code.OTHER_TEAM,
        Code.NO_LINK,
        Code.INACTIVE,
        Code.NOT_STAFF,
        Code.NO_PERMISSION,
        Code.HIDDEN,
        Code.OWN_RUN,
        Code.NOT_BY_API,
        Code.OTHER_REQUEST,
        Code.NO_KILL,
    },
    Kind.RULE: BY_RULE,
    Kind.PAUSED: {Code.PAUSED},
    Kind.CLOSED: {Code.CLOSED},
    Kind.BUSY: {Code.BUSY},
    Kind.CHANGED: {
        Code.CHANGED,
        Code.SCHEDULE_CHANGED,
        Code.SCHEDULE_EXPIRED,
        Code.RULES_CHANGED,
        Code.REQUESTER_GONE,
        Code.REQUESTER_MAY_NOT,
    },
    Kind.NOT_FOUND: {
        Code.GONE,
        Code.NO_SUCH_RUN,
        Code.NO_RUN_YET,
        Code.NO_SUCH_DRAFT,
        Code.SCHEDULE_OF_RUN_GONE,
        Code.SCHEDULE_DELETED,
    },
    Kind.ENDED: {Code.ENDED, Code.NOT_WAITING},
    Kind.CANT_STOP: {Code.NO_REMOTE_CONTROL, Code.REMOTE_CONTROL_OFF, Code.JUST_APPROVED},
    Kind.KEY_TAKEN: {Code.KEY_TAKEN},
    Kind.VALUES_DELETED: {Code.VALUES_DELETED},
    # There is no Code for these two: their records store the kind itself as the code.
    Kind.BAD_TOKEN: {Kind.BAD_TOKEN},
    Kind.MANY: {Kind.MANY},
}
_OF_CODE = {str(code): kind for kind, codes in KINDS.items() for code in codes}


def kind(code: str) -> Kind:
    """The kind of a refusal whose record has this code."""
    return _OF_CODE.get(code, Kind.BAD_REQUEST)
