"""The Home tab: what its buttons do, and what people read where they can't."""

import logging

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
def test_a_run_from_there_is_told_in_a_direct_message_unless_somebody_picks_a_channel(
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
def test_stop_works_from_there_and_is_seen_at_once(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run(bot, ana, schedule())
    home_of(bot, ana)
    ana.presses_home(Id.HOME_STOP)
    says(bot, ana, texts.HOME_STOPPING)
    assert Run.objects.get().stopped_by_slack == "U0ANA"
    home = ana.home()
    assert home is not None
    assert Id.HOME_STOP not in [action for action, _ in buttons_of(home)]


def test_a_press_that_comes_too_late_is_told_so_in_a_small_window(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule
) -> None:
    started = an_ended_run(schedule(), user=ana_of_the_site, state="sent")
    before = home_of(http_bot, ana)["hash"]
    Run.objects.filter(pk=started.pk).update(state="finished")
    ana.presses_home(Id.HOME_STOP)
    assert SENTENCES[Code.ENDED] in shown(http_bot.wait_for(ana.modal))
    assert texts.HOME_NOTHING_RUNNING in shown(newer(http_bot, ana, before))


def test_home_itself_says_what_no_window_can(
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


@pytest.mark.parametrize("action", [Id.HOME_RUN_AGAIN, Id.HOME_STOP, Id.HOME_RUN_FAVOURITE, Id.HOME_UNSTAR])
@pytest.mark.parametrize("value", ["999999999", "-1", str(2**70)])
def test_a_press_for_what_is_not_there_is_told_so(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule, action: Id, value: str
) -> None:
    """As a modified client sends it."""
    an_ended_run(schedule(), user=ana_of_the_site, state="sent")
    before = home_of(http_bot, ana)["hash"]
    ana.presses_home(Id.HOME_STOP)
    http_bot.wait_for(lambda: http_bot.deliveries("block_actions"))
    pressed = newer(http_bot, ana, before)["hash"]
    payload = http_bot.deliveries("block_actions")[-1]
    forged = {**payload["actions"][0], "action_id": action, "value": value, "action_ts": "1.5"}
    http_bot.deliver("block_actions", {**payload, "actions": [forged]})
    if action is Id.HOME_UNSTAR:
        newer(http_bot, ana, pressed)  # forgetting what isn't there is no mistake
    elif action is Id.HOME_RUN_FAVOURITE:
        assert "no longer exists" in shown(http_bot.wait_for(ana.modal))
    else:
        assert "There is no such run" in shown(http_bot.wait_for(ana.modal))
    if action is Id.HOME_STOP:
        newer(http_bot, ana, pressed)
    assert Run.objects.count() == 1


def test_logs_hold_nothing_of_what_it_shows(
    http_bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    an_ended_run(schedule(kwargs='{"region": "stored-by-a-person"}'), user=ana_of_the_site)
    home_of(http_bot, ana)
    ana.presses_home(Id.HOME_RUN_AGAIN)
    trigger = http_bot.wait_for(lambda: http_bot.deliveries("block_actions"))[-1]["trigger_id"]
    http_bot.wait_for(ana.modal)
    for secret in ("stored-by-a-person", trigger, http_bot.bot_token):
        assert secret not in caplog.text
    assert ana.ephemerals(OPS) == []
