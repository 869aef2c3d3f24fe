"""Sends reports to Slack: posts, edits and finds messages."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk import WebClient

from bot.core.model import ChannelId, MessageTs
from bot.core.ports import ChannelClosed, InstallationRefused, Introduction, MessageRefused, NotDelivered
from bot.core.reasons import Code, Reason
from bot.core.report import Report
from bot.runs import clock
from bot.slack.audience import Audiences
from bot.slack.errors import call
from bot.slack.installation import Introduced, introduced
from bot.slack.messages import message, metadata, simple_message

log = logging.getLogger(__name__)

# We search from this many seconds before the first try, because `_ahead` isn't exact: HTTP's dates are whole seconds, and
# Slack's answer took some time.
LOOK_BACK = 5.0


@dataclass
class SlackMessenger:
    """Messenger over the Web API."""

    client: WebClient
    audiences: Audiences
    _found: Introduced | None = None
    _ahead: float = 0.0  # seconds by which Slack's clock is ahead of the database's

    def introduce(self) -> Introduction:
        self._found = found = call(introduced, client=self.client, before=self._found)
        if not found.app:
            raise InstallationRefused(Reason(code=Code.NO_BOT_TOKEN))
        with suppress(ValueError):  # the date is missing, or can't be read
            self._ahead = parsedate_to_datetime(found.date).timestamp() - clock.last().timestamp()
        return Introduction(installation=found.installation, address=found.address)

    def post(self, report: Report, *, simply: bool = False) -> MessageTs:
        report = self._for_its_readers(report)
        answer = call(
            self.client.chat_postMessage,
            channel=report.channel,
            thread_ts=report.thread,
            unfurl_links=False,
            unfurl_media=False,
            **(simple_message(report) if simply else message(report)),
        )
        # If the thread's first message is gone, Slack posts a reply outside the thread, for all to see (gh:slack-go/slack#1571).
        if report.thread and "message" in answer and not answer["message"].get("thread_ts"):
            self._delete(answer["channel"], answer["ts"])
            raise ChannelClosed(Reason(code=Code.SLACK_REFUSED, params={"error": "thread_not_found", "details": ""}))
        return MessageTs(answer["ts"])

    def edit(self, report: Report, root: MessageTs) -> None:
        call(self.client.chat_update, channel=report.channel, ts=root, **message(self._for_its_readers(report)))

    def find(self, report: Report, since: datetime) -> MessageTs | None:
        """Searches the thread or, for a root, the channel's history. Finds nothing if the scopes for that are missing."""
        wanted = metadata(report)
        oldest = f"{since.timestamp() + self._ahead - LOOK_BACK:.6f}"  # by Slack's clock
        look: dict[str, Any] = {"channel": report.channel, "include_all_metadata": True, "oldest": oldest, "limit": 200}
        try:
            if report.thread:
                answer = call(self.client.conversations_replies, is_optional=True, ts=report.thread, **look)
            else:
                answer = call(self.client.conversations_history, is_optional=True, **look)
        except (MessageRefused, ChannelClosed):
            return None
        # Another site's app may post in the same channel, and its runs may have the same ids.
        app = "" if self._found is None else self._found.app
        ours = (m for m in answer["messages"] if m.get("app_id", app) == app)
        return next((MessageTs(m["ts"]) for m in ours if m.get("metadata") == wanted), None)

    def open_direct_message(self, report: Report) -> ChannelId:
        answer = call(self.client.conversations_open, is_optional=True, users=[report.reader])
        return ChannelId(answer["channel"]["id"])

    def is_external(self, channel: ChannelId) -> bool:
        return self.audiences.is_external(channel)

    def _delete(self, channel: str, ts: str) -> None:
        try:
            call(self.client.chat_delete, channel=channel, ts=ts)
        except NotDelivered as exc:
            log.warning("a message that is in the wrong place can't be deleted: %s", exc)

    def _for_its_readers(self, report: Report) -> Report:
        return replace(report, is_external=self.is_external(report.channel))
