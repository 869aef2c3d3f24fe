"""How repeated presses, repeated events and old events are recognised. tests.wire.test_replay has the rest."""

import pytest

from bot.slack.replay import MOST, Seen, changes_something, is_late, is_stale


def press(number: int) -> dict[str, object]:
    return {"type": "block_actions", "trigger_id": f"{number}.1.x", "actions": [{"action_ts": f"1700000000.{number}"}]}


def event(kind: str, number: int = 1) -> dict[str, object]:
    return {"type": "event_callback", "event_id": f"Ev{number}", "event_time": 1_700_000_000, "event": {"type": kind}}


def test_a_press_counts_once() -> None:
    seen = Seen()
    assert [seen.is_repeated(press(number)) for number in (1, 2, 1, 2, 3)] == [False, False, True, True, False]


def test_an_event_counts_once() -> None:
    seen = Seen()
    assert [seen.is_repeated(event("app_mention", number)) for number in (1, 2, 1)] == [False, False, True]


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("app_mention", 600),
        ("app_home_opened", None),
        ("app_uninstalled", None),
        ("tokens_revoked", None),
        ("new", None),
    ],
)
def test_only_mentions_become_too_old_for_an_answer(kind: str, limit: int | None) -> None:
    """Slack retries events for six minutes, with Delayed Events for a day."""
    old = [age for age in (0, 360, 600, 601, 86_400) if is_stale(event(kind), 1_700_000_000 + age)]
    assert old == ([] if limit is None else [601, 86_400])


def test_no_event_is_refused_because_it_is_old() -> None:
    assert not is_late(event("app_uninstalled"), 290)
    assert not is_stale({"type": "view_submission"}, 1_700_000_000)


@pytest.mark.parametrize("body", [{"type": "view_submission"}, {"command": "/runtask"}, {}], ids=str)
def test_other_payloads_are_not_remembered(body: dict[str, object]) -> None:
    seen = Seen()
    assert [seen.is_repeated(body) for _ in range(2)] == [False, False]


def test_memory_is_bounded() -> None:
    seen = Seen()
    for number in range(MOST + 5):
        seen.is_repeated(press(number))
    assert len(seen._seen) == MOST
    assert seen.is_repeated(press(MOST))


def test_a_slash_command_changes_nothing() -> None:
    assert not changes_something({"command": "/runtask", "text": ""})
