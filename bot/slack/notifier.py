"""Sends reports to Slack: posts, edits and finds messages. Decides from Slack's error whether another try makes sense."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.core.model import ChannelId, MessageTs, Report
from bot.core.ports import ChannelClosed, Hopeless, NotDelivered, RateLimited, TokenRefused
from bot.core.reasons import Code, Reason
from bot.core.text import clip, one_line
from bot.slack.client import CODE, error_code, retry_after
from bot.slack.messages import message, metadata

# docs.slack.dev: reference/methods/chat.postMessage, "Errors"
CLOSED = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "cannot_reply_to_message",
        "thread_not_found",
        "ekm_access_denied",
        "user_not_found",
        "user_disabled",
        "users_not_found",
        "messages_tab_disabled",
        "cant_update_message",
        "message_not_found",
        "edit_window_closed",
    }
)
TOKEN = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "team_access_not_granted",
        "org_login_required",
        "not_allowed_token_type",
        "accesslimited",
    }
)
LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
MAYBE = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
DETAILS = 120  # characters of what Slack says is wrong with a message
LOOK_BACK = 5.0  # seconds before the first try, as Slack's clock differs from ours


@dataclass(frozen=True)
class SlackMessenger:
    """Messenger over the Web API."""

    client: WebClient

    def post(self, report: Report) -> MessageTs:
        answer = _call(
            self.client.chat_postMessage,
            channel=report.channel,
            thread_ts=report.thread,
            unfurl_links=False,
            unfurl_media=False,
            **message(report),
        )
        return MessageTs(answer["ts"])

    def edit(self, report: Report, root: MessageTs) -> None:
        _call(self.client.chat_update, channel=report.channel, ts=root, **message(report))

    def find(self, report: Report, since: datetime) -> MessageTs | None:
        """Searches the thread, or the channel's history for a root. Finds nothing without the scopes for that."""
        wanted = metadata(report)
        oldest = f"{since.timestamp() - LOOK_BACK:.6f}"
        look: dict[str, Any] = {"channel": report.channel, "include_all_metadata": True, "oldest": oldest, "limit": 200}
        try:
            if report.thread:
                answer = _call(self.client.conversations_replies, ts=report.thread, **look)
            else:
                answer = _call(self.client.conversations_history, **look)
        except (Hopeless, ChannelClosed):
            return None
        return next((MessageTs(m["ts"]) for m in answer["messages"] if m.get("metadata") == wanted), None)

    def open_direct_message(self, report: Report) -> ChannelId:
        answer = _call(self.client.conversations_open, users=[report.requester])
        return ChannelId(answer["channel"]["id"])


def _call(method: Callable[..., Any], **arguments: Any) -> Any:
    try:
        return method(**arguments)
    except SlackApiError as exc:
        raise _meaning(exc) from exc
    except OSError as exc:  # no connection, a lost one, or no answer in time
        raise NotDelivered(Reason(code=Code.SLACK_UNREACHABLE, params={"error": error_code(exc)})) from exc


def _meaning(exc: SlackApiError) -> NotDelivered:
    status, code = exc.response.status_code, error_code(exc)
    details = " ".join(map(str, exc.response.get("response_metadata", {}).get("messages", [])))
    reason = Reason(code=Code.SLACK_REFUSED, params={"error": code, "details": clip(one_line(details), DETAILS)})
    if status == 429 or code in LIMITED:
        return RateLimited(reason, retry_after(exc))
    if code in CLOSED:
        return ChannelClosed(reason)
    if code in TOKEN:
        return TokenRefused(reason)
    if status >= 500 or code in MAYBE or not CODE.fullmatch(code):  # the last: a proxy's page instead of Slack's answer
        return NotDelivered(reason)
    return Hopeless(reason)
