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
NOT_SET_UP = "Not set up"
LOGGED_OUT = "Logged out"
DATABASE_AWAY = "The database can't be reached"
CANT_RUN = "Nothing can be run on this site yet: {why}. The site's operator can find out more with `manage.py check` and `runtask doctor`."
SENT_BEFORE = "This form was sent before, and each form runs only once, so nothing was sent again. This is its run."
NO_SUCH_RUN = "There is no such run. Finished runs are deleted after some time."
NO_ADMIN = "This page needs Django's admin, and this site has no address for it."
NOT_OUR_FORM = "not a form of the run page"
REASON = "Reason"
REASON_HELP = "Why you run it now: the rule “{rule}” asks for that. The run's page and thread show it."
STATE_NOTES = {
    RunState.WAITING: "It is sent when enough other people have approved it. This page follows it.",
    RunState.LAPSED: NOBODY_IN_TIME,
    RunState.SENT: "It waits for a worker. This page follows it.",
    RunState.OVERDUE: "No worker has reported anything for a long time. If a result arrives later, it is shown here.",
    RunState.UNKNOWN: "It is not sent again. If a worker runs it, its result is shown here.",
    RunState.QUEUED: "It is not sent again. If a worker runs it, its result is shown here.",
}
ENDED = "{status} after {duration}"
ENDED_AGAIN = "Ended again: {status}, {at}"
SLACK_USER = "Slack user {id}"
NOBODY_KNOWN = "a deleted account"
SOMEBODY = "Somebody"
STOP_RUN = "Stop the run of {schedule}?"
TERMINATE_RUN = "Terminate the run of {schedule}?"

WAITING_FOR_YOU = "Waiting for you"
IS_APPROVED = "You have approved this run, and it was sent."
IS_APPROVED_BY_ONE = "You have approved this run. It waits for the yes of somebody else, too."
IS_DECLINED = "You have declined this run."
APPROVED_BY = "{who} approved it."
DECLINED_BY = "{who} declined it: {why}"

# The admin
RUN_AGAIN = "Run again…"
ENTRIES = {"slack": "Slack", "web": "web", "api": "API"}
NOT_READABLE = "(not shown while an option can't be read)"
TRIED_AGAIN = "{number} messages will be tried again. Messages that were sent or are being sent stay as they are."
MORE_RIGHTS = "You can link accounts only to active users who may do no more on this site than you."
LINK_ADDED = "Added: {now}."
LINK_CHANGED = "Changed: {now}. Before: {before}."
CANT_CATCH_UP = "The newest results can't be read, so that runs are shown as they were last recorded: {why}."


def count(shown: int, total: int, query: str) -> str:
    """How many schedules there are to choose from."""
    if shown < total:
        return f"{shown} of {total} schedules, keep typing"
    if not total:
        return f"No schedule's name or task contains “{clip(one_line(query), 100)}”." if query else ""
    return "1 schedule" if total == 1 else f"{total} schedules"
