"""Approval in Slack: who is asked and where, and what the two buttons do."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django_celery_beat.models import PeriodicTask

from bot.broker.send import CelerySender
from bot.core import approval
from bot.core.audit import By
from bot.core.ports import NotSent
from bot.core.reasons import Code
from bot.models import Answer, Run, SlackLink
from bot.runs import clock, rulebook
from bot.slack import approval_texts
from bot.slack.ids import Id
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.factories import unreachable
from tests.runs.ruled import a_rule, in_force
from tests.wire.conftest import OPS, Schedule
from tests.wire.ended import buttons, press, typed_before
from tests.wire.form import inputs, opened, shown
from tests.wire.test_thread import all_words, finished

Json = dict[str, Any]
RULE = a_rule("Four eyes", approvals=1, approvers=("leads",), reason=True)
SHARED = "C0SHARED"
OPEN = [Id.APPROVE, Id.DECLINE, Id.STOP]

pytestmark = pytest.mark.usefixtures("delivering")


def lead(slack: LocalSlack, name: str, user: str) -> Person:
    made = User.objects.create_user(name, f"{name}@example.com", is_staff=True)
    made.groups.add(Group.objects.get_or_create(name="leads")[0])
    SlackLink.objects.create(team="T0LOCAL", slack_user=user, user=made, home="T0LOCAL")
    return slack.person(user)


@pytest.fixture
def cara(slack: LocalSlack) -> Person:
    """One of the leads, who may approve."""
    return lead(slack, "cara", "U0CARA")


def asks(slack: LocalSlack, person: Person, row: PeriodicTask, kwargs: str = '{"days": 30}', channel: str = OPS) -> Run:
    """Presses Run for a schedule whose rule asks for approval. Returns the run that waits for it."""
    form = opened(slack, person, f"/runtask {row.name}", channel)
    assert "asks for the yes of" in shown(form)
    assert "of leads" in shown(form)
    person.fills("kwargs:", None, kwargs)
    person.fills("reason:", None, "month's end")
    assert person.submits()["closed"]
    return Run.objects.latest("pk")


def root_of(slack: LocalSlack, person: Person, *wanted: Id, text: str = "") -> Json:
    """The root, as soon as it has these buttons and contains `text`."""

    def look() -> Json | None:
        roots = person.messages(OPS)
        return roots[-1] if roots and buttons(roots[-1]) == list(wanted) and text in all_words(roots[-1]) else None

    return slack.wait_for(look, 20)


def told(slack: LocalSlack, person: Person, act: Callable[[], object]) -> str:
    """The ephemeral message that the person gets in the channel after `act`."""
    before = len(person.ephemerals(OPS))
    act()
    slack.wait_for(lambda: len(person.ephemerals(OPS)) > before, 15)
    return str(person.ephemerals(OPS)[-1]["text"])


def direct(slack: LocalSlack, person: Person, text: str) -> Json:
    """The last direct message from the bot, as soon as it contains `text`."""

    def look() -> Json | None:
        found = person.messages(person.dm())
        return found[-1] if found and text in all_words(found[-1]) else None

    return slack.wait_for(look, 20)


def test_a_yes_that_is_not_enough_is_answered_each_time(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule
) -> None:
    in_force(replace(RULE, approvals=2))
    run = asks(http_bot, ana, schedule())
    root = root_of(http_bot, ana, *OPEN)
    for _ in range(2):
        said = told(http_bot, cara, lambda: cara.clicks_in(OPS, root["ts"], Id.APPROVE))
        assert said == "You have approved this run. It waits for the yes of somebody else, too."
    run.refresh_from_db()
    assert (run.state, run.answers.count()) == ("waiting", 1)


@pytest.mark.usefixtures("worker")
def test_a_run_that_needs_approval_is_sent_after_the_yes_of_another_person(
    bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule
) -> None:
    in_force(replace(RULE, ask=("S0LEADS",)))
    run = asks(
        bot,
        ana,
        schedule(task="tests.wire.keyed", kwargs='{"days": 7, "token": "hush"}'),
        '{"days": 30, "token": "other"}',
    )
    root = root_of(bot, ana, *OPEN)
    words = all_words(root)
    assert "asks to run" in words
    assert "waits for approval, not sent" in words
    assert "days: 7 -> 30" in words
    assert "token: •••••• (a secret was changed)" in words
    assert "Secret values in `token` are not shown" in words
    assert "Reason: month's end" in words
    assert "<!subteam^S0LEADS>" in words
    assert run.task_id not in json.dumps(root)
    assert ana.thread(OPS, root["ts"]) == []
    assert SENTENCES[Code.OWN_RUN] in told(bot, ana, lambda: ana.clicks_in(OPS, root["ts"], Id.APPROVE))
    assert Run.objects.get().state == "waiting"
    cara.clicks_in(OPS, root["ts"], Id.APPROVE)
    root, [task_id, final] = finished(bot, ana)
    assert "<@U0CARA> approved it." in all_words(root)
    assert buttons(root) == [Id.RUN_AGAIN]
    assert f"`{Run.objects.get().task_id}`" in all_words(task_id)
    assert "SUCCESS" in all_words(final)
    assert '"rows": 30' in all_words(final)


def test_an_approver_can_decline_a_run_in_their_direct_message(
    bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule, published: Callable[[], list[Any]]
) -> None:
    in_force(RULE)
    asks(bot, ana, schedule())
    message = direct(bot, cara, "waits for approval")
    assert buttons(message) == [Id.APPROVE, Id.DECLINE]
    assert "days" in all_words(message)
    cara.clicks_in(cara.dm(), message["ts"], Id.DECLINE)
    window = bot.wait_for(cara.modal)
    assert "<@U0ANA> can ask again" in shown(window)
    cara.fills(Id.WHY_BLOCK, None, " ")
    assert cara.submits()["errors"] == {Id.WHY_BLOCK: SENTENCES[Code.WHY_MISSING]}
    cara.fills(Id.WHY_BLOCK, None, "not <!channel> today")
    assert cara.submits()["closed"]
    root = root_of(bot, ana, Id.RUN_AGAIN, text="declined, not sent")
    assert "<@U0CARA> declined it: not &lt;!channel&gt; today" in all_words(root)
    bot.wait_for(lambda: ana.thread(OPS, root["ts"]), 15)
    [closed] = ana.thread(OPS, root["ts"])
    assert "<@U0CARA> declined it" in all_words(closed)
    assert all_words(closed).count(":no_entry:") == 1
    assert buttons(closed) == [Id.RUN_AGAIN]
    assert buttons(direct(bot, cara, "declined, not sent")) == []
    assert published() == []


def test_where_another_company_reads_approvers_are_asked_in_their_direct_messages(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule
) -> None:
    in_force(replace(RULE, ask=("S0LEADS",)))
    asks(http_bot, ana, schedule(), channel=SHARED)
    message = direct(http_bot, cara, "waits for approval")
    assert buttons(message) == [Id.APPROVE, Id.DECLINE]
    assert "days" in all_words(message)
    [root] = cara.messages(SHARED)
    assert buttons(root) == [Id.STOP]
    assert "S0LEADS" not in json.dumps(root)


def test_if_the_schedule_has_changed_the_run_is_withdrawn_and_can_be_asked_for_again(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule, published: Callable[[], list[Any]]
) -> None:
    in_force(RULE)
    row = schedule(kwargs='{"days": 7}')
    asks(http_bot, ana, row)
    root = root_of(http_bot, ana, *OPEN)
    PeriodicTask.objects.filter(pk=row.pk).update(kwargs='{"days": 8}', queue="slow")
    text = told(http_bot, cara, lambda: cara.clicks_in(OPS, root["ts"], Id.APPROVE))
    assert "the schedule was changed after it was asked for (queue, days)" in text
    root = root_of(http_bot, ana, Id.RUN_AGAIN, text="withdrawn")
    assert "was changed after it was asked for" in all_words(root)
    ana.clicks_in(OPS, root["ts"], Id.RUN_AGAIN)
    form = http_bot.wait_for(ana.modal)
    assert json.loads(inputs(form)["kwargs"]) == {"days": 30}
    typed_before(http_bot, cara)
    late = told(
        http_bot, cara, lambda: http_bot.deliver("block_actions", answer(http_bot, "U0CARA", Run.objects.get()))
    )
    assert SENTENCES[Code.NOT_WAITING] in late
    assert published() == []


def answer(slack: LocalSlack, user: str, run: Run, button: Id = Id.APPROVE, mark: str | None = None) -> Json:
    """The payload of a press, as a modified client could send it. `mark`: None for the right one."""
    payload = press(slack, user, run, button)
    if mark is None:
        mark = approval.mark(run.approval_digest or "")
    payload["actions"][0]["value"] = f"{run.pk}:{mark}"
    return payload


def test_presses_are_checked_again_on_the_server(
    http_bot: LocalSlack, ana: Person, ben: Person, cara: Person, schedule: Schedule, published: Callable[[], list[Any]]
) -> None:
    """Nothing is sent if the person may not approve, if the mark is another request's, or while the site is paused."""
    in_force(RULE)
    run = asks(http_bot, ana, schedule())
    root_of(http_bot, ana, *OPEN)

    def says_to(person: Person, mark: str | None = None) -> str:
        typed_before(http_bot, person)  # after that, the local Slack has a response_url for this person
        payload = answer(http_bot, person.id, run, mark=mark)
        return told(http_bot, person, lambda: http_bot.deliver("block_actions", payload))

    assert "isn't linked" in says_to(ben)
    assert SENTENCES[Code.OTHER_REQUEST] in says_to(cara, mark="0" * 16)
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    assert "has paused it" in says_to(cara)
    rulebook.resume(by=By(words="a test"))
    User.objects.get(username="cara").groups.clear()
    assert "leaves that to other people" in says_to(cara)
    assert (Run.objects.get().state, Answer.objects.count(), published()) == ("waiting", 0, [])


