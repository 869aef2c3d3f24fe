"""Bare Bolt apps, which check nothing.

`opening` and `updating` have the options of runtask's app, and read by Django's ORM what runtask reads.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bench.setups import TEAM
from bot.conf import conf
from bot.models import Favourite, Run, SiteState, SlackLink

VIEW = {
    "type": "modal",
    "callback_id": "constant",
    "title": {"type": "plain_text", "text": "Run a schedule"},
    "submit": {"type": "plain_text", "text": "Run"},
    "blocks": [
        {
            "type": "input",
            "block_id": "schedule",
            "dispatch_action": True,
            "label": {"type": "plain_text", "text": "Schedule"},
            "element": {"type": "external_select", "action_id": "schedule_select", "min_query_length": 0},
        }
    ],
}


def ack(ack: Any) -> None:
    ack()


def open_constant(body: Any, client: Any) -> None:
    client.views_open(trigger_id=body["trigger_id"], view=VIEW)


def open_for_person(body: Any, client: Any) -> None:
    """Reads who the person is, and opens the form."""
    close_old_connections()
    _link(body["user_id"])
    open_constant(body, client)
    close_old_connections()


def _link(user: str) -> SlackLink:
    return SlackLink.objects.select_related("user").get(team=TEAM, slack_user=user)


def ack_and_open(ack: Any, body: Any, client: Any) -> None:
    ack()
    open_constant(body, client)


def update_from_rows(body: Any, client: Any) -> None:
    """Reads what a form shows of a schedule, and makes one call."""
    close_old_connections()
    link = _link(body["user"]["id"])
    state = SiteState.objects.first()
    row = PeriodicTask.objects.select_related("interval").get(pk=body["actions"][0]["selected_option"]["value"])
    runs = Run.objects.filter(schedule_id=row.pk)
    running = runs.filter(state="sent").order_by("-pk").first()
    ended = list(runs.filter(state="finished").order_by("-pk")[:20])
    last = TaskResult.objects.filter(periodic_task_name=row.name).values("status", "date_done").order_by("-pk").first()
    starred = Favourite.objects.filter(user=link.user, schedule_id=row.pk).exists()
    known = str((state, row.interval, running, len(ended), last, starred))
    texts = (row.name, row.task, row.kwargs, known)
    client.views_update(view_id=body["view"]["id"], view={**VIEW, "blocks": [*VIEW["blocks"], *map(_text, texts)]})
    close_old_connections()


def _text(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text or "-"}}


def _app(*, fast: bool) -> App:
    def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=conf().bot_token)

    client = WebClient(token=conf().bot_token, base_url=conf().api_url, retry_handlers=[])
    return App(
        client=client,
        signing_secret=conf().signing_secret,
        authorize=authorize,
        process_before_response=fast,
        listener_executor=ThreadPoolExecutor(conf().threads) if fast else None,
    )


def opening() -> App:
    """Looks up the person and opens a form. As in runtask, the acknowledgement doesn't wait for Slack's answer."""
    app = _app(fast=True)
    app.command("/runtask")(ack=ack, lazy=[open_for_person])
    return app


def default() -> App:
    """An app as in the first example of Bolt's documentation, on Bolt's own five threads."""
    app = _app(fast=False)
    app.command("/runtask")(ack_and_open)
    return app


def updating() -> App:
    """Shows what a form shows of a schedule."""
    app = _app(fast=True)
    app.action("schedule_select")(ack=ack, lazy=[update_from_rows])
    return app


APPS = {"open": opening, "default": default, "update": updating}
