"""Slack's texts about runs that wait for approval. As in bot.slack.texts, they are mrkdwn unless their name says otherwise."""

ROOT = "{icon} {who} asks to run *{schedule}*: {state}"
CLOSED = "{icon} {who} *{schedule}*: {why}"
NEED = ":lock_with_ink_pen: {need}"
UNTIL = "It waits until {until}."
ASK = "{who} Please approve or decline this."
APPROVED_BY = ":white_check_mark: {who} approved it."
DECLINED = "{who} declined it: {why}"
DECLINED_BY = ":no_entry: {who} declined it: {why}"
PROBLEM = (
    ":warning: The last approval sent nothing: {problem} runtask doesn't try again by itself."
    " It is sent only if somebody approves it again."
)
SECRETS = ":lock: Secret values in {names} are not shown."
IS_APPROVED = "approved and sent"
HIDDEN = ":lock: You may not see this schedule any more."
HIDDEN_PLAIN = "You may not see this schedule any more."

NOT_ALL = ":mag: There is more than fits here. Press *Review* to see the rest."

UNTOLD = (
    ":warning: Approvers who got no direct message: {number} of {all} (Slack says {code}). Tell them yourself: it is on"
    " their Home tab, and on the site under *Waiting for you*."
)
NOBODY_TO_TELL = (
    ":warning: No approver got a direct message: nobody who can approve this has a Slack account that is linked to the site."
    " Tell them yourself: it is on the site under *Waiting for you*."
)
UNTOLD_FOR_LACK_OF_SCOPE = (
    ":warning: No approver got a direct message: the app lacks Slack's scope `im:write`. Tell them yourself: it is on"
    " their Home tab, and on the site under *Waiting for you*."
)

# The form: plain text
REASON_HINT = "Why you run it now. Those who can approve it read this; the run's thread and page show it."

# The window that shows all changes. Title and button: plain text
REVIEW = "Review…"
REVIEW_TITLE = "Review a run"
TOO_MUCH = (
    ":mag: This is more than Slack can show. Read it, and approve or decline it, on {page}."
    " The site lists it under *Waiting for you*."
)
TOO_MUCH_WITHOUT_PAGE = (
    ":mag: This is more than Slack can show, and this site has no page for it, so it can't be approved."
    " Decline it, or ask for a smaller change."
)
ITS_PAGE = "its page"

# The answers
APPROVE_LATE = "That took too long. Nothing was sent by this press; press *Approve* again."
REVIEWED_LATE = "That took too long. Nothing was sent. Close this, and press *Review* again."
REVIEW_LATE = "That took too long, Slack no longer lets me open the window. Please press *Review* again."
DECLINE_LATE = (
    "That took too long. The run's thread and page say whether it was declined; otherwise press *Decline* again."
)
DECLINE_TITLE = "Decline a run"
DECLINE_OF = "*{schedule}* will not be run. {who} can ask again."
WHY = "Why"
WHY_HINT = "The person who asked for the run reads this."
WITHDRAW_MEANS = "It has not been sent. Nobody can approve it any more."

# Home
WAITING = "Waiting for you"
NOTHING_WAITS = "Nothing waits for your approval."
WAITING_RUN = "*{schedule}*, asked for by {who}\nIt waits until {until}."
WAITING_REASON = "*{schedule}*, asked for by {who}: {reason}\nIt waits until {until}."
