"""The texts of the pages, the admin and the API, except for the sentences that all front ends share (bot.texts).

Sentences that belong to the structure of a page are in its template.
"""

from bot.core.status import RunState
from bot.core.text import clip, one_line
from bot.rule_texts import NOBODY_IN_TIME

# Pages
RUN_A_SCHEDULE = "Run a schedule"
RUN = "Run {schedule}"
NOT_ALLOWED = "Not allowed"
NOT_FOUND = "Not found"
NOT_SET_UP = "Not set up"
LOGGED_OUT = "Logged out"
DATABASE_AWAY = "The database can't be reached"
CANT_RUN_NOW = "Nothing can be run on this site yet. The site's operator can find out more."
CANT_RUN = "Nothing can be run on this site yet: {why}. The site's operator can find out more with `manage.py check` and `runtask doctor`."
SENT_BEFORE = "This form was sent before, and each form runs only once, so nothing was sent again. This is its run."
NO_SUCH_RUN = "There is no such run. Runs that have ended are deleted after some time."
NO_ADMIN = "This page needs Django's admin, and this site has no address for it."
NOT_OUR_FORM = "not a form of the run page"
REASON = "Reason"
REASON_HELP = "Why you run it now: the rule “{rule}” asks for that. The run's page and thread show it."
REASON_HELP_APPROVERS = (
    "Why you run it now; you may leave it empty. Those who can approve it read this; the run's page and thread show it."
)
TOO_LONG_TO_EDIT = "{length:,} characters, too long to edit here ({limit:,} are allowed). They will be sent as stored."
TOO_LONG_SENT_AGAIN = (
    "{length:,} characters, too long to edit here ({limit:,} are allowed). They will be sent as in that run."
)
TOO_LONG_AND_FOREIGN = (
    "{length:,} characters, too long to edit here ({limit:,} are allowed). They can't be sent from here: they hold secrets of"
    " somebody else's run, at {where}."
)
TOO_LONG_AND_UNSENDABLE = (
    "{length:,} characters, too long to edit here ({limit:,} are allowed). Correct them in the admin."
)
STATE_NOTES = {
    RunState.WAITING: "It is sent when enough other people have approved it. This page follows it.",
    RunState.LAPSED: NOBODY_IN_TIME,
    RunState.SENT: "It waits for a worker. This page follows it.",
    RunState.OVERDUE: "No worker has reported anything for a long time. If a result arrives later, it is shown here.",
    RunState.UNKNOWN: "It is not sent again. If a worker runs it, its result is shown here.",
    RunState.QUEUED: "It is not sent again. If a worker runs it, its result is shown here.",
}
VALUES_DELETED = "Its arguments, changes, result and traceback were deleted on {at}: this site keeps them for a shorter time than the run."
DELETED = "(deleted)"
ENDED = "{status} after {duration}"
ENDED_AGAIN = "Ended again: {status}, {at}"
SLACK_USER = "Slack user {id}"
NOBODY_KNOWN = "a deleted account"
SOMEBODY = "Somebody"
STOP_RUN = "Stop the run of {schedule}?"
TERMINATE_RUN = "Terminate the run of {schedule}?"

WAITING_FOR_YOU = "Waiting for you"
IS_APPROVED = "You have approved this run, and it was sent."
IS_DECLINED = "You have declined this run."
APPROVED_BY = "{who} approved it."
DECLINED_BY = "{who} declined it: {why}"
NOBODY_TO_TELL = (
    "Nobody who can approve this has a linked Slack account, so nobody was told in Slack. Tell them yourself."
)
UNTOLD = "Approvers who got no direct message in Slack: {number} of {all} (Slack says {code})."

# The admin
RUN_AGAIN = "Run again…"
ENTRIES = {"slack": "Slack", "web": "web", "api": "API"}
NOT_READABLE = "(not shown while an option can't be read)"
TRIED_AGAIN = "{number} messages will be tried again. Messages that were sent or are being sent stay as they are."
LINK_ADDED = "Added: {now}."
LINK_CHANGED = "Changed: {now}. Before: {before}."
FIND_RECORDS = (
    "A run's number, or exactly a user name, a Slack id (U… or T…/U…) or a user of the operating system."
    " Links in the list narrow it to a person or a schedule."
)
RECORDS_OF_PERSON = "what they did"
CANT_CATCH_UP = "The newest results can't be read, so that runs are shown as they were last recorded: {why}."

# Rules in the admin
RULE_MATCHING = "Which schedules"
RULE_WHO = "Who may do what from where"
RULE_WITH_WHAT = "Under which conditions"
RULE_APPROVAL = "Approval by others"
RULE_MESSAGES = "What is posted in Slack"
RULE_HELP = {
    "name": "People read it when the rule refuses something.",
    "tasks": "Globs over the task's dotted name, such as billing.*, one a line. Case counts. A schedule matches by this list or the next.",
    "schedules": "Globs over the schedule's name, such as Invoice*, one a line. Case doesn't count.",
    "see": "Django groups, one a line. For everybody else, the schedules and their runs don't exist. Empty: everybody.",
    "run": "Django groups, one a line. Empty: everybody who may see them.",
    "stop": "Django groups, one a line. Empty: everybody who may see them.",
    "entries": "None: all of them.",
    "channels": "Of runs from Slack: ids such as C0123456789, one a line. Empty: any channel.",
    "arguments": "A JSON Schema of the arguments by name. Each argument that it limits needs a type, and must be required.",
    "approvals": "How many other people must say yes before a run is sent.",
    "approvers": "Django groups, one a line. Empty: everybody who may run them.",
    "ask": "Slack user groups to mention, such as S0123ABCD, one a line.",
    "approval_hours": "After these hours, a request without all its approvals lapses.",
    "reason": "The requester must say why.",
    "one_at_a_time": "Refused while a run of the schedule is open.",
    "kill": "Without the tick, Stop never terminates a running task, whatever RUNTASK_KILL says.",
    "closed": "When nothing can be run, such as Fri 16:00-Mon 06:00 Europe/Berlin, one a line.",
    "notify": "Whether the end is posted as a reply. A run's first message always shows it.",
    "mention": "Slack user groups and users to mention when a run fails, such as S0123ABCD or U0123ABCD, one a line.",
}
RULE_UNREADABLE = (
    "This version of runtask doesn't know all of this rule, so it can't be changed here. Delete it, or import a file."
)
RULE_NAME_TAKEN = "There is another rule of this name."
EXPLAIN = "What may somebody do?"
PAUSE = "Pause"
IS_PAUSED = "The site is paused (“{reason}”): every new run is refused."
PAUSE_NEEDS_REASON = "Say why, in at most {limit} characters: people read it in the form."
ONLY_SUPERUSERS = "Only superusers write rules and pause the site."
NO_SUCH_USER = "There is no user {name}."
NO_SUCH_SCHEDULE = "There is no schedule {name}."


def count(shown: int, total: int, query: str) -> str:
    """How many schedules there are to choose from."""
    if shown < total:
        return f"{shown} of {total} schedules, keep typing"
    if not total:
        return f"No schedule's name or task contains all words of “{clip(one_line(query), 100)}”." if query else ""
    return "1 schedule" if total == 1 else f"{total} schedules"
