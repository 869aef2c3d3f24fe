"""The texts for Slack's users, except for the sentences that all front ends share (bot.texts).

Texts are mrkdwn unless their name says otherwise. The caller escapes the values.
"""

from bot.core.model import Field, Listening
from bot.core.reasons import Reason
from bot.core.status import RunState
from bot.texts import press_again, sentence

# The form: plain text
TITLE = "Run a schedule"
NOTE_TITLE = "Please note"  # of a window that only says something
RUN = "Run"
CANCEL = "Cancel"
SCHEDULE = "Schedule"
PLACEHOLDER = "Type a part of its name or task"
DISABLED_MARK = " (disabled)"
KEEP_TYPING = "{shown} of {total}, keep typing"
REASON_LABEL = "Reason"
REASON_HINT = "Why you run it now: the rule “{rule}” asks for that. The run's thread and page show it."
FILL_IN_FROM = "Fill in from"
STORED_VALUES = "Stored values"
EARLIER_RUN = "{who}, {at}: {ended}"
REPORT_IN = "Report in"
REPORT_IN_PLACEHOLDER = "A direct message with me"
REPORT_IN_HINT = "Pick a channel to have the run's messages there. I must be a member of a private one. If another company reads the channel, too, they may say only how far the run is."
CLOSE = "Close"

# The form: mistakes, in plain text
SORRY = "Something went wrong on my side; the log says what. Please try again."
DATABASE_AWAY = "The site's database can't be reached at the moment, or doesn't answer. Please try again in a minute."
SUBMISSION_FAILED = "Something went wrong on my side; the log says what."
UNKNOWN_FORM = (
    "Nothing was done: this form is from another version of runtask than the process that got it. Close it and begin again;"
    " perhaps runtask is being upgraded at the moment."
)
# Only this press: an earlier press may have been sent, and its answer lost. Another press finds that out.
NO_DATABASE = (
    "Nothing was sent by this press of Run: the database can't be reached."
    " Press Run to try again; nothing is sent twice."
)
TOO_SLOW = "Nothing was sent by this press of Run: it took too long. Press Run to try again; nothing is sent twice."
NOT_OURS = "This form was not opened for you. Close it and open it anew."
NOT_PICKED = "Pick a schedule first."

# The form: filled with the values of an earlier run
AS_RUN = ":repeat: As {who} asked for it on {at}: *{ended}*"
DIFFERS_NOW = "What differs from the schedule now:"
SAME_AS_NOW = "Its values are those that the schedule has now, too."
CHANGED_SINCE = "*The schedule has changed since that run:*"

