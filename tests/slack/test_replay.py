"""Which presses have come before; tests.wire.test_replay has the rest."""

import pytest

from bot.slack.replay import MOST, Presses, changes_something


def press(number: int) -> dict[str, object]:
    return {"type": "block_actions", "trigger_id": f"{number}.1.x", "actions": [{"action_ts": f"1700000000.{number}"}]}


def test_a_press_counts_once() -> None:
    presses = Presses()
    assert [presses.is_repeated(press(number)) for number in (1, 2, 1, 2, 3)] == [False, False, True, True, False]


@pytest.mark.parametrize("body", [{"type": "view_submission"}, {"command": "/runtask"}, {}], ids=str)
def test_only_presses_are_counted(body: dict[str, object]) -> None:
    presses = Presses()
    assert [presses.is_repeated(body) for _ in range(2)] == [False, False]


def test_memory_is_bounded() -> None:
    presses = Presses()
    for number in range(MOST + 5):
        presses.is_repeated(press(number))
    assert len(presses._seen) == MOST
    assert presses.is_repeated(press(MOST))


def test_a_slash_command_changes_nothing() -> None:
    assert not changes_something({"command": "/runtask", "text": ""})
