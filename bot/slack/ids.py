"""The ids that we send to Slack and get back, and Slack's limits (docs.slack.dev: reference/block-kit)."""

from enum import StrEnum

from bot.core.model import Field

# The picker keeps its block id. The inputs get new block ids at each selection: otherwise Slack keeps what was typed before
# and ignores the new values (docs.slack.dev: views.update, "Preserving input entry").
INPUT_PREFIX = {Field.ARGS: "args:", Field.KWARGS: "kwargs:", Field.REASON: "reason:"}
FILL_PREFIX = "fill:"
STORED = "stored"  # the value of the option; those of the others are ids of runs


class Id(StrEnum):
    """Callback, block and action ids, and the event type of our message metadata."""

    RUN_MODAL = "runtask_run"
    SCHEDULE_BLOCK = "schedule"
    SCHEDULE_SELECT = "schedule_select"
    FILL_SELECT = "fill_select"
    JSON_INPUT = "json"
    RUN_AGAIN = "run_again"
    STOP = "stop"
    NOTICE_EVENT = "runtask_notice"


OPTION_TEXT = 75
REASON_TEXT = 500
OPTION_DESCRIPTION = 75
OPTIONS = 100
SUGGESTION_BYTES = 60_000  # the Socket Mode client can't send a frame of 65,536 bytes (slack_sdk, builtin/internals.py)
SECTION_TEXT = 3000
INPUT_TEXT = 3000
ERROR_TEXT = 2000  # ours: Slack documents no limit
FALLBACK_TEXT = 4000  # chat.update refuses more: msg_too_long
PREFORMATTED_TEXT = 3000  # ours: Slack documents no limit of a rich_text element
