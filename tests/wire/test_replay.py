"""What Slack has signed, and somebody sends again: it changes nothing, in particular not what somebody has typed."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot import wiring
from bot.slack.ids import Id
from bot.slack.replay import TOO_OLD
from bot.slack.socket import SocketMode
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import Schedule
from tests.wire.form import inputs, opened, picked, top

Json = dict[str, Any]
TYPED = '{"days": 99}'


@pytest.fixture
def typed(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> Json:
    """The payload of a selection, after which something was typed."""
    schedule("Nightly report", kwargs='{"days": 7}')
    schedule("Weekly report", kwargs='{"weeks": 1}')
    opened(http_bot, ana)
    picked(http_bot, ana, "Nightly report")
    ana.fills("kwargs:", None, TYPED)
    [payload] = http_bot.deliveries("block_actions")
    return payload


def another_process() -> None:
    """From now on, a bot answers that remembers nothing."""
    wiring.slack_app.cache_clear()


def again(slack: LocalSlack, payload: Json, *, age: float = 0.0) -> int:
    """The same, signed by Slack so many seconds ago. Returns the status of the answer."""
    return int(slack.deliver("block_actions", payload, timestamp=str(int(time.time() - age)))["status"])


def is_unchanged(slack: LocalSlack, ana: Person, published: Callable[[], list[Any]]) -> None:
    """The form shows what was typed, and sends it."""
    settled = len(slack.calls("views.update"))
    assert inputs(top(ana))["kwargs"] == TYPED
    assert ana.submits()["closed"]
    [message] = published()
    assert message.payload[1] == json.loads(TYPED)
    assert len(slack.calls("views.update")) == settled


@pytest.mark.parametrize("age", [TOO_OLD + 2, 200])
def test_an_old_selection_is_refused(
    http_bot: LocalSlack, ana: Person, typed: Json, published: Callable[[], list[Any]], age: float
) -> None:
    another_process()
    assert again(http_bot, typed, age=age) == 408
    is_unchanged(http_bot, ana, published)


def test_a_selection_that_was_seen_is_ignored(
    http_bot: LocalSlack, ana: Person, typed: Json, published: Callable[[], list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    assert again(http_bot, typed) == 200
    assert "ignored a block_actions that has come before" in caplog.text
    is_unchanged(http_bot, ana, published)


def test_another_process_that_sees_it_for_the_first_time_replaces_nothing(
    http_bot: LocalSlack, ana: Person, typed: Json, published: Callable[[], list[Any]]
) -> None:
    another_process()
    assert again(http_bot, typed) == 200
    http_bot.wait_for(lambda: http_bot.log("api", "views.update")[-1]["response"].get("error") == "hash_conflict")
    is_unchanged(http_bot, ana, published)


def test_an_older_selection_replaces_no_newer_one_either(
    http_bot: LocalSlack,
    ana: Person,
    typed: Json,
    published: Callable[[], list[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    another_process()
    assert ana.closes()["ok"]
    opened(http_bot, ana)
    ana.picks(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "Weekly", "Weekly report")
    http_bot.wait_for(lambda: inputs(top(ana)))
    older = http_bot.deliveries("block_actions")[-1]
    another_process()
    picked(http_bot, ana, "Nightly report")
    ana.fills("kwargs:", None, TYPED)
    assert again(http_bot, older) == 200
    assert "ignored a selection that is older" in caplog.text
    is_unchanged(http_bot, ana, published)


@pytest.fixture
def distrusting(slack: LocalSlack) -> Iterator[SocketMode]:
    """Socket Mode, as it is for a moment after a freeze."""
    slack.config(deadline=0.5)  # nobody waits for the answers that don't come
    stopping, mode = threading.Event(), wiring.socket_mode()
    mode._distrust_until = math.inf
    thread = threading.Thread(target=mode.serve, args=(stopping,))
    thread.start()
    slack.wait_for_app()
    yield mode
    stopping.set()
    mode._lost.set()
    thread.join(10)
    assert not thread.is_alive()


def test_after_a_freeze_presses_and_submissions_are_ignored(
    distrusting: SocketMode, slack: LocalSlack, ana: Person, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    schedule()
    opened(slack, ana)
    ana.picks(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "", "Nightly report")
    assert ana.submits()["error"] == "trouble_connecting"
    for kind in ("block_actions", "view_submission"):
        assert f"ignored a {kind}: this process was frozen" in caplog.text
    assert slack.calls("views.update") == []
    distrusting._distrust_until = 0.0
    assert "kwargs" in inputs(picked(slack, ana, "Nightly report"))
