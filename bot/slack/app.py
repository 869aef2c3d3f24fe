"""The Bolt app, built by a function; no network is touched by building it."""

import logging
import re

from slack_bolt import App, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from bot.conf import Conf
from bot.slack.client import FAST, web_client
from bot.slack.ids import Id
from bot.slack.listeners import Listeners

log = logging.getLogger(__name__)

ANYTHING = re.compile(".*")


def create_app(conf: Conf, listeners: Listeners) -> App:
    """Listeners run inline and are answered as soon as they return: Bolt's own threads poll every 10 ms instead.

    Nor are Bolt's lazy parts used: they copy the payload and begin before the answer is out (bot.slack.afterwards).
    """

    def authorize() -> AuthorizeResult:
        """One workspace, one token: nothing to ask Slack (Bolt would call auth.test within the first request's 3 s)."""
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=conf.bot_token)

    # Bolt logs whole payloads at WARNING (slack_bolt/logger/messages.py); all its loggers take their level from this one.
    quiet = logging.getLogger("bot.slack.bolt")
    quiet.setLevel(logging.ERROR)
    app = App(
        name="runtask",  # without one Bolt looks through every loaded module for who calls it (inspect.stack): 50 ms
        logger=quiet,
        client=web_client(conf, FAST),
        signing_secret=conf.signing_secret or "unused in Socket Mode",
        authorize=authorize,
        process_before_response=True,
        raise_error_for_unhandled_request=False,
    )

    app.command(conf.command)(listeners.open)
    app.options({"block_id": Id.SCHEDULE_BLOCK, "action_id": Id.SCHEDULE_SELECT})(listeners.suggest)
    app.action({"block_id": Id.SCHEDULE_BLOCK, "action_id": Id.SCHEDULE_SELECT})(listeners.pick)
    app.view(Id.RUN_MODAL)(listeners.submit)
    # What isn't ours is acknowledged: unanswered, the person would wait 3 s for an error, and Bolt would log the payload.
    for kind in (app.command, app.options, app.action, app.view, app.view_closed, app.shortcut, app.event):
        kind(ANYTHING)(_ack)
    app.error(_on_error)
    return app


def _ack(ack: "object") -> None:
    ack()  # type: ignore[operator]


def _on_error(error: Exception, body: dict[str, object]) -> BoltResponse:
    """The log gets the kind of payload and the error, the person a sentence; never the payload."""
    kind = body.get("type") or "command"
    log.error("a %s failed: %s", kind, type(error).__name__, exc_info=error)
    if kind == "view_submission":
        errors = {Id.SCHEDULE_BLOCK.value: "Something went wrong on my side; the log says what."}
        return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})
    return BoltResponse(status=200, body="")
