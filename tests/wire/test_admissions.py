"""Each request reads once what is in force, so that all its steps go by the same rules."""

import threading
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.runs import budget, rulebook
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import Schedule
from tests.wire.ended import an_ended_run
from tests.wire.entries import ELSEWHERE, IN_FORM, ON_HOME, SECRET_NAME, entries
from tests.wire.form import opened, top

# After these presses, the bot also makes the list or Home anew, for which it admits the person once more.
TWICE = {"stop in the list", Id.HOME_STOP, Id.HOME_UNSTAR}


def test_a_payload_is_admitted_once_and_a_list_that_is_made_anew_once_more(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = an_ended_run(schedule(SECRET_NAME))
    opened(http_bot, ana)
    reads = threading.local()  # `number`: how often the work of this thread has read what is in force
    counts = list[int]()  # the numbers of reads, one for each work
    in_force, with_fresh_connections = rulebook.in_force, budget._with_fresh_connections

    def read() -> rulebook.InForce:
        reads.number += 1
        return in_force()

    def work(what: Any) -> Any:
        reads.number = 0
        try:
            return with_fresh_connections(what)
        finally:
            counts.append(reads.number)

    monkeypatch.setattr(rulebook, "in_force", read)
    monkeypatch.setattr(budget, "_with_fresh_connections", work)
    monkeypatch.setattr(WebClient, "views_open", lambda *_, **__: {})  # the triggers aren't valid
    found = {}
    for number, (name, (kind, payload)) in enumerate(entries(http_bot, "U0ANA", top(ana), run).items(), 2):
        for action in payload.get("actions", ()):
            action["action_ts"] = str(number)
        counts.clear()
        http_bot.deliver(kind, payload)
        http_bot.wait_for(lambda: counts)
        found[name] = counts[0]
    assert set(found) == {*ELSEWHERE, *IN_FORM, *map(str, ON_HOME)}
    assert found == {name: 1 + (name in TWICE) for name in found}
