"""The buttons on the Home tab."""

import pytest
from django.contrib.auth.models import User

from bot.core.reasons import Code
from bot.models import Run
from bot.slack import texts
from bot.slack.ids import Id
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.ended import an_ended_run
from tests.wire.form import inputs, picked, shown
from tests.wire.homes import buttons_of, home_of, newer, says
from tests.wire.test_thread import finished, run


@pytest.mark.usefixtures("delivering", "worker")
def test_a_run_from_home_reports_in_a_direct_message_or_a_picked_channel(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row = schedule()
    home_of(bot, ana)
    for channel in (None, OPS):
        ana.presses_home(Id.HOME_RUN)
        bot.wait_for(ana.modal)
        picked(bot, ana, row.name)
        if channel is not None:
            ana.sets(Id.REPORT_BLOCK, Id.REPORT_SELECT, selected_conversation=channel)
        assert ana.submits()["closed"]
        root, _ = finished(bot, ana, channel or ana.dm())
        assert "SUCCESS" in root["text"]


def test_run_again_opens_the_form_with_the_values_of_the_run(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule
) -> None:
    an_ended_run(schedule(kwargs='{"days": 7}'), kwargs='{"days": 30}', user=ana_of_the_site)
    home_of(http_bot, ana)
    ana.presses_home(Id.HOME_RUN_AGAIN)
    assert inputs(http_bot.wait_for(ana.modal))["kwargs"] == '{\n  "days": 30\n}'


@pytest.mark.usefixtures("delivering")
def test_stop_works_on_home_and_home_shows_it_at_once(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run(bot, ana, schedule())
    home_of(bot, ana)
    ana.presses_home(Id.HOME_STOP)
    says(bot, ana, texts.STOP_ASKED_OWN)
    assert Run.objects.get().stopped_by_slack == "U0ANA"
    home = ana.home()
    assert home is not None
    assert Id.HOME_STOP not in [action for action, _ in buttons_of(home)]


def test_after_a_press_that_comes_too_late_a_small_window_says_so(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule
) -> None:
    started = an_ended_run(schedule(), user=ana_of_the_site, state="sent")
    before = home_of(http_bot, ana)["hash"]
    Run.objects.filter(pk=started.pk).update(state="finished")
    ana.presses_home(Id.HOME_STOP)
    assert SENTENCES[Code.ENDED] in shown(http_bot.wait_for(ana.modal))
    assert texts.HOME_NOTHING_RUNNING in shown(newer(http_bot, ana, before))


def test_home_shows_the_refusal_if_no_window_can_open(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule
) -> None:
    row = schedule()
    an_ended_run(row, user=ana_of_the_site)
    home_of(http_bot, ana)
    row.delete()
    http_bot.fault("error", method="views.open", error="expired_trigger_id", count=0)
    ana.presses_home(Id.HOME_RUN_AGAIN)
    says(http_bot, ana, SENTENCES[Code.SCHEDULE_OF_RUN_GONE])
    assert ana.modal() is None
