"""Who is told that it takes long, and who isn't."""

import logging
from collections.abc import Callable
from queue import Empty, Queue

import pytest

from bot.slack import patience as module
from bot.slack.patience import Patience


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Queue[str]:
    monkeypatch.setattr(module, "LOOK", 0.01)
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    return Queue()


def fails() -> None:
    raise LookupError("nobody there")


@pytest.mark.parametrize("first", [fails, lambda: None], ids=["one fails", "all is well"])
def test_all_who_wait_too_long_are_told_in_turn_and_once(
    told: Queue[str], first: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    patience = Patience()
    with caplog.at_level(logging.ERROR):
        patience.begin(first)
        for name in ("one", "other"):
            patience.begin(lambda name=name: told.put(name))  # type: ignore[misc]
        assert [told.get(timeout=10), told.get(timeout=10)] == ["one", "other"]
    assert ("could not be told" in caplog.text) == (first is fails)
    with pytest.raises(Empty):
        told.get(timeout=0.3)


def test_whose_wait_is_over_is_not_told(told: Queue[str]) -> None:
    patience = Patience()
    patience.begin(lambda: told.put("in time")).is_over = True
    patience.begin(lambda: told.put("late"))
    assert told.get(timeout=10) == "late"
