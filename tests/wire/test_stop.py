"""Stop: the button under the root of a run that goes on."""

import pytest

from bot.core.reasons import Code
from bot.models import Run
from bot.slack.ids import Id
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.ended import buttons, press, typed_before
from tests.wire.test_destinations import ends
from tests.wire.test_thread import all_words, finished, run

pytestmark = pytest.mark.usefixtures("delivering")


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


def test_a_press_that_comes_too_late_is_told_so(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    ended = run(http_bot, ana, schedule())
    ends(ended)
    finished(http_bot, ana)
    typed_before(http_bot, ana)
    before = len(ana.ephemerals(OPS))
    http_bot.deliver("block_actions", press(http_bot, "U0ANA", ended, Id.STOP))
    http_bot.wait_for(lambda: len(ana.ephemerals(OPS)) > before)
    assert SENTENCES[Code.ENDED] in ana.ephemerals(OPS)[-1]["text"]
    assert Run.objects.get().stop_asked_at is None


def test_who_may_not_act_stops_nothing(http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule) -> None:
    started = run(http_bot, ana, schedule())
    http_bot.wait_for(lambda: ana.messages(OPS))
    typed_before(http_bot, ben)
    before = len(ben.ephemerals(OPS))
    http_bot.deliver("block_actions", press(http_bot, "U0BEN", started, Id.STOP))
    http_bot.wait_for(lambda: len(ben.ephemerals(OPS)) > before)
    assert Run.objects.get().stop_asked_at is None
