"""The sentences that several front ends share. Those of a single front end are in bot.slack.texts and bot.web.texts.

Every sentence is complete, so that it can be translated by itself. Values may be hostile text: front ends escape them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot import argument_texts, rule_texts
from bot.core.model import Field
from bot.core.reasons import LASTING, Code, Problem, Reason
from bot.core.report import Stopped
from bot.core.scrub import MASK
from bot.core.status import RECEIVED, RETRY, RunState, own
from bot.core.stops import Standing
from bot.core.text import clip, one_line

LABELS = {Field.ARGS: "Arguments (JSON list)", Field.KWARGS: "Keyword arguments (JSON object)"}
HINTS = {Field.ARGS: "[] sends none.", Field.KWARGS: "{} sends none."}
KEEPS_SECRET = f"{MASK} is a stored secret: left so, it is sent as stored."
KEEPS_SECRET_OF_RUN = f"{MASK} is a secret of that run: left so, it is sent as in that run."
FOREIGN_SECRET = f"{MASK} at {{where}} is a secret of somebody else's run: type it yourself."
KEEPS_OTHER_SECRETS = f"Any other {MASK} is sent as in that run."
AND_MORE = "{where} and {more} more"
PLACES, PLACE = 3, 80  # how many places a hint names, and their characters
AS_STORED = "none: sent as stored"
UNKNOWN_TASK = "The worker that took it doesn't know this task, so it ran nothing."
NOT_A_MEMBER = (
    "This is not a member id: those begin with U or W. Choose «Copy member ID» in the person's Slack profile."
)
PRESS_AGAIN = "Press Run to try again."
PRESS_AGAIN_THEN = "Press Run again when that is corrected."
NOT_A_WORKSPACE = "This is not a workspace id: those begin with T or E."

SENTENCES: dict[Code, str] = {
    **argument_texts.SENTENCES,
    Code.TASK_NOT_NAMED: "This schedule has no task, so beat can't run it either. Choose a task in the admin.",
    Code.HEADERS_NOT_AN_OBJECT: (
        "This schedule's message headers are not a JSON object. Correct them in the admin; beat can't send them either."
    ),
    Code.HEADERS_NOT_STORABLE: (
        "This schedule's message headers contain a number or a character that databases can't store in JSON"
        " (NaN, U+0000, …). Correct them in the admin."
    ),
    Code.QUEUE_NOT_DECLARED: (
        "This Celery app has no queue {queue} (task_queues). Correct the schedule in the admin; beat can't send it either."
    ),
    Code.ROUTE_NOT_DECLARED: (
        "The route of this task names a queue that this Celery app doesn't have (task_queues); beat can't send it either."
    ),
    Code.EAGER: (
        "Nothing can be sent: this project's Celery runs tasks where they are called (task_always_eager), and sends none."
    ),
    Code.BROKER_UNREACHABLE: "Nothing was sent: the broker can't be reached ({error}).",
    Code.BROKER_REFUSED: "Nothing was sent: the broker refused the message: “{error}”.",
    Code.BROKER_FORBIDS: (
        "Nothing was sent: the broker doesn't allow runtask's account to send this. Its administrator must allow it. It says: “{error}”."
    ),
    Code.BROKER_FULL: "Nothing was sent: the broker's memory is full, so it takes no more messages.",
    Code.BROKER_READ_ONLY: (
        "Nothing was sent: the broker's server can only be read at the moment, because another server has taken over."
    ),
    Code.QUEUE_FULL: "Nothing was sent: the broker refused the message, because its queue is full or has failed.",
    Code.QUEUE_DIFFERS: (
        "Nothing was sent: the broker has this queue with other properties than this site's Celery settings (task_queues)."
        " Somebody must correct the settings; until then, beat can't send there either. The broker says: “{error}”."
    ),
    Code.NO_QUEUE: (
        "Nothing was sent: the broker has no queue {queue}. A worker that listens on it makes it. Start that worker first."
    ),
    Code.CELERY_REFUSED: "Nothing was sent: Celery can't send this: {error}",
    Code.HELD_BACK: "Nothing was sent: the task's own code prevented it.",
    Code.HELD_BACK_BY: "Nothing was sent: the task's own code prevented it, because task {task} is waiting or running.",
    Code.TOO_SLOW: "Nothing was sent: it took too long.",
    Code.NOT_SAVED: "Nothing was sent: the database failed while the run was being saved.",
    Code.SOURCE_SILENT: "the results can't be read at the moment ({error})",
    Code.OLD_MEMCACHED: "the results aren't read: they are in memcached, whose client in Celery before 5.7 unpickles",
    Code.NO_RESULTS: "This site keeps no results of this task, so nobody can see here how it ends.",
    Code.RESULT_EXPIRED: (
        "Its end can't be known: results are kept for {seconds} s only, and nobody looked for this one in that time."
    ),
    Code.RESULT_COMPRESSED: (
        "There is a result, but runtask can't read it, so nobody can see here how it ends. It is compressed as {method}."
    ),
    Code.RESULT_UNREADABLE: (
        "There is a result, but runtask can't read it ({error}), so nobody can see here how it ends."
    ),
    Code.NEVER_HEARD: "Its end can't be known: nothing was heard of it until a day after its deadline.",
    Code.EVENTS_QUEUE: "the queue of the workers' events can't be used, see `runtask events`: {error}",
    Code.NO_EVENTS: "Workers send no events about this task (send_events), so nobody can see here how it ends.",
    Code.UNHEARD: "For some time, runtask didn't listen to the workers, so its end may have gone by unnoticed.",
    Code.REJECTED: "A worker has rejected its message. It isn't run again, unless the broker passes the message on.",
    Code.GONE: "This schedule no longer exists. Pick another one.",
    Code.CHANGED: "Somebody has changed this schedule since you picked it. Pick it again to see its new values.",
    Code.KEY_TAKEN: "This key belongs to a different request.",
    Code.MAYBE_SENT: (
        "This run may already have been sent: it isn't known whether the broker has taken it. It is not sent again."
        " Its thread and its page show how it ended."
    ),
    Code.NO_SUCH_RUN: "There is no such run. Runs that have ended are deleted after some time.",
    Code.VALUES_DELETED: "The values of this run have been deleted, so they can't be filled in. Pick its schedule instead.",
    Code.SCHEDULE_OF_RUN_GONE: "The schedule of this run no longer exists, so it can't be run again.",
    Code.NO_RUN_YET: "You have run nothing yet, or it is so long ago that it was deleted.",
    Code.NO_SUCH_DRAFT: (
        "These values are not there any more: they are kept for ten minutes, for the person who wrote them."
        " Please mention me again."
    ),
    Code.TOO_MANY_RUNS: (
        "This request sent nothing: {limit} runs a minute is the most that a person or a token may ask for."
        " Try again in {seconds} s."
    ),
    Code.ENDED: "This run has ended already: nothing is left to stop.",
    Code.NOT_WAITING: "This run doesn't wait for approval any more. Its thread and its page say what became of it.",
    Code.JUST_APPROVED: "It was approved at this moment, and is being sent. Press Stop again.",
    Code.SCHEDULE_DELETED: "It can't be approved any more: its schedule was deleted.",
    Code.SCHEDULE_CHANGED: "It can't be approved any more: the schedule was changed after it was asked for ({what}).",
    Code.SCHEDULE_EXPIRED: "It can't be approved any more: the schedule expired after it was asked for.",
    Code.RULES_CHANGED: "It can't be approved any more: the rules for this schedule were changed after it was asked for.",
    Code.REQUESTER_GONE: "It can't be approved any more: the account of the person who asked for it is gone or deactivated.",
    Code.REQUESTER_MAY_NOT: "It can't be approved any more: the person who asked for it may not run it now.",
    Code.NO_REMOTE_CONTROL: (
        "It can't be stopped from here: the broker's transport ({transport}) has no remote control, so workers can't be told."
    ),
    Code.REMOTE_CONTROL_OFF: (
        "It can't be stopped from here: remote control is switched off (worker_enable_remote_control), so workers can't be told."
    ),
    Code.NO_KILL: "Running tasks are not terminated on this site (RUNTASK_KILL).",
    Code.FAVOURITES_FULL: "You have {limit} favourites already, and nobody can have more. Remove one first.",
    Code.SLACK_SILENT: (
        "I can't check with Slack who you are at the moment, so I can't let you run anything."
        " Please try again in a minute."
    ),
    Code.BOT: "Bots can't run schedules.",
    Code.DELETED: "This Slack account is deactivated.",
    Code.GUEST: "Guests of this workspace can't run schedules.",
    Code.OTHER_TEAM: "Only members of the workspace this app is installed in can run schedules.",
    Code.NO_LINK: (
        "Your Slack account isn't linked to a staff account of the site."
        " Ask an administrator of the site to link it: `runtask staff add {user} YOUR-USER-NAME`."
        " A link doesn't help guests, bots and people of other workspaces: they can't use runtask."
    ),
    Code.INACTIVE: "Your account on the site is deactivated. Ask an administrator of the site.",
    Code.NOT_STAFF: (
        "Your account on the site isn't a staff account. Ask an administrator of the site to make it one."
    ),
    Code.NOT_SUPERUSER: "Only an active superuser can do this.",
    Code.SAME_PERSON: "Nobody can make the audit log forget themselves. Another superuser must do it.",
    **rule_texts.SENTENCES,
    Code.INTERNAL_ERROR: "internal error, see the log",
    Code.RULE_UNREADABLE: "waits, because nobody knows whether its reader may see the schedule: {problem}",
    Code.SLACK_UNREACHABLE: "Slack can't be reached ({error})",
    Code.SLACK_REFUSED: "Slack says {error} {details}",
    Code.NO_BOT_TOKEN: "the token isn't a bot's (xoxb-…)",
    Code.BEHIND_ANOTHER: "waits for the {notice} message, which was given up",
    Code.NO_DIRECT_MESSAGE: "the bot can't post in the direct message ({direct})",
    Code.NO_CHANNEL_NO_DIRECT_MESSAGE: "the bot can post neither in the channel ({channel}) nor in a direct message ({direct})",
    Code.NO_CHANNEL_NO_ACCOUNT: (
        "the bot can't post in the channel ({channel}), and the requester has no Slack account for a direct message"
    ),
    Code.STORED_TEXT: "{text}",
}
KINDS = {  # the sentence after NOT_A_LIST or NOT_AN_OBJECT, by the JSON type of what was given
    "object": "It is an object.",
    "list": "It is a list.",
    "text": "It is a text.",
    "number": "It is a number.",
    "boolean": "It is true or false.",
    "null": "It is null.",
}
STATES = {
    RunState.WAITING: "waits for approval, not sent",
    RunState.QUEUED: "may or may not have been sent",
    RunState.SENT: "sent",
    RunState.UNKNOWN: "may have been sent: the broker didn't answer",
    RunState.RUNNING: "running",
    RunState.OVERDUE: "no word yet",
    RunState.UNSEEN: "sent, its end can't be known",
    RunState.NOT_SENT: "not sent",
    RunState.WITHDRAWN: "withdrawn, not run",
    RunState.DECLINED: "declined, not sent",
    RunState.LAPSED: "not approved in time, not sent",
}  # a finished run shows Celery's status
RETRYING = {  # with RETRY, Celery waits before the next try, so the task isn't running
    RunState.RUNNING: "waiting for its next try",
    RunState.OVERDUE: "waiting for its next try, no word since",
    RunState.UNSEEN: "waited for its next try, its end can't be known",
}
NO_WORD_SINCE = {  # of an overdue run, by Celery's status
    RECEIVED: "received by a worker, no word since",
    "STARTED": "running, no word since",
    "PROGRESS": "running, no word since",
}
IN_OWN_STATE = {  # of a task with a status of its own; nobody knows whether such a status is an end
    RunState.RUNNING: "in state {status}",
    RunState.OVERDUE: "in state {status}, no word since",
    RunState.UNSEEN: "in state {status}, its end can't be known",
}
STOPS = {
    Standing.WAITS: (
        "{who} asked to stop it. Workers are told not to start it. If one has begun already, it goes on, and is not tried again."
    ),
    Standing.RUNS_ON: "{who} asked to stop it. It is running already, so it goes on. It is not tried again.",
    Standing.ABORTING: "{who} asked to stop it. The task is told so, and decides itself when it ends.",
    Standing.TERMINATING: "{who} asked to terminate it. Workers are told not to start it, or to end the process that runs it.",
    Standing.WITHDRAWN: "{who} stopped it before a worker took it. It was not run.",
    Standing.NEVER_SENT: "{who} withdrew it while it waited for approval. It was not sent.",
    Standing.REVOKED: (
        "{who} asked to stop it, and a worker has marked it as stopped. If another one runs it all the same, its end is told, too."
    ),
    Standing.TERMINATED: "{who} asked to terminate it, and its worker has ended the process that ran it.",
    Standing.EXPIRED: "{who} asked to stop it. It expired before a worker took it.",
    Standing.ENDED_FIRST: "{who} asked to stop it, but by its worker's clock it had ended before that.",
    Standing.RAN_TO_ITS_END: "{who} asked to stop it, but it ran to its end.",
    Standing.NOT_SENT: "{who} asked to stop it. It was not sent.",
    Standing.NOT_KNOWN: "{who} asked to stop it, and workers are told not to start it. What became of it can't be known.",
}


def sentence(reason: Reason | None) -> str:
    """The sentence for a reason, as one line. Empty for None."""
    if reason is None:
        return ""
    params = {name: one_line(value) if isinstance(value, str) else value for name, value in reason.params.items()}
    text = SENTENCES[reason.code].format(**params | rule_texts.in_words(reason.code, params)).strip()
    return f"{text} {KINDS[str(params['kind'])]}" if "kind" in params else text


def stop_text(stopped: Stopped | None, who: str) -> str:
    """What is known of a Stop. `who`: the person's name in this front end. Empty for None."""
    return "" if stopped is None else STOPS[stopped.standing].format(who=who)


