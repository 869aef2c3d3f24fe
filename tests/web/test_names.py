"""To Celery, a task's name with a blank at its end names another task. So we show such a blank."""

from collections.abc import Callable

import pytest

from bot.core.model import NoticeKind, ScheduleId
from bot.slack import modals
from bot.slack.messages import message
from bot.slack.metadata import Metadata
from tests.factories import PLACE, a_brief, a_preview, a_report, a_run, a_schedule
from tests.slack.forms import read
from tests.web.site import Site, words

TASK, SHOWN = "reports.tasks.nightly ", "reports.tasks.nightly␣"


def test_the_pages_show_an_invisible_blank(site: Site) -> None:
    site.catalog.schedules[ScheduleId(7)] = a_schedule(task=TASK, columns={"queue": "slow "})
    for address in ("/", "/?schedule=7", f"/runs/{a_run(user=site.user, task=TASK, target={'queue': 'slow '}).pk}/"):
        assert SHOWN in words(site.get(address))
    assert "slow␣" in words(site.get("/?schedule=7"))


@pytest.mark.parametrize(
    "shown",
    [
        lambda: str(modals.option(a_brief(task=TASK))),
        lambda: str(modals.chosen(Metadata(place=PLACE, mark="m"), a_preview(a_schedule(task=TASK)), nonce="n")),
        lambda: read(message(a_report(NoticeKind.ROOT, task=TASK))),
    ],
    ids=["picker", "form", "thread"],
)
def test_slack_shows_an_invisible_blank(shown: Callable[[], str]) -> None:
    assert SHOWN in shown()
