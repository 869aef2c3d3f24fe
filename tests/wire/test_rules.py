"""Rules in Slack: what they hide appears nowhere, and what they refuse is said in the form."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from django_celery_results.models import TaskResult

from bot.core.audit import By
from bot.core.rules import Notify
from bot.models import Favourite, Run
from bot.runs import clock, rulebook
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.runs.ruled import a_rule, in_force
from tests.wire.conftest import Schedule
from tests.wire.ended import an_ended_run, press
from tests.wire.entries import ELSEWHERE, IN_FORM, ON_HOME, SECRET_NAME, entries
from tests.wire.form import errors, inputs, opened, picked, shown, top
from tests.wire.test_again import refusal
from tests.wire.test_destinations import ends
from tests.wire.test_thread import all_words, finished, run

Json = dict[str, Any]
FOR_FINANCE = a_rule("Billing is for finance", tasks=("tests.wire.report",), see=("finance",))


def suggested(person: Person) -> list[str]:
    return person.labels(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "n")


def test_a_hidden_schedule_is_neither_suggested_nor_opened_by_its_name(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row = schedule()
    schedule("Nightly export", task="tests.wire.other")
    in_force(FOR_FINANCE)
    # She may see only one schedule with "nightly" in its name.
    assert "matches" not in shown(opened(http_bot, ana, "/runtask nightly"))
    assert suggested(ana) == ["Nightly export"]
    ana.closes()
    told = refusal(http_bot, ana, press(http_bot, "U0ANA", an_ended_run(row)))
    assert "There is no such run" in told
    User.objects.get(username="ana").groups.add(Group.objects.create(name="finance"))
    opened(http_bot, ana)
    assert len(suggested(ana)) == 2, "a new group counts at once"


def test_the_form_says_that_a_rule_refuses_the_picked_schedule(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    in_force(a_rule("Only <!channel>", run=("finance",)))
    opened(http_bot, ana)
    form = picked(http_bot, ana, "Nightly report")
    assert "You can't run this schedule: the rule “Only &lt;!channel&gt;” is for members of finance." in shown(form)
    assert inputs(form) == {}
    assert "You can't run this schedule" in errors(ana.submits())[Id.SCHEDULE_BLOCK]
    assert not Run.objects.exists()


def test_the_form_says_that_the_site_is_paused(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    form = opened(http_bot, ana, "/runtask nightly")
    assert "has paused it (“month's end”)" in shown(form)


def test_the_form_says_which_stored_value_a_rule_does_not_allow(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule(kwargs='{"days": 365}')
    limit = {"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]}
    in_force(a_rule("A month at most", arguments=limit))
    form = opened(http_bot, ana, "/runtask nightly")
    assert "The rule “A month at most” doesn't allow this value of days: it must be at most 31." in shown(form)
    assert "at most 31" in errors(ana.submits())["kwargs"]
    ana.fills("kwargs:", None, '{"days": 30}')
    assert ana.submits()["closed"]


@pytest.mark.usefixtures("delivering")
def test_a_rule_can_ask_for_a_reason_and_say_whom_a_failure_mentions(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row = schedule()
    in_force(a_rule("Why", reason=True, notify=Notify.FAILURE, mention=("U0ANA", "S0123")))
    opened(http_bot, ana, f"/runtask {row.name}")
    ana.fills("reason:", None, " ")
    assert "asks for a reason" in errors(ana.submits())["reason"]
    ana.fills("reason:", None, "the auditors ask <now>")
    assert ana.submits()["closed"]
    TaskResult.objects.create(task_id=Run.objects.get().task_id, status="FAILURE", result='"no"')
    root, replies = finished(http_bot, ana)
    assert "Reason: the auditors ask &lt;now&gt;" in all_words(root)
    assert "<@U0ANA> <!subteam^S0123>" in all_words(replies[-1])


@pytest.mark.usefixtures("delivering")
def test_a_requester_who_loses_sight_of_a_schedule_gets_only_the_state_of_a_run_that_goes_on(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row, finance = schedule(SECRET_NAME), Group.objects.create(name="finance")
    User.objects.get(username="ana").groups.add(finance)
    in_force(FOR_FINANCE)
    stored = run(http_bot, ana, row, channel=ana.dm(), kwargs='{"days": 30}')
    http_bot.wait_for(lambda: len(ana.messages(ana.dm())) == 1 and Run.objects.get().thread)
    assert SECRET_NAME in all_words(ana.messages(ana.dm())[0])
    finance.user_set.clear()
    TaskResult.objects.create(
        task_id=stored.task_id, status="FAILURE", result='"ana earns 100"', traceback="ana earns 100"
    )
    root, [_, final] = finished(http_bot, ana, ana.dm())
    for message in (root, final):
        assert "*FAILURE*" in all_words(message)
        for hidden in (SECRET_NAME, "tests.wire", "days", "earns"):
            assert hidden not in json.dumps(message)
    assert "You may not see this schedule any more." in all_words(root)


@pytest.mark.usefixtures("delivering")
def test_with_a_quiet_rule_only_the_root_shows_a_success(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule()
    in_force(a_rule("Quiet", notify=Notify.FAILURE))
    ends(run(http_bot, ana, row))
    _, [task_id] = finished(http_bot, ana, replies=1)
    assert "SUCCESS" not in all_words(task_id)


@pytest.mark.parametrize("entry", [*ELSEWHERE, *IN_FORM, *map(str, ON_HOME)])
def test_a_schedule_that_a_rule_hides_disappears_everywhere_at_once(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, entry: str
) -> None:
    """Ana has the form open. The schedule is her favourite, and she has runs of it and a draft for it."""
    row = schedule(SECRET_NAME)
    staff = User.objects.get(username="ana")
    ended = an_ended_run(row, user=staff, kwargs='{"days": 2}')
    soon = timezone.now() + timedelta(hours=1)
    an_ended_run(row, user=staff, state="running", status="STARTED", finished_at=None, deadline_at=soon)
    Favourite.objects.create(user=staff, place=0, schedule_id=row.pk)
    opened(http_bot, ana, f"/runtask {SECRET_NAME}")
    form = top(ana)
    assert SECRET_NAME in str(form)
    in_force(a_rule("Only finance", schedules=(SECRET_NAME,), see=("finance",)))
    kind, payload = entries(http_bot, "U0ANA", form, ended)[entry]
    if "response_url" in payload:
        payload["response_url"] = http_bot.deliveries("slash_commands")[-1]["response_url"]
    before = [len(calls) for calls in told(http_bot)]
    answer = http_bot.deliver(kind, payload)
    assert answer["status"] == 200
    if entry not in ("suggestion", "submission"):
        http_bot.wait_for(lambda: [len(calls) for calls in told(http_bot)] != before)
    # The answers to a mention and a command repeat in quotation marks what she has just typed. They may.
    since = [calls[number:] for number, calls in zip(before, told(http_bot), strict=True)]
    said = json.dumps([answer, since], ensure_ascii=False).replace(f"“{SECRET_NAME}”", "")
    assert SECRET_NAME not in said
    assert "tests.wire" not in said
    assert Run.objects.filter(stop_asked_at__isnull=False).count() == 0
    assert Run.objects.count() == 2


def told(slack: LocalSlack) -> list[list[Json]]:
    """Everything that the bot has sent to Slack for people to read."""
    methods = ("views.open", "views.push", "views.update", "views.publish", "chat.postEphemeral", "chat.postMessage")
    return [*map(slack.calls, methods), slack.log("hook")]