# The form: notes. Most are in alerts, which have icons of their own.
NO_SCHEDULES = "*There are no schedules yet.* You can add them in the site's admin, under _Periodic tasks_."
GONE = "That schedule no longer exists. Pick another one."
DISABLED = "*Disabled*: beat doesn't run it, but you can."
DISABLED_AND_DENIED = "*Disabled*: beat doesn't run it."
WHEN = ":calendar: {when}"
ALREADY_RUNNING = "*Already running* since {since}."
ALREADY_RUNNING_BY = "*Already running* since {since}, asked for by {who}."
OPEN_SINCE = "*A run of it is open* since {since}."
OPEN_SINCE_BY = "*A run of it is open* since {since}, asked for by {who}."
LISTENING = {
    Listening.NO: "*No live worker listens on its queue.* The run would wait there for a worker.",
    Listening.SILENT: "*No worker has answered.* They may be busy. If there is none, the run would wait.",
}
WARNING = ":warning: {text}"
REFUSED = ":no_entry: {text}"
NO_RESULTS = "This site keeps no results of this task: the thread can't say how it ends."
LAST_RUN = "Last run: *{status}*, {at}"
LAST_RUN_WITHOUT_END = "Last run: {at}, its end isn't known"
NO_LAST_RUN = "No run of it is known yet."
GOES_TO = "Goes to {target}"
GOES_TO_EXCHANGE = "where its exchange decides"
WITHOUT_EXPIRY = "without the schedule's expiry {at}, which has passed"
SENT_BY_NAME = "by name: this bot doesn't know the task, so its own options and parameters can't be checked"
UNSENDABLE = {
    Field.ARGS: "*The stored arguments can't be sent as they are:*",
    Field.KWARGS: "*The stored keyword arguments can't be sent as they are:*",
}
TOO_LONG_TO_EDIT = (
    "*{label}*: {length:,} characters, too long to edit here (Slack allows {limit:,}). They will be sent as stored."
)
TOO_LONG_SENT_AGAIN = "*{label}*: {length:,} characters, too long to edit here (Slack allows {limit:,}). They will be sent as in that run."
TOO_LONG_AND_FOREIGN = (
    "*{label}*: {length:,} characters, too long to edit here (Slack allows {limit:,}). They can't be sent from here: they hold"
    " secrets of somebody else's run, at {where}. Fill the form in from something else."
)
TOO_LONG_AND_UNSENDABLE = (
    "*{label}*: {length:,} characters, too long to edit here (Slack allows {limit:,}). Correct them in the admin."
)
SEVERAL_MATCH = "“{typed}” matches {number} schedules. Pick one of them."
NONE_MATCHES = "No schedule's name or task contains all words of “{typed}”. Pick a schedule."
VALUES_IN_MENTION = (
    "To fill in values as well, write the same words after a mention of me, in a channel where I am a member."
)
NOT_SHOWN_YET = (
    "Nothing was sent: the arguments of this schedule had not appeared yet. Check them, then press *Run* again."
)
APPEARS_SOON = "Nothing was sent: the arguments of this schedule had not appeared yet. When they are here, check them and press Run again."
WAITING = "The site's database is slow to answer. The arguments appear here when it does; you can also pick again."

# The command
TOO_LATE = "That took too long, Slack no longer lets me open the form. Please type the command again."
TOO_LATE_SHORTCUT = "That took too long, Slack no longer lets me open the form. Please use the shortcut again."
HELP_WORD = "help"
AGAIN_WORD = "again"
STATUS_WORD = "status"
HELP = """*{command}* runs a schedule of the site now, with its stored arguments or others.
• `{command}` opens the form: pick a schedule, check or edit its arguments, press *Run*.
• `{command} nightly report` opens it with that schedule picked.
• `{command} again` opens it with the values of your own last run.
• `{command} status` shows what is running now, with buttons to stop it.
• `{command} "again"` picks the schedule that is really called again; so with status and help. What stands in quotes is always a schedule's name.
• Mention me in a channel where I am a member, followed by `nightly report days=30`: you get a button that opens the form so filled. A mention alone runs nothing.
• The shortcuts *Run a schedule* and, on a message, *Run a schedule here* open the form, too.
A run's id and how it ended arrive in a thread. Only staff of the site can run schedules."""

# What is running now
NOW = "*Running now*"
NOW_PLAIN = "Running now: {number}"
OPEN_RUN = "{icon} *{schedule}*: {state}\n{who} asked for it, {at}"
OPEN_RUN_OWN = "{icon} *{schedule}*: {state}\nYou asked for it, {at}"
STOP_ASKED = "Somebody has asked to stop it."
STOP_ASKED_OWN = "You have asked to stop it."
NOT_SHOWN = "Not shown: {number} more."
NOT_SHOWN_AT_LEAST = "Not shown: at least {number} more."
NOTHING_RUNS = (
    "Nothing is running now. `{command}` runs a schedule, and `{command} again` fills the form as in your own last run."
)
STOP_OF = ":octagonal_sign: *{schedule}*: {why}"
STATUS_LATE = "That took too long. Please type the command again."

