"""Favourites: the star in the form, the picker, and Home."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django_celery_beat.models import PeriodicTask

from bot.core.reasons import Code
from bot.models import Favourite, Run, SlackLink
from bot.runs import favourites
from bot.slack import texts
from bot.slack.ids import DETAILS_PREFIX, FILL_PREFIX, Id
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import Schedule
from tests.wire.ended import an_ended_run
from tests.wire.form import inputs, opened, picked, shown, top
from tests.wire.homes import favourites_of, home_of, newer, says

Json = dict[str, Any]


@pytest.fixture
def user(ana: Person) -> User:
    """Ana on the site, with her link."""
    found = User.objects.get(username="ana")
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0ANA", user=found)
    return found


def star(form: Json) -> str:
    """The action id of the form's star, which says whether the schedule is a favourite."""
    (block,) = [block for block in form["blocks"] if block["block_id"].startswith(DETAILS_PREFIX)]
    return str(block["accessory"]["action_id"])


def press(slack: LocalSlack, person: Person) -> Json:
    """Presses the star, and returns the form after that."""
    before = top(person)
    person.clicks(DETAILS_PREFIX, star(before))
    slack.wait_for(lambda: top(person)["hash"] != before["hash"])
    return top(person)


def test_a_star_is_turned_without_losing_what_somebody_has_typed(
    bot: LocalSlack, ana: Person, user: User, schedule: Schedule
) -> None:
    row = schedule(kwargs='{"days": 7}')
    an_ended_run(row, kwargs='{"days": 8}', user=user)
    form = opened(bot, ana, "/runtask nightly")
    assert star(form) == Id.STAR
    ana.fills("kwargs:", None, '{"days": 30}')
    ana.fills("args:", None, "[1")
    form = press(bot, ana)
    assert star(form) == Id.UNSTAR
    assert inputs(form) == {"args": "[1", "kwargs": '{"days": 30}'}
    assert Favourite.objects.get().schedule_id == row.pk
    form = press(bot, ana)
    assert star(form) == Id.STAR
    assert not Favourite.objects.exists()
    ana.fills("args:", None, "[]")
    assert ana.submits()["closed"]
    assert Run.objects.latest("pk").kwargs == '{"days": 30}'


def test_a_star_is_turned_although_slack_returns_texts_that_are_too_long_to_be_sent_again(
    http_bot: LocalSlack, ana: Person, user: User, schedule: Schedule
) -> None:
    """An option's description has at most 75 characters. Slack returns each `>` in it as four characters."""
    changes = [{"name": "region", "old": None, "new": ">" * 70}]
    an_ended_run(schedule(), kwargs=f'{{"region": "{">" * 70}"}}', changes=changes, user=user)
    form = opened(http_bot, ana, "/runtask nightly")
    turned = press(http_bot, ana)
    assert star(turned) == Id.UNSTAR
    (shown_before, shown_now) = (
        next(block for block in one["blocks"] if block["block_id"].startswith(FILL_PREFIX)) for one in (form, turned)
    )
    assert shown_now == shown_before


def test_a_schedule_can_be_picked_and_filled_in_after_its_star_was_turned(
    http_bot: LocalSlack, ana: Person, user: User, schedule: Schedule
) -> None:
    schedule(kwargs='{"days": 7}')
    an_ended_run(schedule("Other", kwargs='{"days": 1}'), kwargs='{"days": 2}', user=user)
    opened(http_bot, ana, "/runtask nightly")
    press(http_bot, ana)
    assert star(picked(http_bot, ana, "Other")) == Id.STAR
    press(http_bot, ana)
    before = top(ana)
    option = next(b for b in before["blocks"] if b["block_id"].startswith(FILL_PREFIX))["element"]["options"][1]
    ana.sets(FILL_PREFIX, Id.FILL_SELECT, selected_option=option)
    http_bot.wait_for(lambda: top(ana)["hash"] != before["hash"])
    assert inputs(top(ana))["kwargs"] == '{\n  "days": 2\n}'
    assert star(top(ana)) == Id.UNSTAR
    assert star(picked(http_bot, ana, "Nightly report")) == Id.UNSTAR


def test_a_star_does_not_bring_back_a_form_that_shows_something_else_by_now(
    http_bot: LocalSlack, ana: Person, user: User, schedule: Schedule
) -> None:
    schedule()
    schedule("Other")
    opened(http_bot, ana, "/runtask nightly")
    press(http_bot, ana)
    late = http_bot.deliveries("block_actions")[-1]
    form = picked(http_bot, ana, "Other")
    actions = [{**late["actions"][0], "action_ts": "1.5"}]
    updates = len(http_bot.calls("views.update"))
    http_bot.deliver("block_actions", {**late, "actions": actions})
    picked(http_bot, ana, "Nightly report")
    assert star(top(ana)) == Id.UNSTAR
    assert form["hash"] != top(ana)["hash"]
    assert len(http_bot.calls("views.update")) == updates + 1


