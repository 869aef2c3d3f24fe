"""The alerts in the form, which show what a person must notice before they press Run."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.core.model import Field, Listening, RunId, Running, Source
from bot.core.policy import Denied
from bot.core.reasons import Code, Problem
from bot.core.rights import NO_LIMITS, Limits, Need
from bot.slack import modals
from bot.slack.metadata import Metadata
from localslack.validation.surfaces import view_problems
from tests.factories import ADA, NOW, PLACE, a_preview, a_schedule
from tests.slack.forms import Payload

METADATA = Metadata(place=PLACE, mark="m")


def alerted(view: Payload) -> dict[str, str]:
    """The alerts' texts, by level."""
    return {block["level"]: block["text"]["text"] for block in view["blocks"] if block["type"] == "alert"}


def test_a_problem_that_prevents_sending_is_an_error_in_the_form() -> None:
    problem = Problem(field=Field.SCHEDULE, code=Code.QUEUE_NOT_DECLARED, params={"queue": "<slow>"})
    view = modals.chosen(METADATA, a_preview(problems=(problem,)), nonce="n1")
    assert view_problems(view).lines() == []
    assert "This Celery app has no queue &lt;slow&gt; (task_queues)." in alerted(view)["error"]


@pytest.mark.parametrize(
    ("facts", "level", "words"),
    [
        ({"schedule": a_schedule(enabled=False)}, "info", "beat doesn't run it, but you can"),
        ({"source": Source.NONE}, "info", "This site keeps no results of this task"),
        ({"listening": Listening.NO}, "warning", "No live worker listens on its queue"),
        ({"listening": Listening.SILENT}, "info", "No worker has answered"),
        (
            {"running": Running(run=RunId(1), since=NOW, requester=ADA, is_running=True)},
            "warning",
            f"asked for by <@{ADA}>",
        ),
        (
            {"running": Running(run=RunId(1), since=NOW, requester=ADA, is_running=False)},
            "warning",
            "A run of it is open",
        ),
    ],
)
def test_a_fact_that_matters_before_a_run_is_an_alert_of_its_level(
    facts: dict[str, Any], level: str, words: str
) -> None:
    view = modals.chosen(METADATA, a_preview(**facts), nonce="n1")
    assert view_problems(view).lines() == []
    assert words in alerted(view)[level]
    assert alerted(modals.chosen(METADATA, a_preview(listening=Listening.YES), nonce="n1")) == {}


def test_a_schedule_that_one_may_not_run_is_not_said_to_be_runnable() -> None:
    denied = Denied(code=Code.RULE_CHANNELS, params={"rule": "C1", "channels": "C0OPS, C0SALES"})
    limits = Limits(denied=denied)
    found = alerted(modals.chosen(METADATA, a_preview(schedule=a_schedule(enabled=False), limits=limits), nonce="n1"))
    assert found["info"] == "*Disabled*: beat doesn't run it."
    assert "the rule “C1” allows <#C0OPS>, <#C0SALES> only." in found["error"]


def test_notes_of_one_level_share_an_alert_and_the_gravest_comes_first() -> None:
    facts: dict[str, Any] = {
        "schedule": a_schedule(enabled=False),
        "problems": (Problem(field=Field.SCHEDULE, code=Code.EAGER),),
        "source": Source.NONE,
        "listening": Listening.NO,
        "running": Running(run=RunId(1), since=NOW, requester=ADA, is_running=True),
    }
    view = modals.chosen(METADATA, a_preview(**facts), nonce="n1")
    assert view_problems(view).lines() == []
    assert list(alerted(view)) == ["error", "warning", "info"]
    assert "No live worker" in alerted(view)["warning"]
    assert "Already running" in alerted(view)["warning"]


def test_many_rules_that_want_approvals_share_few_blocks_and_the_rest_is_counted() -> None:
    needs = tuple(Need(rule=f"Rule {number}", needed=2, approvers=("leads",)) for number in range(150))
    preview = a_preview(limits=replace(NO_LIMITS, needs=needs))
    view = modals.chosen(METADATA, preview, nonce="n1")
    assert view_problems(view).lines() == []
    said = json.dumps(view, ensure_ascii=False)
    assert f"… and {150 - said.count('the yes of 2 other people')} more" in said
    assert len(view["blocks"]) < 12


def test_notes_about_the_form_itself_are_alerts_too() -> None:
    assert "Pick another one" in alerted(modals.gone(METADATA))["warning"]
    assert "matches 4" in alerted(modals.empty(METADATA, modals.ambiguous("report", 4)))["info"]
    assert "a mention of me" not in str(modals.ambiguous("report", 0))
    assert "a mention of me" in modals.ambiguous("report days=30", 0).text
    assert "slow to answer" in alerted(modals.empty(METADATA, modals.WAITING))["info"]
    view = modals.chosen(METADATA, a_preview(), nonce="n1", notes=(modals.NOT_SHOWN_YET,))
    assert "Nothing was sent" in alerted(view)["warning"]


def test_stored_values_that_can_not_be_sent_are_a_warning() -> None:
    view = modals.chosen(METADATA, a_preview(a_schedule(kwargs="{broken")), nonce="n1")
    assert "The stored keyword arguments can't be sent" in alerted(view)["warning"]
