"""Processes whose clocks are wrong use the database's clock, so nothing is late, doubled or deleted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from localslack.testing import LocalSlack
from tests.e2e.platform import ROOT, Platform
from tests.wire.conftest import OPS
from tests.wire.form import opened
from tests.wire.test_thread import all_words, finished

pytestmark = pytest.mark.nightly  # in the gate, runs/test_clock.py and wire/test_finding.py test the same
SKEWED = Path(__file__).parents[1] / "support" / "skewed"


@pytest.fixture
def here(slack: LocalSlack, tmp_path: Path) -> Iterator[Platform]:
    slack.reset()
    with Platform(tmp_path, slack) as platform:
        platform.schedules({"name": "Nightly report", "task": "tests.wire.report", "kwargs": '{"days": 7}'})
        platform.runtask("staff", "add", "U0ANA", "ana", "--team", "T0LOCAL")
        platform.start_worker()
        yield platform


def started(platform: Platform, name: str, *command: str, ahead: int = 0) -> None:
    skew = {"SKEW": str(ahead), "PYTHONPATH": f"{ROOT}:{SKEWED}"} if ahead else {}
    platform._start(name, "-m", "bot", *command, **skew)


def runs(slack: LocalSlack, number: int) -> None:
    ana = slack.person("U0ANA")
    for _ in range(number):
        opened(slack, ana, "/runtask nightly")
        assert ana.submits()["closed"]


def test_a_bot_whose_clock_is_ahead_delays_nothing(slack: LocalSlack, here: Platform) -> None:
    started(here, "slack", "slack", "--no-deliver", ahead=600)
    slack.wait_for_app(timeout=60)
    started(here, "notify", "notify")
    runs(slack, 1)
    _, [_, final] = finished(slack, slack.person("U0ANA"))
    assert "SUCCESS" in all_words(final)


def test_two_notifiers_with_different_clocks_and_a_slow_slack_double_nothing(slack: LocalSlack, here: Platform) -> None:
    started(here, "slack", "slack", "--no-deliver")
    slack.wait_for_app(timeout=60)
    started(here, "early", "notify")
    started(here, "late", "notify", ahead=30)
    slack.fault("slow", method="chat.postMessage", delay=1.5, count=0)
    runs(slack, 5)
    ana = slack.person("U0ANA")

    def whole() -> bool:
        threads = [ana.thread(OPS, root["ts"]) for root in ana.messages(OPS)]
        return len(threads) == 5 and all(len(thread) == 2 for thread in threads)

    slack.wait_for(whole, 60)
    posts = Counter(str(call["metadata"]["event_payload"]) for call in slack.calls("chat.postMessage"))
    assert set(posts.values()) == {1}
