"""Pressing Run: the form shows errors where they belong, and a valid form is sent once."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django_celery_beat.models import PeriodicTask
from slack_sdk import WebClient

from bot.compat import NAME_IS_HEADER
from bot.models import Run
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import Schedule
from tests.wire.form import errors, inputs, opened, picked, shown, top

Published = Callable[[], list[Any]]


def form_of(slack: LocalSlack, person: Person, row: PeriodicTask) -> None:
    opened(slack, person, f"/runtask {row.name}")


def test_run_sends_the_stored_values_and_closes_the_form(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    row = schedule(args="[7]", kwargs='{"region": "APAC"}')
    form_of(bot, ana, row)
    assert ana.submits()["closed"]
    [message] = published()
    assert message.payload[:2] == [[7], {"region": "APAC"}]
    run = Run.objects.get()
    assert (run.state, message.headers["id"]) == ("sent", run.task_id)
    assert (message.headers if NAME_IS_HEADER else message.properties)["periodic_task_name"] == "Nightly report"
    assert message.headers["runtask_run_id"] == str(run.pk)
    assert message.headers["ignore_result"] is False


def test_run_sends_the_typed_values(bot: LocalSlack, ana: Person, schedule: Schedule, published: Published) -> None:
    form_of(bot, ana, schedule(kwargs='{"days": 7}'))
    ana.fills("kwargs:", None, '{"days": 30, "region": "Größe"}')
    assert ana.submits()["closed"]
    [message] = published()
    assert message.payload[1] == {"days": 30, "region": "Größe"}
    assert Run.objects.get().changes == [
        {"name": "days", "old": "7", "new": "30"},
        {"name": "region", "old": None, "new": '"Größe"'},
    ]


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        pytest.param("[]", '{"days" 3}', {"kwargs": "Line 1, column 9: A colon is missing"}, id="syntax"),
        pytest.param("[]", "{“days”: 3}", {"kwargs": "typographic quote"}, id="typographic quotes"),
        pytest.param("{}", "[]", {"args": "must be a JSON list", "kwargs": "must be a JSON object"}, id="both at once"),
        pytest.param(
            "[]", '{"days": 1, "days": 2}', {"kwargs": 'The key "days" appears a second time here'}, id="doubled key"
        ),
        pytest.param("[NaN]", "{}", {"args": "NaN isn't JSON"}, id="not a number"),
        pytest.param("[]", "   ", {"kwargs": "{} sends nothing"}, id="only spaces"),
        pytest.param(
            "[]", '{"dayz": 3}', {"kwargs": 'Unknown argument "dayz", did you mean "days"?'}, id="unknown argument"
        ),
        pytest.param("[1, 2, 3]", "{}", {"args": "Too many arguments"}, id="too many arguments"),
    ],
)
def test_an_error_stands_under_its_input(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published, args: str, kwargs: str, expected: dict
) -> None:
    form_of(http_bot, ana, schedule())
    ana.fills("args:", None, args)
    ana.fills("kwargs:", None, kwargs)
    found = errors(ana.submits())
    assert found.keys() == expected.keys()
    for field, text in expected.items():
        assert text in found[field]
    assert published() == []
    assert not Run.objects.exists()


def test_an_error_can_be_mended_in_the_same_form(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    form_of(bot, ana, schedule())
    ana.fills("kwargs:", None, "{")
    assert errors(ana.submits())
    ana.fills("kwargs:", None, '{"days": 1}')
    assert ana.submits()["closed"]
    assert len(published()) == 1


def test_a_press_of_run_before_the_arguments_appear_shows_them_and_sends_nothing(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    row = schedule(kwargs='{"days": 5}')
    opened(bot, ana)
    bot.fault("http500", method="views.update")
    ana.picks(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "", row.name)
    assert ana.submits()["ok"]
    assert "had not appeared yet" in shown(top(ana))
    assert inputs(top(ana))["kwargs"] == '{\n  "days": 5\n}'
    assert published() == []
    ana.fills("kwargs:", None, '{"days": 6}')
    assert ana.submits()["closed"]
    [message] = published()
    assert message.payload[1] == {"days": 6}


def test_arguments_that_are_too_large_for_an_answer_over_a_socket_appear_soon_after_it(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    emoji = "\N{PILE OF POO}" * 2900
    row = schedule(args=f'["{emoji}"]', kwargs=f'{{"region": "{emoji}"}}')
    opened(bot, ana)
    bot.fault("http500", method="views.update")
    ana.picks(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "", row.name)
    bot.wait_for(lambda: bot.calls("views.update"))
    assert "had not appeared yet" in errors(ana.submits())[Id.SCHEDULE_BLOCK]
    bot.wait_for(lambda: "had not appeared yet" in shown(top(ana)))
    assert emoji in inputs(top(ana))["kwargs"]
    assert published() == []
    assert ana.submits()["closed"]
    assert len(published()) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda rows: rows.update(kwargs='{"days": 1}'), "has changed this schedule", id="changed"),
        pytest.param(lambda rows: rows.delete(), "no longer exists", id="deleted"),
    ],
)
def test_a_schedule_that_changed_meanwhile_is_not_run(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published, change: Any, said: str
) -> None:
    row = schedule()
    form_of(http_bot, ana, row)
    change(PeriodicTask.objects.filter(pk=row.pk))
    assert said in errors(ana.submits())["schedule"]
    assert published() == []


def test_beats_own_bookkeeping_is_no_change(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule()
    form_of(http_bot, ana, row)
    row.total_run_count += 1
    row.save()
    assert ana.submits()["closed"]


def test_somebody_deactivated_while_the_form_is_open_is_refused(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    form_of(bot, ana, schedule())
    User.objects.update(is_active=False)
    assert "deactivated" in errors(ana.submits())["schedule"]
    assert published() == []


def test_inputs_that_slack_sends_back_as_null_count_as_their_prefill(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    row = schedule(kwargs='{"days": 5}')
    opened(bot, ana)
    picked(bot, ana, row.name)
    bot.fault("null_state")
    assert ana.submits()["closed"]
    [message] = published()
    assert message.payload[1] == {"days": 5}


@pytest.mark.parametrize(("ids", "length"), [(2_000, "10,899"), (23_000, "149,899")])
def test_a_value_too_long_for_an_input_is_sent_as_stored(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published, ids: int, length: str
) -> None:
    """The length doesn't matter: only beat limits a stored value."""
    large = {"ids": list(range(ids))}
    form_of(http_bot, ana, schedule(task="elsewhere.import", kwargs=json.dumps(large)))
    assert f"{length} characters, too long to edit here (Slack allows 3,000)" in shown(top(ana))
    assert ana.submits()["closed"]
    [message] = published()
    assert message.payload[1] == large


