"""At each entry, people without the right can't answer a run that waits for approval."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from bot.core import approval
from bot.models import Answer, Run
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.audit import records
from tests.runs.ruled import a_rule, in_force
from tests.wire.conftest import Schedule
from tests.wire.ended import an_ended_run, press, typed_before
from tests.wire.entries import SECRET_NAME, Json, interaction
from tests.wire.test_attacks import intruder

__all__ = ["intruder"]  # a fixture


def answers(slack: LocalSlack, user: str, run: Run) -> dict[str, tuple[str, Json]]:
    """Every way to answer a run that waits for approval: its name, and the kind and the payload of a request."""
    value = f"{run.pk}:{approval.mark(run.approval_digest or '')}"
    home = {"id": "V1", "type": "home", "hash": "1.a", "blocks": []}
    found: dict[str, tuple[str, Json]] = {}
    for button in (Id.APPROVE, Id.REVIEW, Id.DECLINE):
        found[button] = ("block_actions", press(slack, user, run, button))
    for button in (Id.HOME_APPROVE, Id.HOME_DECLINE):
        pressed = {"type": "button", "action_id": button, "block_id": "b", "action_ts": "1"}
        payload = interaction("block_actions", user, home, actions=[pressed], trigger_id="1.2.3")
        found[button] = ("block_actions", payload)
    for _, payload in found.values():
        payload["actions"][0]["value"] = value
    why = {Id.WHY_BLOCK: {Id.JSON_INPUT: {"type": "plain_text_input", "value": "because"}}}
    view = {
        "id": "V2", "type": "modal", "state": {"values": why},
        "private_metadata": json.dumps({"run": run.pk, "mark": value.partition(":")[2]}),
    }  # fmt: skip
    for name, modal in (("why", Id.DECLINE_MODAL), ("reviewed", Id.REVIEW_MODAL)):
        submitted = {**view, "callback_id": modal}
        payload = interaction("view_submission", user, submitted, trigger_id="1.2.3", response_urls=[])
        found[name] = ("view_submission", payload)
    return found


@pytest.mark.parametrize("entry", ["approve", "review", "decline", "home_approve", "home_decline", "why", "reviewed"])
def test_intruders_can_not_answer_a_waiting_run(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, intruder: str, entry: str
) -> None:
    """Their account on the site may approve it, and they know the buttons' values. That isn't enough."""
    in_force(a_rule("Four eyes", approvals=1))
    run = an_ended_run(
        schedule(SECRET_NAME), state="waiting", status="", sent_at=None, finished_at=None, key="web:1:a",
        user=User.objects.get(username="ana"), deadline_at=timezone.now() + timedelta(hours=1),
        approval_digest="0" * 64, approval_needs=[{"rule": "Four eyes", "needed": 1, "approvers": []}],
    )  # fmt: skip
    typed_before(http_bot, ana)
    kind, payload = answers(http_bot, intruder, run)[entry]
    answer = http_bot.deliver(kind, payload)
    assert answer["status"] == 200
    http_bot.wait_for(lambda: http_bot.calls("users.info"))
    if entry == "why":
        assert "errors" in json.dumps(answer)
    elif entry == "reviewed":
        assert answer["body"]["response_action"] == "update"
    elif entry == "home_approve":
        http_bot.wait_for(lambda: http_bot.calls("views.publish"))
    else:
        http_bot.wait_for(lambda: http_bot.log("hook") or http_bot.calls("views.open"))
    assert SECRET_NAME not in json.dumps([answer, http_bot.log("hook"), http_bot.calls("views.open")])
    assert SECRET_NAME not in json.dumps(http_bot.calls("views.publish"))
    assert (Run.objects.get().state, Answer.objects.count()) == ("waiting", 0)
    if entry not in ("review", "decline", "home_decline"):  # these only open a window
        http_bot.wait_for(lambda: records(action="run.refused"))
        [record] = records(action="run.refused")
        assert (record.details["asked"], record.run_id) == ("approve", run.pk)
