"""Shortcuts that open no form: the person reads why."""

from typing import Any

import pytest

from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.form import shown, top
from tests.wire.test_shortcuts import used

Json = dict[str, Any]
SHORTCUTS = [Id.RUN_SHORTCUT, Id.RUN_HERE_SHORTCUT]


def told(slack: LocalSlack, person: Person, shortcut: str) -> str:
    """The text that the person reads instead of a form."""
    if shortcut == Id.RUN_SHORTCUT:
        view = used(slack, person, shortcut)
        assert view["submit"] is None
        return shown(view)
    assert person.uses(shortcut, OPS, person.types(OPS, "Run it")["ts"])["dispatched"]
    (only,) = slack.wait_for(lambda: person.ephemerals(OPS))
    assert person.modal() is None
    return str(only["text"])


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize(("who", "why"), [("U0BEN", "isn't linked to a staff account"), ("U0GIL", "Guests of this")])
def test_people_who_may_not_run_schedules_read_why(http_bot: LocalSlack, shortcut: str, who: str, why: str) -> None:
    assert why in told(http_bot, http_bot.person(who), shortcut)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_without_schedules_there_is_nothing_to_submit(http_bot: LocalSlack, ana: Person, shortcut: str) -> None:
    view = used(http_bot, ana, shortcut, OPS, ana.types(OPS, "Run it")["ts"])
    assert view["submit"] is None
    assert "There are no schedules yet" in shown(view)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_the_person_reads_that_the_trigger_has_expired(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, shortcut: str
) -> None:
    """A shortcut in the menu has no response_url, so the bot writes to the person."""
    schedule()
    http_bot.fault("error", method="views.open", error="expired_trigger_id", count=0)
    ts = ana.types(OPS, "Run it")["ts"]
    assert ana.uses(shortcut, OPS, ts)["dispatched"]
    is_here = shortcut == Id.RUN_HERE_SHORTCUT
    (only,) = http_bot.wait_for(lambda: ana.ephemerals(OPS) if is_here else ana.messages(ana.dm()))
    assert "Please use the shortcut again" in only["text"]
    assert ana.modal() is None


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_repeated_shortcut_opens_one_form(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, shortcut: str
) -> None:
    schedule()
    used(http_bot, ana, shortcut, OPS, ana.types(OPS, "Run it")["ts"])
    kind = "shortcut" if shortcut == Id.RUN_SHORTCUT else "message_action"
    (payload,) = http_bot.deliveries(kind)
    first = top(ana)["id"]
    assert http_bot.deliver(kind, payload)["status"] == 200
    http_bot.wait_for(lambda: len(http_bot.calls("views.open")) >= 2)
    assert [view["id"] for view in ana.stack()] == [first]