def test_bad_stored_json_is_not_sent(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    form_of(http_bot, ana, schedule(args="[1,]"))
    assert "no comma" in errors(ana.submits())["args"]
    assert published() == []


def test_bad_headers_are_explained(http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published) -> None:
    form_of(http_bot, ana, schedule(headers="not json"))
    assert "headers" in errors(ana.submits())["schedule"]
    assert PeriodicTask.objects.get().enabled
    assert published() == []


def test_a_delivery_that_comes_twice_runs_once(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    form_of(bot, ana, schedule())
    bot.fault("duplicate", type="view_submission")
    ana.submits()
    bot.wait_for(lambda: len(bot.log("ack", "view_submission")) == 2)
    assert len(published()) == 1
    assert Run.objects.count() == 1


def test_pressing_run_again_after_trouble_connecting_runs_once(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    form_of(bot, ana, schedule())
    bot.fault("late_ack", type="view_submission")
    assert ana.submits()["error"] == "trouble_connecting"
    bot.wait_for(lambda: Run.objects.filter(state="sent").exists())
    assert ana.submits()["closed"]
    assert len(published()) == 1


def test_no_secret_of_slack_is_stored_in_the_form(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    form_of(http_bot, ana, schedule())
    carried = {"channel", "parent", "mark", "schedule", "fingerprint", "again", "again_mark"}
    assert set(json.loads(top(ana)["private_metadata"])) == carried


def forged(slack: LocalSlack, view: dict[str, Any], user: str, **metadata: Any) -> Any:
    """The answer to a submission of this form by `user`, with changed metadata."""
    carried = {**json.loads(view["private_metadata"]), **metadata}
    payload = {
        "type": "view_submission",
        "team": {"id": "T0LOCAL", "domain": "local"},
        "user": {"id": user, "username": "x", "name": "x", "team_id": "T0LOCAL"},
        "api_app_id": "A0LOCAL",
        "token": "t",
        "trigger_id": "1.2.3",
        "view": {**view, "private_metadata": json.dumps(carried)},
        "response_urls": [],
    }
    return slack.deliver("view_submission", payload)["body"]


@pytest.mark.parametrize("metadata", [{"channel": "C0GENERAL"}, {"parent": "1.2"}, {"mark": "0" * 32}, {"mark": ""}])
def test_a_made_up_place_gains_nothing(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published, metadata: dict[str, str]
) -> None:
    form_of(http_bot, ana, schedule())
    answer = forged(http_bot, top(ana), "U0ANA", **metadata)
    assert "was not opened for you" in json.dumps(answer)
    assert published() == []


def test_somebody_elses_form_gains_nothing(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    User.objects.create_user("cara", "cara@example.com", is_staff=True)
    cara = http_bot.person("U0CARA")
    opened(http_bot, cara)
    form_of(http_bot, ana, schedule())
    answer = forged(http_bot, top(ana), "U0CARA")
    assert "was not opened for you" in json.dumps(answer)
    assert published() == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has one writer at a time")
def test_with_a_locked_database_the_answer_is_in_time_and_nothing_is_sent(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    form_of(http_bot, ana, schedule())
    with transaction.atomic():  # IMMEDIATE: nobody else can write
        Run.objects.exists()
        answer = errors(ana.submits())
    assert "Nothing was sent" in answer["schedule"]
    http_bot.wait_for(lambda: Run.objects.filter(state="not_sent").exists())
    assert published() == []
    assert ana.submits()["closed"]
    assert len(published()) == 1


def test_a_form_of_another_version_is_not_closed_as_if_it_had_been_used(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Published
) -> None:
    form_of(bot, ana, schedule())
    view = ana.stack()[0]
    text = {"type": "plain_text", "text": "Newer"}
    newer = {"type": "modal", "callback_id": "newer", "title": text, "submit": text, "blocks": [{"type": "divider"}]}
    client = WebClient(token=bot.bot_token, base_url=bot.api_url)
    client.views_update(view_id=view["id"], view=newer)
    assert not ana.submits().get("closed")
    assert "another version of runtask" in shown(bot.wait_for(ana.modal))
    assert published() == []
