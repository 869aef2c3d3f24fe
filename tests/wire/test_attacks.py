"""At each entry, people without rights get nothing. Logs hold no secrets."""

import json
import logging
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_celery_results.models import TaskResult

from bot.core.reasons import Code
from bot.models import Favourite, Run, SlackLink
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.ended import an_ended_run, press, typed_before
from tests.wire.entries import ELSEWHERE, IN_FORM, ON_HOME, SECRET_NAME, choice, command, entries
from tests.wire.form import opened, top

Json = dict[str, Any]

INTRUDERS: dict[str, Json] = {
    "guest of one channel": {"is_ultra_restricted": True},
    "guest of many channels": {"is_restricted": True},
    "deactivated in Slack": {"deleted": True},
    "bot": {"is_bot": True},
    "stranger of a shared channel": {"is_stranger": True},
    "member of another workspace": {"team_id": "T0ELSE"},
}


@pytest.fixture(params=INTRUDERS, ids=lambda name: name)
def intruder(request: pytest.FixtureRequest, slack: LocalSlack) -> str:
    """A Slack user whose account is linked to staff, but whom Slack knows as something else."""
    staff = User.objects.create_user("mallory", "mallory@example.com", is_staff=True)
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0MALLORY", user=staff)
    slack.control("people", id="U0MALLORY", name="mallory", email="mallory@example.com", **INTRUDERS[request.param])
    return "U0MALLORY"


@pytest.mark.parametrize("entry", [*ELSEWHERE, *IN_FORM, *map(str, ON_HOME)])
def test_intruders_get_nothing_anywhere(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, intruder: str, entry: str
) -> None:
    run = an_ended_run(schedule(SECRET_NAME), kwargs='{"days": 2}')
    opened(http_bot, ana, f"/runtask {SECRET_NAME}")
    opened_by_ana = len(http_bot.calls("views.open"))
    kind, payload = entries(http_bot, intruder, top(ana), run)[entry]
    answer = http_bot.deliver(kind, payload)
    assert answer["status"] == 200
    assert SECRET_NAME not in json.dumps(answer)
    if entry not in IN_FORM:
        http_bot.wait_for(lambda: http_bot.calls("users.info"))
    if entry in ("home", *ON_HOME):
        http_bot.wait_for(lambda: http_bot.calls("views.publish"))
    assert Run.objects.count() == 1
    assert not Favourite.objects.exists()
    shown = [
        view
        for method in ("views.open", "views.push", "views.update", "views.publish")
        for view in http_bot.calls(method)[opened_by_ana if method == "views.open" else 0 :]
        if SECRET_NAME in str(view)
    ]
    assert shown == []
    assert SECRET_NAME not in str(http_bot.calls("chat.postEphemeral"))
    assert SECRET_NAME not in str(http_bot.log("hook"))


