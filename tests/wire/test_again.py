"""Run again: the button under the root of an ended run, and `/runtask again`."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from bot.models import Run, SlackLink
from bot.slack.ids import Id
from bot.slack.metadata import Metadata
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.ended import an_ended_run, buttons, newest, press, typed_before
from tests.wire.form import inputs, opened, shown

Json = dict[str, Any]


def root_of(slack: LocalSlack, person: Person) -> Json:
    """The newest message of the channel, once its run has ended."""

    def look() -> Json | None:
        roots = person.messages(OPS)
        return roots[-1] if roots and Id.RUN_AGAIN in buttons(roots[-1]) else None

    return slack.wait_for(look, 20)


@pytest.mark.usefixtures("worker", "delivering")
def test_the_root_of_an_ended_run_opens_the_form_with_its_values(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule(kwargs='{"days": 7}')
    opened(bot, ana, "/runtask nightly")
    ana.fills("kwargs:", None, '{"days": 30}')
    assert ana.submits()["closed"]
    first = newest()
    root = root_of(bot, ana)
    PeriodicTask.objects.update(kwargs='{"days": 8}', queue="celery")
    ana.clicks_in(OPS, root["ts"], Id.RUN_AGAIN)
    modal = bot.wait_for(ana.modal)
    assert inputs(modal) == {"args": "[]", "kwargs": '{\n  "days": 30\n}'}
    read = shown(modal).replace("&lt;", "<").replace("&gt;", ">")
    assert "As <@U0ANA> asked for it on <!date^" in read
    assert "*SUCCESS*" in read
    assert "days: 8 -> 30" in read  # schedule now -> form
    assert "queue of the schedule: (not set) -> celery\ndays: 7 -> 8" in read  # schedule then -> now
    assert ana.submits()["closed"]
    second = newest()
    assert (second.pk > first.pk, second.kwargs, second.channel) == (True, '{"days": 30}', OPS)
    bot.wait_for(lambda: len([root for root in ana.messages(OPS) if Id.RUN_AGAIN in buttons(root)]) == 2, 20)


@pytest.mark.usefixtures("delivering")
def test_a_run_that_goes_on_can_not_be_run_again(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    opened(http_bot, ana, "/runtask nightly")
    assert ana.submits()["closed"]
    (root,) = http_bot.wait_for(lambda: ana.messages(OPS))
    assert Id.RUN_AGAIN not in buttons(root)


def refusal(slack: LocalSlack, person: Person, payload: Json) -> str:
    """The ephemeral message that the person gets after a press. No form opens."""
    before = len(person.ephemerals(OPS))
    assert slack.deliver("block_actions", payload)["status"] == 200
    slack.wait_for(lambda: len(person.ephemerals(OPS)) > before)
    assert person.modal() is None
    return str(person.ephemerals(OPS)[-1]["text"])


def test_people_who_may_not_run_it_read_why(http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule) -> None:
    run = an_ended_run(schedule())
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0BEN", user=User.objects.get(username="ben"))
    typed_before(http_bot, ben)
    assert "isn't a staff account" in refusal(http_bot, ben, press(http_bot, "U0BEN", run))
    assert http_bot.calls("views.open") == []


def test_the_person_reads_if_the_run_its_values_or_its_schedule_are_gone(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row = schedule()
    run = an_ended_run(row, user=User.objects.get(username="ana"))
    emptied = an_ended_run(row, values_deleted_at=timezone.now())
    typed_before(http_bot, ana)
    payload, again = (press(http_bot, "U0ANA", run) for _ in range(2))
    assert "values of this run have been deleted" in refusal(http_bot, ana, press(http_bot, "U0ANA", emptied))
    row.delete()
    assert "The schedule of this run no longer exists" in refusal(http_bot, ana, payload)
    run.delete()
    assert "There is no such run" in refusal(http_bot, ana, again)


@pytest.mark.usefixtures("worker", "delivering")
def test_the_person_reads_that_the_trigger_has_expired(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    opened(http_bot, ana, "/runtask nightly")
    assert ana.submits()["closed"]
    root = root_of(http_bot, ana)
    http_bot.fault("error", method="views.open", error="expired_trigger_id")
    ana.clicks_in(OPS, root["ts"], Id.RUN_AGAIN)
    said = http_bot.wait_for(lambda: [m for m in ana.thread(OPS, root["ts"]) if m.get("is_ephemeral")])
    assert "Please press *Run again* again" in said[0]["text"]
    assert buttons(ana.messages(OPS)[-1])  # the message is still there


def test_a_repeated_press_starts_nothing(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    """A press opens a form. Each form starts one run."""
    run = an_ended_run(schedule())
    typed_before(http_bot, ana)
    for number in (1, 2):
        http_bot.deliver("block_actions", press(http_bot, "U0ANA", run))
        http_bot.wait_for(lambda: len(http_bot.calls("views.open")) == number)  # noqa: B023
    assert Run.objects.count() == 1
    assert ana.submits()["ok"]
    assert Run.objects.count() == 2


def test_again_opens_the_persons_own_last_run_wherever_it_was_asked_for(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    ana_of_the_site = User.objects.get(username="ana")
    row = schedule("One", task="shop.one", kwargs='{"days": 1}')
    an_ended_run(row, kwargs='{"days": 3}', user=ana_of_the_site)
    own = an_ended_run(row, kwargs='{"days": 2}', user=ana_of_the_site, installation="", team="", slack_user="")
    an_ended_run(row, kwargs='{"days": 4}', user=User.objects.create_user("cara", is_staff=True))
    modal = opened(bot, ana, "/runtask  Again ")
    assert json.loads(inputs(modal)["kwargs"]) == {"days": 2}
    assert Metadata.load(modal["private_metadata"]).again == own.pk


def test_again_says_if_the_person_has_run_nothing(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    ana.types(OPS, "/runtask again")
    http_bot.wait_for(lambda: ana.ephemerals(OPS))
    assert "You have run nothing yet" in ana.ephemerals(OPS)[-1]["text"]


@pytest.mark.parametrize("typed", ['"again"', "“again”", '"AGAIN"'])
def test_a_schedule_whose_name_is_a_word_of_the_command_can_be_named(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, typed: str
) -> None:
    schedule("again")
    schedule("help")
    modal = opened(http_bot, ana, f"/runtask {typed}")
    assert modal["blocks"][0]["element"]["initial_option"]["text"]["text"] == "again"
    ana.closes()
    modal = opened(http_bot, ana, '/runtask "help"')
    assert modal["blocks"][0]["element"]["initial_option"]["text"]["text"] == "help"
    ana.closes()
    help_text = ana.types(OPS, "/runtask help")["ack"]
    assert '`/runtask "again"`' in help_text