def test_a_press_that_comes_twice_sends_once(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule, published: Callable[[], list[Any]]
) -> None:
    in_force(RULE)
    run = asks(http_bot, ana, schedule())
    typed_before(http_bot, cara)
    payload = answer(http_bot, "U0CARA", run)
    for _ in range(2):
        http_bot.deliver("block_actions", payload)
    again = answer(http_bot, "U0CARA", run)
    assert SENTENCES[Code.NOT_WAITING] in told(http_bot, cara, lambda: http_bot.deliver("block_actions", again))
    assert len(published()) == 1


def test_while_the_broker_is_down_the_thread_says_so_and_only_another_press_sends_the_run(
    http_bot: LocalSlack,
    ana: Person,
    cara: Person,
    schedule: Schedule,
    published: Callable[[], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise NotSent(unreachable())

    in_force(RULE)
    asks(http_bot, ana, schedule())
    root = root_of(http_bot, ana, *OPEN)
    with monkeypatch.context() as down:
        down.setattr(CelerySender, "send", fails)
        text = told(http_bot, cara, lambda: cara.clicks_in(OPS, root["ts"], Id.APPROVE))
        assert "Nothing was sent: the broker can't be reached" in text
        root_of(http_bot, ana, *OPEN, text="try again by itself")
    direct(http_bot, cara, "try again by itself")
    assert published() == []
    cara.clicks_in(OPS, root["ts"], Id.APPROVE)
    root = root_of(http_bot, ana, Id.STOP)
    assert "try again by itself" not in all_words(root)
    assert len(published()) == 1


def test_the_requester_can_withdraw_a_waiting_run(
    http_bot: LocalSlack, ana: Person, cara: Person, schedule: Schedule
) -> None:
    in_force(replace(RULE, stop=("ops",)))
    asks(http_bot, ana, schedule())
    root = root_of(http_bot, ana, *OPEN)
    stop = next(one for block in root["blocks"] if block["type"] == "actions" for one in block["elements"][2:])
    assert stop["confirm"]["text"]["text"] == approval_texts.WITHDRAW_MEANS
    ana.clicks_in(OPS, root["ts"], Id.STOP)
    root = root_of(http_bot, ana, Id.RUN_AGAIN, text="withdrawn")
    assert "<@U0ANA> withdrew it while it waited for approval." in all_words(root)
