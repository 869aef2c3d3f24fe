"""The texts about runs whose end is not known. mrkdwn, unless the name says otherwise; the caller escapes the values."""

# The reply after the deadline
NO_WORD = ":warning: {who} No word yet about *{schedule}*. {known} If a result arrives later, it still comes here."
NO_WORD_PLAIN = "No word yet about {schedule}"
NO_WORD_SINCE = "It began {began}, and no worker has reported anything since {at}."
NO_WORD_RECEIVED = "A worker received it {at}, and none has reported anything since."
NO_WORD_REPORTED = "It was running {at}, and no worker has reported anything since."
NO_WORD_SENT = "It was sent {at}, and no worker has reported anything since. Does a worker listen on its queue?"
NO_EVENT_SENT = "It was sent {at}, and no worker has reported anything since. Does a worker listen on its queue, and does it send events?"
LAST_WORD = "The last that it said: {said}."
NO_WORD_UNKNOWN = "It may or may not have been sent, and no worker has reported anything. It is not sent again."

# The same reply, if the task may stay for long in the state that was reported last
NO_END = ":warning: {who} *{schedule}* has no end yet. {known} If a result arrives later, it still comes here."
NO_END_PLAIN = "{schedule} has no end yet"
NEXT_TRY = "It has been waiting for its next try since {at}."
NEXT_TRY_AFTER = "It has been waiting for its next try since {at}. The last one failed: {why}"
LAST_STATE = "Its last state, {at}, is {state}. Whether that is an end, only the task knows."

# The reply where the end can't be known
UNSEEN = ":grey_question: {who} *{schedule}*: {why}"
UNSEEN_PLAIN = "{schedule}: its end can't be known"
# If a worker reported on it before this reply could be posted
UNSEEN_BEFORE = (
    ":grey_question: {who} *{schedule}*: Its end couldn't be known for some time. A worker has reported on it since."
)
UNSEEN_BEFORE_PLAIN = "{schedule}: its end couldn't be known for some time"
UNSEEN_MORE = "If its end shows up within an hour, it still comes here."
UNSEEN_CHANGE = "The site's operator can change that: `docs/outcomes.md` of runtask says how."