def test_somebody_elses_draft_looks_as_if_it_did_not_exist(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    """This holds for a colleague who may run everything, too."""
    User.objects.create_user("cara", "cara@example.com", is_staff=True)
    run = an_ended_run(schedule())
    typed_before(http_bot, ana)
    payload = choice(http_bot, "U0CARA", run)
    unknown = press(http_bot, "U0CARA", run)
    unknown["actions"][0] |= {"action_id": "choose:0", "value": f"no-such-key:{run.schedule_id}"}
    for number, sent in enumerate((payload, unknown), 1):
        http_bot.deliver("block_actions", sent)
        http_bot.wait_for(lambda: len(http_bot.log("hook")) == number)  # noqa: B023
    first, second = (entry["request"]["text"] for entry in http_bot.log("hook"))
    assert first == second == SENTENCES[Code.NO_SUCH_DRAFT]
    assert http_bot.calls("views.open") == []


@pytest.mark.parametrize(
    ("forge", "status"),
    [
        pytest.param({"secret": "wrong"}, 401, id="signed with another secret"),
        pytest.param({"timestamp": -301}, 401, id="older than five minutes"),
        pytest.param({"timestamp": +400}, 401, id="from the future"),
        pytest.param({"content_type": "text/plain"}, 415, id="another content type"),
        pytest.param(
            {"body": "payload=notjson", "content_type": "application/x-www-form-urlencoded"}, 400, id="malformed"
        ),
        pytest.param({"body": "x" * 1_000_001, "content_type": "application/json"}, 413, id="too large"),
        pytest.param({"headers": {"X-Slack-Request-Timestamp": "never"}}, 401, id="no number for a time"),
    ],
)
def test_a_forged_or_old_request_is_refused_before_any_work(
    http_bot: LocalSlack, ana: Person, caplog: pytest.LogCaptureFixture, forge: Json, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    if "timestamp" in forge:  # in seconds, relative to now
        forge = {"timestamp": str(int(time.time()) + forge["timestamp"])}
    answer = http_bot.deliver("slash_commands", command("U0ANA"), **forge)
    assert answer["status"] == status
    assert http_bot.calls("users.info") == []
    assert SECRET_NAME not in caplog.text


def test_a_valid_command_that_is_repeated_has_no_second_effect(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    opened(http_bot, ana)
    answer = http_bot.deliver("slash_commands", http_bot.deliveries("slash_commands")[0])
    assert answer["status"] == 200
    http_bot.wait_for(lambda: len(http_bot.calls("views.open")) == 2)
    assert len(ana.stack()) == 1


def test_a_large_and_deep_json_is_refused_quickly(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    opened(http_bot, ana, "/runtask nightly")
    for text, said in (("[" * 90_000, "nested"), ('{"a": "' + "x" * 200_000 + '"}', "characters long")):
        ana.fills("kwargs:", None, text)
        assert said in str(ana.submits()["errors"])


def test_logs_hold_no_secrets(
    bot: LocalSlack, ana: Person, schedule: Schedule, delivering: None, worker: None, caplog: pytest.LogCaptureFixture
) -> None:
    schedule(kwargs='{"region": "typed-by-a-person"}')
    caplog.set_level(logging.INFO)
    for fault in ("http500", "fatal_error", "ratelimited"):
        bot.fault(fault, method="chat.postMessage", retry_after=1)
    opened(bot, ana, "/runtask nightly")
    ana.fills("kwargs:", None, "{")
    ana.submits()
    ana.fills("kwargs:", None, '{"region": "typed-by-a-person"}')
    assert ana.submits()["closed"]
    bot.wait_for(lambda: Run.objects.filter(state="finished").exists(), 20)
    bot.wait_for(lambda: ana.messages(OPS), 20)
    hooks = [d["response_url"] for d in bot.deliveries("slash_commands")]
    triggers = [d["trigger_id"] for d in bot.deliveries("slash_commands")]
    for secret in (bot.bot_token, bot.app_token, bot.signing_secret, "typed-by-a-person", *hooks, *triggers):
        assert secret not in caplog.text


class _WithoutAudit(logging.Filter):
    """Drops the records of the audit log."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name != "runtask.audit"


def test_even_at_debug_only_the_audit_log_holds_texts_that_slack_gets(
    bot: LocalSlack, ana: Person, schedule: Schedule, delivering: None, caplog: pytest.LogCaptureFixture
) -> None:
    """The audit log says which values differ from the stored ones. Its logger is for operators who want that."""
    with caplog.filtering(_WithoutAudit()):
        schedule(kwargs='{"region": "stored-by-a-person"}')
        caplog.set_level(logging.DEBUG)
        opened(bot, ana, "/runtask nightly")
        ana.fills("kwargs:", None, '{"region": "typed-by-a-person"}')
        assert ana.submits()["closed"]
        TaskResult.objects.create(task_id=Run.objects.get().task_id, status="SUCCESS", result='"said-by-a-task"')
        bot.wait_for(lambda: ana.messages(OPS) and "SUCCESS" in ana.messages(OPS)[-1]["text"], 20)
        for text in (bot.bot_token, bot.app_token, "stored-by-a-person", "typed-by-a-person", "said-by-a-task"):
            assert text not in caplog.text
