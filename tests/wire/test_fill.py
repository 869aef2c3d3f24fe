"""The form's menu "Fill in from": what it offers, and what is sent after a choice."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_celery_beat.models import PeriodicTask

from bot.core.scrub import MASK
from bot.models import Run, SlackLink
from bot.runs import again
from bot.slack.ids import FILL_PREFIX, STORED, Id
from bot.slack.metadata import Metadata
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import Schedule
from tests.wire.ended import an_ended_run, newest, press, typed_before
from tests.wire.form import errors, fill_from, inputs, menu, opened, picked, shown, top

Json = dict[str, Any]


def test_a_masked_secret_is_sent_as_in_the_run(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule("Paid", task="shop.pay", kwargs='{"days": 7, "api_key": "key-of-today"}')
    user = User.objects.get(username="ana")
    run = an_ended_run(row, kwargs='{"days": 30, "api_key": "key-of-the-run"}', user=user)
    opened(http_bot, ana, "/runtask Paid")
    modal = fill_from(http_bot, ana, str(run.pk))
    assert json.loads(inputs(modal)["kwargs"]) == {"days": 30, "api_key": MASK}
    assert f"api_key: {MASK} (a secret was changed)" in shown(modal)
    assert "is a secret of that run" in json.dumps(modal["blocks"][-1])
    ana.fills("kwargs:", None, json.dumps({"days": 31, "api_key": MASK}))
    assert ana.submits()["closed"]
    assert json.loads(newest().kwargs) == {"days": 31, "api_key": "key-of-the-run"}
    for call in http_bot.calls("views.update") + http_bot.calls("views.open"):
        assert "key-of" not in json.dumps(call)


def test_a_secret_that_somebody_else_typed_must_be_typed_anew(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    """Whoever edits a host in somebody else's run must not send that person's password there."""
    row = schedule("Paid", task="shop.pay", kwargs='{"host": "shop", "password": "stored", "token": "t"}')
    cara = User.objects.create_user("cara", is_staff=True)
    run = an_ended_run(row, kwargs='{"host": "shop", "password": "of-cara", "token": "t"}', user=cara)
    opened(http_bot, ana, "/runtask Paid")
    told = fill_from(http_bot, ana, str(run.pk))["blocks"][-1]["hint"]["text"]
    assert told == (
        f"{{}} sends none. {MASK} at password is a secret of somebody else's run: type it yourself."
        f" Any other {MASK} is sent as in that run."
    )
    ana.fills("kwargs:", None, json.dumps({"host": "evil", "password": MASK}))
    (refused,) = errors(ana.submits()).values()
    assert "At password, •••••• stands for a secret of somebody else's run" in refused
    assert newest().pk == run.pk
    ana.fills("kwargs:", None, json.dumps({"host": "evil", "password": "of-ana"}))
    assert ana.submits()["closed"]


def test_a_long_text_with_a_secret_of_somebody_else_can_not_be_sent(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row = schedule("Paid", task="shop.pay", kwargs="{}")
    cara = User.objects.create_user("cara", is_staff=True)
    run = an_ended_run(row, kwargs=json.dumps({"password": "of-cara", "text": "x" * 4_000}), user=cara)
    opened(http_bot, ana, "/runtask Paid")
    modal = fill_from(http_bot, ana, str(run.pk))
    assert "They can't be sent from here: they hold secrets of somebody else's run, at password." in shown(modal)
    assert "sent as in that run" not in json.dumps(modal)
    (refused,) = errors(ana.submits()).values()
    assert "At password" in refused


def test_menus_that_slack_sends_back_as_null_count_as_their_prefill(
    bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    """Slack does so at times after an update of the form (gh:slackapi/bolt-js#1073)."""
    row = schedule("Paid", task="shop.pay", kwargs='{"days": 7}')
    run = an_ended_run(row, kwargs='{"days": 30}')
    opened(bot, ana)
    picked(bot, ana, row.name)
    fill_from(bot, ana, str(run.pk))
    bot.fault("null_state")
    assert ana.submits()["closed"]
    assert json.loads(newest().kwargs) == {"days": 30}


def test_values_too_long_to_edit_are_sent_as_in_the_run(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    sent = json.dumps({"ids": list(range(1000))})
    run = an_ended_run(schedule("Large", task="shop.large", kwargs='{"ids": []}'), kwargs=sent)
    opened(http_bot, ana, "/runtask Large")
    modal = fill_from(http_bot, ana, str(run.pk))
    assert list(inputs(modal)) == ["args"]
    assert "They will be sent as in that run." in shown(modal)
    assert ana.submits()["closed"]
    assert newest().kwargs == sent


def test_the_menu_has_the_last_five_different_sets_of_values(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule("Nightly report", task="shop.daily", kwargs='{"a": 1, "days": 7}')
    user = User.objects.get(username="ana")
    opened(bot, ana, "/runtask nightly")
    assert menu(top(ana)) == []
    ana.closes()
    runs = [
        an_ended_run(
            row, kwargs=f'{{"a": 1, "days": {days}}}', changes=[{"name": "days", "old": "7", "new": f"{days}"}]
        )
        for days in (1, 2, 3, 4, 5, 6)
    ]
    an_ended_run(row)  # a run with the stored values
    same = an_ended_run(
        row,
        kwargs='{"days": 3, "a": 1}',
        user=user,
        status="FAILURE",
        changes=[{"name": "days", "old": "7", "new": "3"}],
    )
    an_ended_run(row, kwargs='{"days": 99}', state="sent", status="")
    an_ended_run(schedule("Other"), kwargs='{"days": 98}')
    options = menu(opened(bot, ana, "/runtask nightly"))
    expected = [STORED, *(str(run.pk) for run in (same, runs[5], runs[4], runs[3], runs[1]))]
    assert [option["value"] for option in options] == expected
    assert options[1]["text"]["text"] == f"ana, {same.created_at:%Y-%m-%d %H:%M} UTC: FAILURE"
    assert options[1]["description"]["text"] == "days: 7 -&gt; 3"
    assert options[2]["text"]["text"].startswith("Somebody, ")
    modal = fill_from(bot, ana, str(runs[1].pk))
    assert json.loads(inputs(modal)["kwargs"])["days"] == 2
    modal = fill_from(bot, ana, STORED)
    assert json.loads(inputs(modal)["kwargs"])["days"] == 7
    assert "asked for it on" not in shown(modal)


def test_another_schedule_that_is_picked_has_its_own_values(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    run = an_ended_run(schedule("One", task="shop.one", kwargs='{"days": 1}'), kwargs='{"days": 2}')
    schedule("Two", task="shop.two", kwargs='{"days": 3}')
    opened(http_bot, ana, "/runtask One")
    before = fill_from(http_bot, ana, str(run.pk))["hash"]
    ana.picks(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "Two", "Two")
    http_bot.wait_for(lambda: top(ana)["hash"] != before)
    assert json.loads(inputs(top(ana))["kwargs"]) == {"days": 3}
    assert ana.submits()["closed"]
    assert newest().kwargs == '{"days": 3}'


def test_values_that_are_not_shown_yet_are_not_sent(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run is pressed while other values are still on their way into the form."""
    run = an_ended_run(schedule("One", task="shop.one", kwargs='{"days": 1}'), kwargs='{"days": 2}')
    opened(http_bot, ana, "/runtask One")
    http_bot.fault("http500", method="views.update")
    option = menu(top(ana))[1]
    ana.sets(FILL_PREFIX, Id.FILL_SELECT, selected_option=option)
    http_bot.wait_for(lambda: http_bot.calls("views.update"))
    ana.submits()
    assert Run.objects.count() == 1
    assert json.loads(inputs(top(ana))["kwargs"]) == {"days": 2}
    assert "had not appeared yet" in shown(top(ana))
    assert ana.submits()["closed"]
    assert newest().kwargs == '{"days": 2}'
    assert run.pk != newest().pk


def test_a_schedule_or_a_run_that_changed_meanwhile_is_refused(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    run = an_ended_run(schedule("One", task="shop.one", kwargs='{"days": 1}'), kwargs='{"days": 2}')
    opened(http_bot, ana, "/runtask One")
    fill_from(http_bot, ana, str(run.pk))
    Run.objects.filter(pk=run.pk).update(kwargs='{"days": 3}')  # as if it had not been sent, and was tried again
    assert "changed this schedule" in errors(ana.submits())[Id.SCHEDULE_BLOCK]
    Run.objects.filter(pk=run.pk).update(kwargs='{"days": 2}')
    PeriodicTask.objects.update(queue="slow")
    assert "changed this schedule" in errors(ana.submits())[Id.SCHEDULE_BLOCK]
    run.delete()
    assert "There is no such run" in errors(ana.submits())[Id.SCHEDULE_BLOCK]
    assert not Run.objects.exists()


@pytest.mark.parametrize("which", ["another of this schedule", "one of another schedule"])
def test_a_form_that_names_a_run_it_was_not_filled_from_gains_nothing(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, which: str
) -> None:
    row, other = schedule("One", task="shop.one", kwargs='{"api_key": "1"}'), schedule("Two", task="shop.two")
    mine = an_ended_run(row, kwargs='{"api_key": "mine"}')
    theirs = an_ended_run(row if which == "another of this schedule" else other, kwargs='{"api_key": "theirs"}')
    opened(http_bot, ana, "/runtask One")
    view = fill_from(http_bot, ana, str(mine.pk))
    metadata = Metadata.load(view["private_metadata"])
    fill = next(block["block_id"] for block in view["blocks"] if block["block_id"].startswith(FILL_PREFIX))
    forged = {**view, "private_metadata": Metadata(**{**vars(metadata), "again": theirs.pk}).dump()}
    forged["state"]["values"][fill][Id.FILL_SELECT]["selected_option"]["value"] = str(theirs.pk)
    user = {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0LOCAL"}
    payload = {
        "type": "view_submission",
        "team": {"id": "T0LOCAL"},
        "user": user,
        "view": forged,
        "api_app_id": "A0LOCAL",
    }
    answer = http_bot.deliver("view_submission", payload)
    assert "was not opened for you" in json.dumps(answer)
    assert Run.objects.count() == 2


def test_somebody_of_another_workspace_is_named_and_not_mentioned(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    cara = User.objects.create_user("cara", is_staff=True)
    SlackLink.objects.create(team="T0ELSE", slack_user="U0CARA", user=cara)
    there: Json = {"installation": "T0ELSE/A0LOCAL", "team": "T0ELSE", "slack_user": "U0CARA", "user": cara}
    run = an_ended_run(schedule("One", task="shop.one", kwargs='{"days": 1}'), kwargs='{"days": 2}', **there)
    opened(http_bot, ana, "/runtask One")
    modal = fill_from(http_bot, ana, str(run.pk))
    assert "As *cara* asked for it on" in shown(modal)
    assert "U0CARA" not in json.dumps(modal)


def test_the_menu_holds_an_older_run_while_it_is_chosen(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule("One", task="shop.one", kwargs='{"days": 0}')
    oldest, *_ = [an_ended_run(row, kwargs=f'{{"days": {days + 1}}}') for days in range(again.LOOKED_AT + 1)]
    typed_before(http_bot, ana)
    http_bot.deliver("block_actions", press(http_bot, "U0ANA", oldest))
    modal = http_bot.wait_for(ana.modal)
    assert [option["value"] for option in menu(modal)][-1] == str(oldest.pk)
    assert len(menu(modal)) == again.SETS + 2
    assert ana.submits()["closed"]
    assert newest().kwargs == oldest.kwargs
