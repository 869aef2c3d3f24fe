"""Ended runs, and the buttons under their roots."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bot.models import Run
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS

HERE = "T0LOCAL/A0LOCAL"
Json = dict[str, Any]
# The times of presses. Each is another one, because a repeated press would be ignored.
MOMENTS = (f"{number}.000001" for number in count(1))


def an_ended_run(row: PeriodicTask, **fields: Any) -> Run:
    """A finished run with the schedule's values. By default, its user's account is gone; `fields` change the run."""
    now = timezone.now()
    number = Run.objects.count()
    known: Json = {
        "key": f"slack:{number}", "task_id": f"task-{number}", "state": "finished", "status": "SUCCESS",
        "schedule_id": row.pk, "schedule_name": row.name, "task": row.task, "args": row.args, "kwargs": row.kwargs,
        "installation": HERE, "team": "T0LOCAL", "slack_user": "U0ANA", "channel": OPS,
        "sent_at": now, "finished_at": now, "deadline_at": now - timedelta(hours=1),
    }  # fmt: skip
    return Run.objects.create(**known | fields)


def newest() -> Run:
    return Run.objects.latest("pk")


def buttons(message: Json) -> list[str]:
    return [one["action_id"] for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]


def press(slack: LocalSlack, user: str, run: Run, button: Id = Id.RUN_AGAIN, **changes: Any) -> Json:
    """The payload of a press of the button, as Slack sends it."""
    hook = slack.deliveries("slash_commands")[-1]["response_url"]
    who = {"id": user, "username": "x", "name": "x", "team_id": "T0LOCAL"}
    action = {"type": "button", "action_id": button, "block_id": "b", "value": str(run.pk), "action_ts": next(MOMENTS)}
    return {
        "type": "block_actions",
        "team": {"id": "T0LOCAL", "domain": "local"},
        "user": who,
        "api_app_id": "A0LOCAL",
        "token": "t",
        "container": {"type": "message", "message_ts": "1.2", "channel_id": OPS, "is_ephemeral": False},
        "channel": {"id": OPS, "name": "ops"},
        "message": {"type": "message", "ts": "1.2", "text": "x"},
        "trigger_id": slack.deliveries("slash_commands")[-1]["trigger_id"],
        "response_url": hook,
        "actions": [action],
        **changes,
    }


def typed_before(slack: LocalSlack, person: Person) -> None:
    """The person types a command, so that the local Slack has a response_url for answers to them."""
    person.types(OPS, "/runtask help")
