"""The audit log records what people do in Slack, and what is refused to them."""

import pytest
from django.contrib.auth.models import User

from bot.models import SlackLink
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.audit import records, told
from tests.wire.conftest import Schedule
from tests.wire.ended import an_ended_run, press
from tests.wire.entries import entries
from tests.wire.form import opened, top

ANA = ("slack", "ana T0LOCAL/U0ANA")


def test_a_link_by_e_mail_a_run_and_a_stop_are_recorded(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule()
    opened(http_bot, ana, f"/runtask {row.name}")
    assert ana.submits()["closed"]
    run = records(action="run.sent")[0].run_id
    assert told() == [("link.added", "slack", "T0LOCAL/U0ANA"), ("run.asked", *ANA), ("run.sent", *ANA)]
    assert str(records()[0].about) == "ana T0LOCAL/U0ANA"
    assert {one.installation for one in records(run_id=run)} == {"T0LOCAL/A0LOCAL"}
    http_bot.deliver("block_actions", press(http_bot, "U0ANA", an_ended_run(row), Id.STOP))
    http_bot.wait_for(lambda: records(action="run.refused"))
    assert told()[3:] == [("run.refused", *ANA)]
    assert records()[-1].details == {"asked": "stop", "code": "ended"}


def test_a_link_that_no_longer_fits_is_removed(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    opened(http_bot, ana, f"/runtask {schedule().name}")
    SlackLink.objects.update(checked_at=None)
    User.objects.update(email="else@example.com")
    http_bot.deliver("slash_commands", entries(http_bot, "U0ANA", {}, an_ended_run(schedule("Other")))["command"][1])
    http_bot.wait_for(lambda: not SlackLink.objects.exists())
    assert told() == [(f"link.{what}", "slack", "T0LOCAL/U0ANA") for what in ("added", "removed")]


@pytest.mark.parametrize(
    ("entry", "asked"), [("press", "run"), ("home_run_again", "run"), ("stop", "stop"), ("submission", "run")]
)
def test_an_attempt_without_the_right_is_recorded(
    http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule, entry: str, asked: str
) -> None:
    row = schedule()
    run = an_ended_run(row)
    opened(http_bot, ana, f"/runtask {row.name}")
    http_bot.deliver(*entries(http_bot, "U0BEN", top(ana), run)[entry])
    http_bot.wait_for(lambda: records(action="run.refused"))
    [record] = records(action="run.refused")
    assert record.person is not None
    assert (record.entry, record.person.slack_user, record.details["asked"]) == ("slack", "U0BEN", asked)
    assert record.run_id == (None if entry == "submission" else run.pk)
    assert record.details["code"] in ("no_link", "not_staff")
    assert "U0BEN" not in str(record.details)