# An answer to a mention
CHOOSE = "Choose parameters"
CHOICE = "*{schedule}*\n{task}"
CHOOSE_ONE = ":point_right: Nothing has been sent. Open the form, check the parameters, and press *Run* in it."
CHOOSE_ONE_OF = ":mag: “{typed}” matches {number} schedules, and nothing has been sent. Open the form of one of them."
CHOOSE_PLAIN = "Choose the parameters of the run"
NOT_SHOWN_SAY_MORE = "Not shown: {number} more. Write more of the name to see them."
NO_MATCH = ":mag: No schedule matches “{typed}”. `{command}` lets you search for it."
NOT_READ = ":warning: {text}"
WRITE_SO = 'Write for example `nightly report days=30 region="EU west"` after the mention. Nothing has been sent.'
NEVER_FILLED_IN = (
    ":lock: Left out, as they are secret: {names}. Type them in the form. Your message shows them to everybody here:"
    " you may want to delete it."
)
NEVER_FILLED_IN_LIST = (
    ":lock: The list of arguments is left out, as it holds a secret. Type it in the form. Your message shows it to"
    " everybody here: you may want to delete it."
)
MENTION_HELP = """Write a schedule's name after the mention, and what should differ: `nightly report days=30`. You get a button that opens the form so filled; nothing runs before you press *Run* in it.
• `{command}` opens the form, and `{command} again` opens it as in your own last run.
• `{command} status` shows what is running now, and `{command} help` says more."""
TOO_MANY_MENTIONS = (
    ":hourglass: These were more than {number} messages to me within a minute. Nothing has been sent."
    " I answer again in a minute."
)
FROM_MENTION = ":speech_balloon: From your message: {names}. The rest is as stored."
LIST_FROM_MENTION = ":speech_balloon: The list of arguments is from your message."
LEFT_OUT = ":lock: Left out of your message, as they are secret: {names}. Type them below if you need them."
LEFT_OUT_LIST = ":lock: The list of arguments of your message is left out, as it holds a secret."
LEFT_OUT_FIELD = {
    Field.ARGS: ":warning: The list of arguments of your message is left out: it is too long to be shown here.",
    Field.KWARGS: (
        ":warning: The values of your message are left out: together with the stored ones they are too long to be shown"
        " here, or the stored ones can't be read."
    ),
}
TOO_LATE_TO_CHOOSE = (
    "That took too long, Slack no longer lets me open the form. Please press *Choose parameters* again."
)

# The form: its star, and the picker's groups; in plain text
STAR = "☆ Add to favourites"
UNSTAR = "★ Remove from favourites"
FAVOURITES = "Your favourites"
ALL_SCHEDULES = "All schedules"

# Home
HOME_RUNNING = "Running now"
HOME_NOTHING_RUNNING = "Nothing is running now."
HOME_FAVOURITES = "Your favourites"
HOME_NO_FAVOURITES = "None yet. Press *Run a schedule*, pick one that you need often, and press *☆ Add to favourites* beside its details."
HOME_FAVOURITE = "*{schedule}*\n{task}"
HOME_FAVOURITE_DISABLED = "*{schedule}* (disabled)\n{task}"
HOME_UNSTAR = "★ Remove a favourite"
HOME_LAST = "Your last runs"
HOME_NO_RUNS = "None yet. Press *Run a schedule*: its id and how it ended arrive as messages, and the run appears here."
HOME_ENDED = "{icon} *{schedule}*: {state}\n{at}"
HOME_AS_OF = "As of {at}. Your own runs are kept up to date here for ten minutes. Open this tab again to see everything as it is."
HOME_REFUSED = "Open this tab again when that has changed."
HOME_TOO_LATE = "That took too long, Slack no longer lets me open the form. Please press the button again."

# Presses of Run again, Stop and Terminate
RUN_AGAIN = "Run again"
STOP = "Stop"
STOP_REALLY = "Stop this run?"
STOP_MEANS = "Workers are told not to start it. If it runs already, it runs on, but is not tried again."
STOP_NOT = "Let it run"
STOP_LATE = "That took too long. The thread says whether the run was stopped; otherwise please press *Stop* again."
TERMINATE = "Terminate"
TERMINATE_REALLY = "Terminate this run?"
TERMINATE_MEANS = (
    "Workers are told to end the process that runs the task, in the middle of what it is doing. What it has done so far stays"
    " half done. Only prefork workers can do that; with others, the task goes on."
)
TERMINATE_LATE = (
    "That took too long. The thread says whether the run was terminated; otherwise please press *Terminate* again."
)
NO_SUCH_RUN = "There is no such run any more."
TOO_LATE_TO_RUN_AGAIN = "That took too long, Slack no longer lets me open the form. Please press *Run again* again."

