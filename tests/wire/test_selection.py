"""The form after somebody has picked a schedule."""

import json
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult

from bot.conf import conf
from bot.runs import budget, see
from bot.slack import modals
from bot.slack.blocks import Level, Note
from bot.slack.client import FAST, web_client
from bot.slack.ids import Id
from bot.slack.metadata import Metadata
from localslack.testing import LocalSlack, Person
from tests.factories import in_zone
from tests.wire.conftest import Schedule
from tests.wire.form import inputs, opened, picked, shown, top

EXACT = '{"z": 1.10, "a": [1e3, 12345678901234567890], "name": "Gr\\u00fc\u00dfe", "x": {}}'


def test_the_form_shows_task_time_and_stored_values(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("Nightly report", task="shop.daily", args="[1]", kwargs='{"days": 7}', description="Sales of the day")
    opened(bot, ana)
    modal = picked(bot, ana, "Nightly report")
    assert inputs(modal) == {"args": "[\n  1\n]", "kwargs": '{\n  "days": 7\n}'}
    for text in ("`shop.daily`", "every day at 02:00, Europe/Berlin", "Sales of the day", "No run of it is known"):
        assert text in shown(modal)


def test_the_form_names_an_unknown_time_zone_and_the_schedule_can_be_run(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("Nightly report", crontab=in_zone("US/Pacific-New"))
    opened(http_bot, ana)
    assert "US/Pacific-New (this time zone isn't known here)" in shown(picked(http_bot, ana, "Nightly report"))
    assert ana.submits()["closed"]


def test_key_order_unicode_and_numbers_are_exactly_as_stored(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("Exact", kwargs=EXACT)
    opened(http_bot, ana)
    value = inputs(picked(http_bot, ana, "Exact"))["kwargs"]
    assert value == (
        '{\n  "z": 1.10,\n  "a": [\n    1e3,\n    12345678901234567890\n  ],\n'
        '  "name": "Gr\\u00fc\u00dfe",\n  "x": {}\n}'
    )


def test_stored_blanks_mean_empty(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule("Blank")
    PeriodicTask.objects.filter(pk=row.pk).update(args="", kwargs="")
    opened(http_bot, ana)
    assert inputs(picked(http_bot, ana, "Blank")) == {"args": "[]", "kwargs": "{}"}


@pytest.mark.parametrize(
    ("kwargs", "wrong"),
    [
        pytest.param('{"days": 7', "comma or a closing bracket", id="syntax"),
        pytest.param("[1]", "must be a JSON object", id="wrong type"),
    ],
)
def test_bad_stored_json_is_shown_with_its_error(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, kwargs: str, wrong: str
) -> None:
    schedule("Broken", kwargs=kwargs)
    opened(http_bot, ana)
    modal = picked(http_bot, ana, "Broken")
    assert inputs(modal)["kwargs"] == kwargs
    assert wrong in shown(modal)


def test_the_form_says_that_a_value_is_too_long_for_an_input(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    text = json.dumps({"ids": list(range(2000))})
    schedule("Large", kwargs=text)
    opened(http_bot, ana)
    modal = picked(http_bot, ana, "Large")
    assert list(inputs(modal)) == ["args"]
    assert f"{len(text):,} characters" in shown(modal)
    assert "sent as stored" in shown(modal)


def test_the_form_shows_where_the_task_is_sent(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("Routed", queue="reports", priority=0, expire_seconds=120, headers='{"X-Tenant": "acme"}', enabled=False)
    opened(http_bot, ana)
    modal = picked(http_bot, ana, "Routed (disabled)")
    for text in ("queue `reports`", "priority `0`", "expires `after 120 s`", '{"X-Tenant": "acme"}', "Disabled"):
        assert text in shown(modal)


def test_the_last_run_and_how_it_ended_are_shown(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("Known")
    TaskResult.objects.create(task_id="1", periodic_task_name="Known", status="SUCCESS")
    newest = TaskResult.objects.create(task_id="2", periodic_task_name="Known", status="FAILURE")
    opened(http_bot, ana)
    text = shown(picked(http_bot, ana, "Known"))
    assert "*FAILURE*" in text
    assert f"<!date^{int(newest.date_done.timestamp())}^" in text.replace("&lt;", "<")


def test_the_form_says_that_a_run_is_going_on(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("Busy")
    opened(http_bot, ana, "/runtask Busy")
    assert ana.submits()["closed"]
    text = shown(opened(http_bot, ana, "/runtask Busy"))
    assert "A run of it is open" in text
    assert "U0ANA" in text


def test_the_form_says_that_nobody_serves_the_queue(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, worker: None
) -> None:
    schedule("Lonely", queue="nobody")
    schedule("Served")

    def told(name: str) -> str:
        text = shown(opened(http_bot, ana, f"/runtask {name}"))
        ana.closes()
        return text

    http_bot.wait_for(lambda: "No live worker" in told("Lonely"))
    assert "No live worker" not in told("Served")


def test_picking_another_schedule_replaces_the_inputs(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("First", kwargs='{"a": 1}')
    schedule("Second", kwargs='{"b": 2}')
    opened(bot, ana)
    picked(bot, ana, "First")
    ana.fills("kwargs:", None, '{"typed": "here"}')
    assert inputs(picked(bot, ana, "Second"))["kwargs"] == '{\n  "b": 2\n}'
    assert inputs(picked(bot, ana, "First"))["kwargs"] == '{\n  "a": 1\n}'


def test_clearing_the_picker_removes_the_schedule_from_the_form(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("First", kwargs='{"a": 1}')
    opened(bot, ana)
    before = picked(bot, ana, "First")["hash"]
    ana.sets(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, selected_option=None)
    bot.wait_for(lambda: top(ana)["hash"] != before)
    assert (inputs(top(ana)), shown(top(ana))) == ({}, "")
    assert inputs(picked(bot, ana, "First"))["kwargs"] == '{\n  "a": 1\n}'


def pick_two(bot: LocalSlack, ana: Person, schedule: Schedule, *delays: float) -> None:
    """Picks two schedules in quick succession. Slack takes `delays` seconds for the `views.update` of each."""
    schedule("First", kwargs='{"a": 1}')
    schedule("Second", kwargs='{"b": 2}')
    opened(bot, ana)
    for delay in delays:
        bot.fault("slow", method="views.update", delay=delay)
    for name in ("First", "Second"):
        ana.picks(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, name, name)


def test_of_two_quick_picks_the_second_is_shown(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    pick_two(bot, ana, schedule, 0.3, 0.6)  # the second is picked before the view of the first arrives
    bot.wait_for(lambda: inputs(top(ana)).get("kwargs") == '{\n  "b": 2\n}')


def test_a_selection_that_comes_late_does_not_replace_a_later_one(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    pick_two(bot, ana, schedule, 0.6)
    bot.wait_for(lambda: inputs(top(ana)).get("kwargs") == '{\n  "b": 2\n}')


@pytest.mark.parametrize(
    ("error", "expected"), [(ValueError, "Something went wrong"), (OperationalError, "database can't be reached")]
)
def test_the_form_says_that_something_failed(
    bot: LocalSlack,
    ana: Person,
    schedule: Schedule,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    expected: str,
) -> None:
    schedule("Broken")
    opened(bot, ana)

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(see, "preview", fails)
    assert expected in shown(picked(bot, ana, "Broken"))


def pick_while_silent(
    bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> threading.Event:
    """Picks a schedule that can't be read until the returned event is set. Waits until the form says that."""
    schedule("Slow", kwargs='{"a": 1}')
    opened(bot, ana)
    answers, preview = threading.Event(), see.preview

    def waits(*arguments: Any) -> Any:
        answers.wait(20)
        return preview(*arguments)

    monkeypatch.setattr(see, "preview", waits)
    monkeypatch.setattr(budget, "LATE", 0.2)
    assert "slow to answer" in shown(picked(bot, ana, "Slow"))
    return answers


def test_while_a_schedule_can_not_be_read_the_form_says_so_and_shows_it_afterwards(
    bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick_while_silent(bot, ana, schedule, monkeypatch).set()
    bot.wait_for(lambda: inputs(top(ana)))
    assert inputs(top(ana))["kwargs"] == '{\n  "a": 1\n}'


def test_a_newer_pick_through_another_process_is_not_replaced(
    bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers = pick_while_silent(bot, ana, schedule, monkeypatch)
    theirs = modals.empty(Metadata.load(top(ana)["private_metadata"]), Note(Level.INFO, "The other one's arguments"))
    web_client(conf(), FAST).views_update(view_id=top(ana)["id"], view=theirs)
    with caplog.at_level(logging.INFO):
        answers.set()
        bot.wait_for(lambda: "hash_conflict" in caplog.text)
    assert shown(top(ana)) == "The other one's arguments"


def test_the_form_says_that_the_schedule_was_deleted_meanwhile(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row = schedule("Gone")
    opened(http_bot, ana)
    [offered] = ana.suggests(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "")["options"]
    row.delete()
    before = top(ana)["hash"]
    ana.sets(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, selected_option=offered)
    http_bot.wait_for(lambda: top(ana)["hash"] != before)
    assert "no longer exists" in shown(top(ana))


def test_somebody_who_lost_their_rights_sees_nothing_of_the_schedule(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("Secret", kwargs='{"plan": "B"}')
    opened(bot, ana)
    [offered] = ana.suggests(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "")["options"]
    User.objects.update(is_active=False)
    before = top(ana)["hash"]
    ana.sets(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, selected_option=offered)
    bot.wait_for(lambda: top(ana)["hash"] != before)
    assert inputs(top(ana)) == {}
    assert "deactivated" in shown(top(ana))


def test_hostile_texts_of_a_schedule_are_harmless(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    name = "<!channel> `*x*` \x1b[31m\u202eabc"
    schedule(name, task="a`b<@U0BEN>", description="<!here>\n&amp;" * 100, expires=timezone.now() - timedelta(days=1))
    opened(http_bot, ana, "/runtask <!channel>")
    view = http_bot.calls("views.open")[0]["view"]
    for block in view["blocks"]:
        if block["type"] == "section":
            assert block["text"]["verbatim"] is True
            assert "<!channel>" not in block["text"]["text"]
            assert "<!here>" not in block["text"]["text"]
            assert "<@U0BEN>" not in block["text"]["text"]
