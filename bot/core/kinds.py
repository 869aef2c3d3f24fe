"""The kinds of refusals, for counting them. A record of the audit log has the code; a kind stands for many codes."""

from enum import StrEnum

from bot.core.reasons import Code


class Kind(StrEnum):
    """Stable: monitoring reads it. Where the JSON API has a name for it, it is that."""

    NOT_ALLOWED = "not_allowed"  # the account may not do this
    RULE = "rule"  # a rule forbids it
    PAUSED = "paused"
    CLOSED = "closed"
    BUSY = "busy"  # one run at a time
    CHANGED = "changed"  # since somebody saw it
    NOT_FOUND = "not_found"
    ENDED = "ended"  # nothing is left to stop or to approve
    CANT_STOP = "cant_stop"
    BAD_REQUEST = "bad_request"  # what was asked for is wrong, such as arguments
    BAD_TOKEN = "bad_token"  # noqa: S105
    MANY = "many"  # one person's refusals beyond those that have records of their own (bot.runs.denials)


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
    },
    Kind.RULE: BY_RULE,
    Kind.PAUSED: {Code.PAUSED},
    Kind.CLOSED: {Code.CLOSED},
    Kind.BUSY: {Code.BUSY},
    Kind.CHANGED: {
        Code.CHANGED,
        Code.SCHEDULE_CHANGED,
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
    Kind.ENDED: {Code.ENDED, Code.NOT_WAITING, Code.JUST_APPROVED},
    Kind.CANT_STOP: {Code.NO_REMOTE_CONTROL, Code.REMOTE_CONTROL_OFF, Code.NO_KILL},
    Kind.BAD_TOKEN: {Kind.BAD_TOKEN},  # these two have no reason, so records have the kind as the code
    Kind.MANY: {Kind.MANY},
}
_OF_CODE = {str(code): kind for kind, codes in KINDS.items() for code in codes}


def kind(code: str) -> Kind:
    """Of a refusal whose record has this code."""
    return _OF_CODE.get(code, Kind.BAD_REQUEST)