def moment(at: datetime) -> str:
    """`2026-11-05 12:00:00 UTC`. With USE_TZ off, no zone is named."""
    return f"{at:%Y-%m-%d %H:%M:%S %Z}".rstrip()


def note_of(status: str, result: str) -> str:
    """What an end means, if Celery's own words need an explanation. Otherwise empty."""
    return UNKNOWN_TASK if status == "FAILURE" and result.startswith("NotRegistered") else ""


def press_again(reason: Reason) -> str:
    """What the person can do after "nothing was sent"."""
    return PRESS_AGAIN_THEN if reason.code in LASTING else PRESS_AGAIN


def problem_text(problem: Problem) -> str:
    """The sentence. If the problem is at a place in a text, the place comes first, and an excerpt follows on the next lines."""
    if problem.place is None:
        return sentence(problem)
    place = problem.place
    return f"Line {place.line}, column {place.column}: {sentence(problem)}\n{place.excerpt}"


def state_text(state: RunState, status: str) -> str:
    """The state of a run that isn't `finished`. It may contain a status that the task has made up."""
    if status == RETRY:
        return RETRYING.get(state, STATES[state])
    if state is RunState.OVERDUE and status in NO_WORD_SINCE:
        return NO_WORD_SINCE[status]
    words = IN_OWN_STATE.get(state, STATES[state]) if own(status) else STATES[state]
    return words.format(status=one_line(status))


def hint(field: Field, text: str, *, is_of_a_run: bool = False, foreign: Sequence[str] = ()) -> str:
    """The hint below an input that holds this text. `is_of_a_run`: the text comes from a run, not from the schedule.

    `foreign`: as in `Shown`.
    """
    return " ".join([HINTS[field], *(_of_masks(text, foreign, is_of_a_run=is_of_a_run) if MASK in text else ())])


def _of_masks(text: str, foreign: Sequence[str], *, is_of_a_run: bool) -> Iterator[str]:
    if not foreign:
        yield KEEPS_SECRET_OF_RUN if is_of_a_run else KEEPS_SECRET
        return
    yield FOREIGN_SECRET.format(where=places(foreign))
    if text.count(MASK) > len(foreign):
        yield KEEPS_OTHER_SECRETS


def places(found: Sequence[str]) -> str:
    """Places in JSON, such as `smtp.password`: the first few, and how many others there are. Their keys may be hostile text."""
    named = ", ".join(clip(one_line(place), PLACE) for place in found[:PLACES])
    more = len(found) - PLACES
    return AND_MORE.format(where=named, more=more) if more > 0 else named
