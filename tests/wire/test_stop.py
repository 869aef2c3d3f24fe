"""Stop: the button under the root of a run that goes on."""

from typing import Any

import pytest
from django_celery_results.models import TaskResult

from bot.core.reasons import Code
from bot.core.stops import Way
from bot.models import Run
from bot.slack.ids import Id
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.ended import buttons, press, typed_before
from tests.wire.test_destinations import ends
from tests.wire.test_thread import all_words, finished, run


@pytest.mark.usefixtures("delivering")
def test_a_run_that_goes_on_can_be_stopped_from_its_thread(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    started = run(bot, ana, schedule())
    bot.wait_for(lambda: ana.messages(OPS) and buttons(ana.messages(OPS)[-1]) == [Id.STOP], 20)
    root = ana.messages(OPS)[-1]
    ana.clicks_in(OPS, root["ts"], Id.STOP)
    bot.wait_for(lambda: Run.objects.get().stop_asked_at is not None)
    bot.wait_for(lambda: buttons(ana.messages(OPS)[-1]) == [], 20)
    assert "<@U0ANA>" in all_words(ana.messages(OPS)[-1]).replace("&lt;", "<").replace("&gt;", ">")
    ends(started)
    root, _ = finished(bot, ana)
    assert buttons(root) == [Id.RUN_AGAIN]


@pytest.fixture
def killing(settings: Any) -> None:
    """The site allows terminating running tasks. The fixture must come before the bot starts."""
    settings.RUNTASK = {**settings.RUNTASK, "KILL": True}


def begins(run: Run) -> None:
    """A worker reports that the run's task has begun."""
    TaskResult.objects.create(task_id=run.task_id, status="STARTED")


def offered(slack: LocalSlack, person: Person, *wanted: Id) -> dict[str, Any]:
    """Waits until the root has exactly these buttons, and returns it."""

    def look() -> dict[str, Any] | None:
        root = person.messages(OPS)[-1]
        return root if buttons(root) == list(wanted) else None

    slack.wait_for(lambda: person.messages(OPS), 20)
    return slack.wait_for(look, 20)


@pytest.mark.usefixtures("killing", "delivering")
def test_a_run_that_goes_on_after_a_stop_can_be_terminated(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    started = run(bot, ana, schedule())
    begins(started)
    bot.wait_for(lambda: Run.objects.get().state == "running", 20)
    root = offered(bot, ana, Id.STOP)
    ana.clicks_in(OPS, root["ts"], Id.STOP)
    root = offered(bot, ana, Id.TERMINATE)
    assert "It is running already, so it goes on." in all_words(root)
    ana.clicks_in(OPS, root["ts"], Id.TERMINATE)
    root = offered(bot, ana)
    assert "asked to terminate it. Workers are told" in all_words(root)
    assert Run.objects.get().stop_way == Way.TERMINATE
    TaskResult.objects.update(
        status="REVOKED", result='{"exc_type": "TaskRevokedError", "exc_message": ["terminated"]}'
    )
    root, replies = finished(bot, ana)
    assert buttons(root) == [Id.RUN_AGAIN]
    assert "its worker has ended the process that ran it" in all_words(replies[-1])


@pytest.mark.usefixtures("delivering")
@pytest.mark.parametrize(
    ("who", "why"),
    [("U0ANA", SENTENCES[Code.NO_KILL]), ("U0BEN", "Your Slack account isn't linked to a staff account")],
)
def test_terminating_is_checked_again_on_the_server(
    http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule, who: str, why: str
) -> None:
    """A press may be old or forged. Here, the site doesn't allow terminating, or the person may not act."""
    started = run(http_bot, ana, schedule())
    begins(started)
    http_bot.wait_for(lambda: Run.objects.get().state == "running", 20)
    root = offered(http_bot, ana, Id.STOP)
    ana.clicks_in(OPS, root["ts"], Id.STOP)
    offered(http_bot, ana)  # without RUNTASK_KILL there is no second button
    person = http_bot.person(who)
    typed_before(http_bot, person)
    before = len(person.ephemerals(OPS))
    http_bot.deliver("block_actions", press(http_bot, who, started, Id.TERMINATE))
    http_bot.wait_for(lambda: len(person.ephemerals(OPS)) > before)
    assert why in person.ephemerals(OPS)[-1]["text"]
    assert Run.objects.get().stop_way == Way.REVOKE


@pytest.mark.usefixtures("killing", "delivering")
def test_a_run_that_has_ended_is_not_terminated(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    ended = run(http_bot, ana, schedule())
    ends(ended)
    finished(http_bot, ana)
    typed_before(http_bot, ana)
    before = len(ana.ephemerals(OPS))
    http_bot.deliver("block_actions", press(http_bot, "U0ANA", ended, Id.TERMINATE))
    http_bot.wait_for(lambda: len(ana.ephemerals(OPS)) > before)
    assert SENTENCES[Code.ENDED] in ana.ephemerals(OPS)[-1]["text"]


@pytest.mark.usefixtures("delivering")
def test_the_person_reads_that_a_press_came_too_late(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    ended = run(http_bot, ana, schedule())
    ends(ended)
    finished(http_bot, ana)
    typed_before(http_bot, ana)
    before = len(ana.ephemerals(OPS))
    http_bot.deliver("block_actions", press(http_bot, "U0ANA", ended, Id.STOP))
    http_bot.wait_for(lambda: len(ana.ephemerals(OPS)) > before)
    assert SENTENCES[Code.ENDED] in ana.ephemerals(OPS)[-1]["text"]
    assert Run.objects.get().stop_asked_at is None


@pytest.mark.usefixtures("delivering")
def test_people_who_may_not_act_stop_nothing(
    http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule
) -> None:
    started = run(http_bot, ana, schedule())
    http_bot.wait_for(lambda: ana.messages(OPS))
    typed_before(http_bot, ben)
    before = len(ben.ephemerals(OPS))
    http_bot.deliver("block_actions", press(http_bot, "U0BEN", started, Id.STOP))
    http_bot.wait_for(lambda: len(ben.ephemerals(OPS)) > before)
    assert Run.objects.get().stop_asked_at is None