def test_the_picker_offers_favourites_first_while_nothing_is_typed(
    http_bot: LocalSlack, ana: Person, user: User, schedule: Schedule
) -> None:
    rows = [schedule(name) for name in ("Alpha", "Beta", "Gamma")]
    Favourite.objects.create(user=user, place=0, schedule_id=rows[2].pk)
    opened(http_bot, ana)
    answer = ana.suggests(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "")
    groups = [(g["label"]["text"], [o["text"]["text"] for o in g["options"]]) for g in answer["option_groups"]]
    assert groups == [(texts.FAVOURITES, ["Gamma"]), (texts.ALL_SCHEDULES, ["Alpha", "Beta"])]
    assert ana.labels(Id.SCHEDULE_BLOCK, Id.SCHEDULE_SELECT, "a") == ["Alpha", "Beta", "Gamma"]


def test_favourites_are_listed_run_and_removed_on_home(
    bot: LocalSlack, ana: Person, user: User, schedule: Schedule
) -> None:
    rows = [schedule(name, kwargs='{"days": 7}') for name in ("Beta", "alpha", "*Gone*")]
    for place, row in enumerate(rows):
        Favourite.objects.create(user=user, place=place, schedule_id=row.pk)
    PeriodicTask.objects.get(pk=rows[2].pk).delete()
    home = home_of(bot, ana)
    assert favourites_of(home) == [str(rows[1].pk), str(rows[0].pk)]
    assert "Gone" not in shown(home)
    ana.presses_home(Id.HOME_RUN_FAVOURITE, str(rows[0].pk))
    form = bot.wait_for(ana.modal)
    assert form["blocks"][0]["element"]["initial_option"]["text"]["text"] == "Beta"
    assert inputs(form)["kwargs"] == '{\n  "days": 7\n}'
    ana.closes()
    ana.picks_on_home(Id.HOME_UNSTAR, str(rows[1].pk))
    assert favourites_of(newer(bot, ana, home["hash"])) == [str(rows[0].pk)]


@pytest.mark.usefixtures("delivering")
def test_a_star_in_the_form_appears_on_an_open_home(
    http_bot: LocalSlack, ana: Person, user: User, schedule: Schedule
) -> None:
    schedule()
    home_of(http_bot, ana)
    ana.presses_home(Id.HOME_RUN)
    http_bot.wait_for(ana.modal)
    picked(http_bot, ana, "Nightly report")
    press(http_bot, ana)
    says(http_bot, ana, "Nightly report")


def test_one_favourite_too_many_is_refused_in_a_window_above_the_form(
    http_bot: LocalSlack, ana: Person, user: User, schedule: Schedule
) -> None:
    for number in range(favourites.MOST):
        Favourite.objects.create(user=user, place=number, schedule_id=schedule(f"No. {number}").pk)
    schedule()
    opened(http_bot, ana, "/runtask nightly")
    ana.fills("kwargs:", None, '{"days": 30}')
    ana.clicks(DETAILS_PREFIX, Id.STAR)
    http_bot.wait_for(lambda: len(ana.stack()) == 2)
    assert SENTENCES[Code.FAVOURITES_FULL].format(limit=20) in shown(top(ana))
    ana.closes()
    assert inputs(top(ana))["kwargs"] == '{"days": 30}'
    assert Favourite.objects.count() == favourites.MOST


@pytest.mark.parametrize("value", ["999999999", str(2**70)])
def test_a_star_for_a_schedule_that_is_not_there_is_refused(
    http_bot: LocalSlack, ana: Person, user: User, schedule: Schedule, value: str
) -> None:
    """Only a modified client sends this."""
    schedule()
    opened(http_bot, ana, "/runtask nightly")
    press(http_bot, ana)
    Favourite.objects.all().delete()
    payload = http_bot.deliveries("block_actions")[-1]
    action = {**payload["actions"][0], "value": value, "action_ts": "1.5"}
    answer = http_bot.deliver("block_actions", {**payload, "actions": [action]})
    assert answer["status"] == 200
    http_bot.wait_for(lambda: http_bot.calls("views.push"))
    assert SENTENCES[Code.GONE] in str(http_bot.calls("views.push"))
    assert not Favourite.objects.exists()
