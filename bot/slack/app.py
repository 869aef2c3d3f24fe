"""Builds the Bolt app and registers the listeners. Building it touches no network."""

import logging
import re
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware import Middleware

from bot.conf import Conf
from bot.runs import clock
from bot.slack.client import FAST, web_client
from bot.slack.ids import CHOOSE_PREFIX, Id
from bot.slack.listeners.approvals import Approvals
from bot.slack.listeners.commands import Commands
from bot.slack.listeners.common import Parts
from bot.slack.listeners.farewell import Farewells
from bot.slack.listeners.home import Home
from bot.slack.listeners.mentions import Mentions
from bot.slack.listeners.picker import Picker
from bot.slack.listeners.root import Root
from bot.slack.listeners.shortcuts import Shortcuts
from bot.slack.listeners.stars import Stars
from bot.slack.listeners.status import Status
from bot.slack.listeners.submission import Submissions
from bot.slack.modals import text_only
from bot.slack.parsing import Payload
from bot.slack.replay import Seen, is_stale
from bot.slack.texts import SUBMISSION_FAILED, UNKNOWN_FORM

log = logging.getLogger(__name__)

ANYTHING = re.compile(".*")
Listener = Callable[[Ack, Payload], None]


def create_app(conf: Conf, parts: Parts) -> App:
    """The app, with all listeners. They run in the thread of the request, so that Slack gets the answer as soon as they return.

    If they ran in Bolt's own threads, Bolt would look for the answer only every 10 ms.

    We don't use Bolt's lazy listeners either: they copy the payload, and start before the answer has been sent. Work after an
    answer goes through bot.runs.budget.
    """

    def authorize() -> AuthorizeResult:
        """There is only one workspace and token. Bolt's own function would call auth.test within the 3 s of the first request."""
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=conf.bot_token)

    # Bolt logs whole payloads at WARNING (slack_bolt/logger/messages.py). All its loggers take their level from this logger.
    # Bolt also sets this level on the logger that has the app's name. If the app were named `runtask`, this would silence
    # `runtask.audit`.
    quiet = logging.getLogger("bot.slack.bolt")
    quiet.setLevel(logging.ERROR)
    app = App(
        name=quiet.name,  # without a name, Bolt searches all loaded modules for its caller (inspect.stack), which takes 50 ms
        logger=quiet,
        client=web_client(conf, FAST),
        signing_secret=conf.signing_secret or "unused in Socket Mode",
        authorize=authorize,
        process_before_response=True,
        raise_error_for_unhandled_request=False,
    )

    app.use(_Once())
    _register(app, conf.command, parts)
    app.error(_on_error)
    return app


def _register(app: App, command: str, parts: Parts) -> None:
    picker, root, home, mentions, shortcuts = Picker(parts), Root(parts), Home(parts), Mentions(parts), Shortcuts(parts)
    stars, farewells, approvals = Stars(parts, picker), Farewells(parts), Approvals(parts)
    app.command(command)(Commands(parts).open)
    app.options({"block_id": Id.SCHEDULE_BLOCK, "action_id": Id.SCHEDULE_SELECT})(picker.suggest)
    app.view(Id.RUN_MODAL)(Submissions(parts, picker).submit)
    app.view(Id.DECLINE_MODAL)(approvals.submit)
    app.view(Id.REVIEW_MODAL)(approvals.submit_review)
    app.global_shortcut(Id.RUN_SHORTCUT)(shortcuts.run)
    app.message_shortcut(Id.RUN_HERE_SHORTCUT)(shortcuts.run_here)
    actions: dict[str | re.Pattern[str], Listener] = {
        Id.SCHEDULE_SELECT: picker.pick,
        Id.FILL_SELECT: picker.fill,
        Id.STAR: stars.add,
        Id.UNSTAR: stars.remove,
        Id.RUN_AGAIN: root.run_again,
        Id.STOP: root.stop,
        Id.TERMINATE: root.terminate,
        Id.APPROVE: approvals.approve,
        Id.REVIEW: approvals.review,
        Id.DECLINE: approvals.decline,
        Id.HOME_APPROVE: approvals.approve,
        Id.HOME_DECLINE: approvals.decline,
        Id.STOP_LISTED: Status(parts).stop,
        re.compile(f"{CHOOSE_PREFIX}[0-9]"): mentions.choose,
        Id.HOME_RUN: home.run,
        Id.HOME_RUN_FAVOURITE: home.run_favourite,
        Id.HOME_RUN_AGAIN: home.run_again,
        Id.HOME_STOP: home.stop,
        Id.HOME_UNSTAR: stars.remove_on_home,
    }
    for action, listener in actions.items():
        app.action(action)(listener)
    events: dict[str, Listener] = {
        "app_home_opened": home.opened,
        "app_mention": mentions.answer,
        "app_uninstalled": farewells.ask,
        "tokens_revoked": farewells.ask,
    }
    for event, listener in events.items():
        app.event(event)(listener)
    # Acknowledge everything else. Otherwise Slack shows the person an error, in Socket Mode after 3 s.
    for kind in (app.command, app.options, app.action, app.view_closed, app.shortcut, app.event):
        kind(ANYTHING)(_ack)
    app.view(ANYTHING)(_unknown_form)


class _Once(Middleware):
    """Acknowledges repeated presses and events, and events that are too old to be answered. No listener runs for them."""

    def __init__(self) -> None:
        self._seen = Seen()

    def process(self, *, req: BoltRequest, resp: BoltResponse, next: Callable[[], BoltResponse]) -> BoltResponse:  # noqa: A002, ARG002
        if self._seen.is_repeated(req.body):
            log.warning("ignored a %s that has come before", req.body["type"])
            return BoltResponse(status=200, body="")
        if is_stale(req.body, clock.last().timestamp()):
            log.warning("ignored an event that is too old: %s", req.body["event"]["type"])
            return BoltResponse(status=200, body="")
        return next()


def _ack(ack: Ack) -> None:
    ack()


def _unknown_form(ack: Ack) -> None:
    """A newer version has opened the form. A mere acknowledgement would close it, as if everything were done."""
    ack(response_action="update", view=text_only(UNKNOWN_FORM))


def _block_of_error(body: dict[str, Any]) -> str:
    """The block of the modal under which Slack shows that the submission failed."""
    is_declining = body.get("view", {}).get("callback_id") == Id.DECLINE_MODAL
    return (Id.WHY_BLOCK if is_declining else Id.SCHEDULE_BLOCK).value


def _on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
    """Logs the kind of payload and the error, but not the payload. After a submission, the person reads that it failed."""
    kind = body.get("type") or "command"
    log.error("a %s failed: %s", kind, type(error).__name__, exc_info=error)
    if kind == "view_submission":
        errors = {_block_of_error(body): SUBMISSION_FAILED}
        return BoltResponse(status=200, body={"response_action": "errors", "errors": errors})
    if kind == "block_suggestion":  # Slack takes no empty answer here
        return BoltResponse(status=200, body={"options": []})
    return BoltResponse(status=200, body="")
