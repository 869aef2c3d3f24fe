"""The texts of messages that say only a run's state, and about channels that another company reads, too.

mrkdwn; the caller escapes the values.
"""

from bot.core.model import Audience

# The form
ELSEWHERE = "I may not be able to post in this channel. Then you get the run's messages directly."
READERS = {
    Audience.EXTERNAL: (
        "*Another company reads this channel, too.* So the run's messages here say only how far it is, with a link and the task's id."
    ),
    Audience.UNKNOWN: (
        "It isn't known whether another company reads this channel, too. The run's messages here say everything."
    ),
    Audience.ELSEWHERE: ELSEWHERE,
}
READERS_NOT_TOLD = (
    "Slack doesn't say now whether another company reads this channel, too."
    " If one does, the run's messages here say only how far it is, with a link and the task's id."
)
READERS_OF_ALL = {
    Audience.EXTERNAL: (
        "*Another company reads this channel, too.* The run's messages here say everything: values, results and errors."
    ),
    Audience.ELSEWHERE: ELSEWHERE,
}

# The thread
RUN = "Run"
STATE = "{icon} {run}: {state}"
PLAIN = "Run: {state}"
AGAIN = "{icon} {run} ended again: {state}"
AGAIN_PLAIN = "Run ended again: {state}"
NOTE = "Another company reads this channel, too. So only the run's state is shown here."
HIDDEN_NOTE = "You may not see this schedule any more. So only the run's state is shown here."
