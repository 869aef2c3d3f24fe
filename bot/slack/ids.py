"""The ids that we send to Slack and get back, and Slack's limits (docs.slack.dev: reference/block-kit)."""

from enum import StrEnum

from bot.core.model import Field

# The picker keeps its block id. The inputs get new block ids at each selection. Otherwise Slack would keep what was typed
# before, and ignore the new values (docs.slack.dev: views.update, "Preserving input entry").
INPUT_PREFIX = {Field.ARGS: "args:", Field.KWARGS: "kwargs:", Field.REASON: "reason:"}
FILL_PREFIX = "fill:"
DETAILS_PREFIX = "details:"
CHOOSE_PREFIX = "choose:"  # action ids of the buttons of an answer to a mention
STORED = "stored"  # the value of the option "Stored values"; the other options have ids of runs as their values


class Id(StrEnum):
    """Callback, block and action ids, and the event type of our message metadata."""

    RUN_MODAL = "runtask_run"
    SCHEDULE_BLOCK = "schedule"
    SCHEDULE_SELECT = "schedule_select"
    FILL_SELECT = "fill_select"
    JSON_INPUT = "json"
    REPORT_BLOCK = "report_in"
    REPORT_SELECT = "report_in_select"
    RUN_AGAIN = "run_again"
    STOP = "stop"
    TERMINATE = "terminate"
    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"
    HOME_APPROVE = "home_approve"
    HOME_DECLINE = "home_decline"
    REVIEW_MODAL = "runtask_review"
    DECLINE_MODAL = "runtask_decline"
    WHY_BLOCK = "why"
    STOP_LISTED = "stop_listed"
    STAR = "star"
    UNSTAR = "unstar"
    HOME = "runtask_home"
    HOME_RUN = "home_run"
    HOME_RUN_FAVOURITE = "home_run_favourite"
    HOME_RUN_AGAIN = "home_run_again"
    HOME_STOP = "home_stop"
    HOME_UNSTAR = "home_unstar"
    NOTICE_EVENT = "runtask_notice"
    RUN_SHORTCUT = "run"
    RUN_HERE_SHORTCUT = "run_here"


# Slack's limits, in characters unless the line says otherwise.
OPTION_TEXT = 75
OPTION_DESCRIPTION = 75
OPTIONS = 100  # options in a menu
# In an answer to a payload: the Socket Mode client can't send a frame of 65,536 bytes (slack_sdk, builtin/internals.py).
ANSWER_BYTES = 60_000
SECTION_TEXT = 3000
ALERT_TEXT = 200
BLOCKS_JSON = 12_000  # ours, of all blocks of a message as JSON: Slack takes about 13,200 (gh:slackapi/bolt-js#2509)
INPUT_TEXT = 3000
ERROR_TEXT = 2000  # ours: Slack documents no limit
FALLBACK_TEXT = 4000  # chat.update refuses more: msg_too_long
VIEW_BLOCKS = 100  # blocks of a modal
VIEW_BYTES = 200_000  # ours, of a view as JSON: Slack takes 250 kB
PREFORMATTED_TEXT = 3000  # ours: Slack documents no limit of a rich_text element
