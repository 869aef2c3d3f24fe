"""If somebody repeats a request that Slack has signed, nothing changes, not even what a person has typed into the form."""

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
    """The payload of a selection in the picker. After it, the person has typed TYPED into the form."""
    schedule("Nightly report", kwargs='{"days": 7}')
    schedule("Weekly report", kwargs='{"weeks": 1}')
    opened(http_bot, ana)
    picked(http_bot, ana, "Nightly report")
    ana.fills("kwargs:", None, TYPED)
    [payload] = http_bot.deliveries("block_actions")
    return payload


def another_process() -> None:
    """From now on, a new bot answers, which hasn't seen any earlier request."""
    wiring.slack_app.cache_clear()


def again(slack: LocalSlack, payload: Json, *, age: float = 0.0) -> int:
    """Sends the payload again, as Slack signed it `age` seconds ago. Returns the status of the answer."""
    return int(slack.deliver("block_actions", payload, timestamp=str(int(time.time() - age)))["status"])


def assert_unchanged(slack: LocalSlack, ana: Person, published: Callable[[], list[Any]]) -> None:
    """The form still shows what was typed, and sends it."""
    updates = len(slack.calls("views.update"))
    assert inputs(top(ana))["kwargs"] == TYPED
    assert ana.submits()["closed"]
    [message] = published()
    assert message.payload[1] == json.loads(TYPED)
    assert len(slack.calls("views.update")) == updates


@pytest.mark.parametrize("age", [TOO_OLD + 2, 200])
def test_an_old_selection_is_refused(
    http_bot: LocalSlack, ana: Person, typed: Json, published: Callable[[], list[Any]], age: float
) -> None:
    another_process()
    assert again(http_bot, typed, age=age) == 408
    assert_unchanged(http_bot, ana, published)


def test_a_repeated_selection_is_ignored_by_the_process_that_has_seen_it(
    http_bot: LocalSlack, ana: Person, typed: Json, published: Callable[[], list[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    assert again(http_bot, typed) == 200
    assert "ignored a block_actions that has come before" in caplog.text
    assert_unchanged(http_bot, ana, published)


def test_a_repeated_selection_replaces_nothing_if_another_process_gets_it(
    http_bot: LocalSlack, ana: Person, typed: Json, published: Callable[[], list[Any]]
) -> None:
    another_process()
    assert again(http_bot, typed) == 200
    http_bot.wait_for(lambda: http_bot.log("api", "views.update")[-1]["response"].get("error") == "hash_conflict")
    assert_unchanged(http_bot, ana, published)


def test_a_repeated_selection_does_not_replace_a_newer_one(
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
    assert_unchanged(http_bot, ana, published)


@pytest.fixture
def distrusting(slack: LocalSlack) -> Iterator[SocketMode]:
    """Socket Mode just after a freeze, when it doesn't trust what it receives."""
    slack.config(deadline=0.5)  # seconds that Slack waits for an answer; here, none comes
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