# The thread: all messages
ICONS = {"SUCCESS": ":white_check_mark:", "FAILURE": ":x:", "REVOKED": ":no_entry:"}  # by Celery's status
OTHER_ICON = ":grey_question:"
STATE_ICONS = {
    RunState.WAITING: ":raised_hand:",
    RunState.QUEUED: ":grey_question:",
    RunState.SENT: ":hourglass_flowing_sand:",
    RunState.UNKNOWN: ":grey_question:",
    RunState.RUNNING: ":arrow_forward:",
    RunState.OVERDUE: ":warning:",
    RunState.UNSEEN: ":grey_question:",
    RunState.WITHDRAWN: ":no_entry:",
    RunState.DECLINED: ":no_entry:",
    RunState.LAPSED: ":no_entry:",
    RunState.NOT_SENT: ":no_entry:",
}

# The thread: its first message, and the edits of it
ROOT = "{icon} {who} ran *{schedule}*: {state}"
ROOT_NEVER_RUN = "{icon} {who} asked for *{schedule}*: {state}"
ROOT_PLAIN = "{schedule}: {state}"
ENDED = "*{status}*"
ENDED_AFTER = "*{status}* after {duration}"
STORED_ARGUMENTS = "stored arguments"
REASON = "Reason: {reason}"
SOMEBODY = "Somebody"

# The thread: the reply with the task's id
TASK_ID = "Task id `{id}`"
TASK_ID_PLAIN = "Task id {id}"
RESULT = "result"
FATE_NEVER_KNOWN = (
    "It may or may not have been sent, and it is not sent again. This site keeps no results that could tell."
)
FATE_UNKNOWN = "It may or may not have been sent, and it is not sent again. If it was sent, its result comes here."

# The thread: the reply after a second end
AGAIN = "{icon} {who} *{schedule}* ended again: *{status}*. A worker ran the task a second time."
AGAIN_THOUGH_STOPPED = (
    "{icon} {who} *{schedule}* ended again: *{status}*. It was marked as stopped, but a worker ran it all the same."
)
AGAIN_PLAIN = "{schedule} ended again: {status}"

# The thread: the last reply, where the task was not run
CLOSED = "{icon} {who} *{schedule}*: {why}"

# The thread: the last reply, which says how the task ended
FINAL = "{icon} {who} *{status}*: {schedule}"
FINAL_AFTER = "{icon} {who} *{status}* after {duration}: {schedule}"
FINAL_MENTIONS = "{end} {who}"
FINAL_PLAIN = "{schedule}: {status}"
FINAL_PLAIN_AFTER = "{schedule}: {status} after {duration}"
FINAL_PLAIN_RESULT = "{end} – {result}"
SHORT_FORM = "This is Celery's own short form of it."
SHORTENED = "Shortened from {length:,} characters."
TRACEBACK_END = "The traceback's end."
ALL_OF_IT = "All of it"

# Why messages are in a direct message
ELSEWHERE_DIRECT = "Here because I can't post in other people's direct messages."  # a bot can't be invited there
ELSEWHERE = "Here because I can't post in {channel} (Slack says {code})."
NOT_A_MEMBER = "Here because I can't post in {channel}: I'm not a member of it (`/invite` me to change that)."
ELSEWHERE_BECAUSE = {  # by Slack's code
    "channel_not_found": NOT_A_MEMBER,
    "not_in_channel": NOT_A_MEMBER,
    "is_archived": "Here because I can't post in {channel}: it is archived.",
    "thread_not_found": "Here because I can't post in {channel}: its thread is gone.",
    "cannot_reply_to_message": "Here because I can't post in {channel}: that message takes no replies.",
    "restricted_action_thread_locked": "Here because I can't post in {channel}: its thread is locked.",
    "restricted_action_read_only_channel": "Here because I can't post in {channel}: it is read-only.",
    "restricted_action": "Here because I can't post in {channel}: posting there is restricted.",
}


def nothing_sent(reason: Reason) -> str:
    """The error under the picker if nothing was sent, and the form may be submitted again."""
    return f"{sentence(reason)} {press_again(reason)}"
