"""Mentions are answered with a button that opens the form, filled as somebody wrote. Nothing runs before a press of Run."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from bot.core.reasons import Code
from bot.models import Draft, Run, SlackLink
from bot.runs import clock, drafts
from bot.slack.ids import INPUT_TEXT, Id
from bot.slack.texts import MENTION_HELP, SORRY, WRITE_SO
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.form import inputs, picked, shown, words
from tests.wire.mentioning import BOT, answer, answers, buttons, chosen, refusal, said, selected, subscribe

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def subscribed(slack: LocalSlack) -> None:
    subscribe(slack)


def test_the_button_that_answers_a_mention_opens_the_form_as_somebody_wrote(
    bot: LocalSlack, ana: Person, schedule: Schedule, published: Callable[[], list[Any]]
) -> None:
    schedule("Nightly sales", "shop.sales", kwargs='{"days": 7, "rate": 1.10}')
    message = answer(bot, ana, f'{BOT} nightly sales days=30 region="EU west"')
    assert "Nothing has been sent" in said(message)
    assert "*Nightly sales*" in said(message)
    [button] = buttons(message)
    assert button["text"]["text"] == "Choose parameters"
    assert bot.person("U0BEN").ephemerals(OPS) == []
    assert (published(), Run.objects.count(), bot.calls("views.open")) == ([], 0, [])

    modal = chosen(bot, ana, message)
    assert selected(modal) == "Nightly sales"
    assert inputs(modal)["kwargs"] == '{\n  "days": 30,\n  "rate": 1.10,\n  "region": "EU west"\n}'
    assert "From your message: `days`, `region`. The rest is as stored." in shown(modal)
    assert ana.submits()["closed"]
    run = Run.objects.get()
    assert json.loads(run.kwargs) == {"days": 30, "rate": 1.1, "region": "EU west"}
    assert (run.channel, run.parent, run.slack_user) == (OPS, None, "U0ANA")
    [sent] = published()
    assert sent.payload[1] == {"days": 30, "rate": 1.1, "region": "EU west"}


def test_in_a_thread_the_answer_and_the_run_stay_there(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, delivering: None
) -> None:
    schedule()
    root = ana.types(OPS, "the report is wrong")["ts"]
    message = answer(http_bot, ana, f"{BOT} nightly", root)
    assert message["thread_ts"] == root
    chosen(http_bot, ana, message)
    assert ana.submits()["closed"]
    assert (Run.objects.get().channel, Run.objects.get().parent) == (OPS, root)
    http_bot.wait_for(lambda: "Task id" in str(ana.thread(OPS, root)), 20)
    assert [one["ts"] for one in ana.messages(OPS)] == [root]


def test_a_mention_can_contain_a_list_and_an_object_in_json(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule(args="[1]", kwargs='{"days": 7}')
    modal = chosen(http_bot, ana, answer(http_bot, ana, f'{BOT} "nightly report" [2, "x < y"] ```{{"days": null}}```'))
    assert json.loads(inputs(modal)["args"]) == [2, "x < y"]
    assert json.loads(inputs(modal)["kwargs"]) == {"days": None}
    assert "The list of arguments is from your message." in shown(modal)


def test_only_the_first_five_matches_have_buttons(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    for number in range(7):
        schedule(f"Report {number}")
    message = answer(http_bot, ana, f"{BOT} report days=3")
    assert len(buttons(message)) == 5
    assert "matches 7 schedules" in said(message)
    assert "Not shown: 2 more." in said(message)
    modal = chosen(http_bot, ana, message, 3)
    assert selected(modal) == "Report 3"
    assert json.loads(inputs(modal)["kwargs"]) == {"days": 3}


def test_an_exact_name_wins(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("report")
    schedule("report of the day")
    assert len(buttons(answer(http_bot, ana, f"{BOT} report"))) == 1


def test_the_answer_says_if_a_name_fits_no_schedule(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    message = answer(http_bot, ana, f"{BOT} weekly days=1")
    assert "No schedule matches “weekly”" in said(message)
    assert buttons(message) == []


@pytest.mark.parametrize("text", [BOT, f" {BOT} help", f"{BOT} STATUS", f"{BOT} again"])
def test_a_mention_without_a_schedules_name_gets_a_short_help(http_bot: LocalSlack, ana: Person, text: str) -> None:
    assert said(answer(http_bot, ana, text)) == MENTION_HELP.format(command="/runtask")


@pytest.mark.parametrize("text", [f'{BOT} "help"', f"{BOT} help days=1"])
def test_a_schedule_that_is_called_help_can_be_named(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, text: str
) -> None:
    schedule("help")
    assert "*help*" in said(answer(http_bot, ana, text))


def test_the_answer_says_why_values_can_not_be_read(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    message = answer(http_bot, ana, f'{BOT} nightly {{"password": "hunter2hunter2",}}')
    assert SENTENCES[Code.TRAILING_COMMA] in said(message)
    assert WRITE_SO in said(message)
    assert "hunter2" not in json.dumps(message)


def test_secrets_are_neither_kept_nor_filled_in_nor_repeated(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    schedule(task="shop.sales", kwargs='{"days": 7, "api_key": "stored-by-ana"}')
    message = answer(http_bot, ana, f"{BOT} nightly days=30 api_key=hunter2hunter2")
    assert "Left out, as they are secret: `api_key`" in said(message)
    modal = chosen(http_bot, ana, message)
    assert json.loads(inputs(modal)["kwargs"]) == {"days": 30, "api_key": "••••••"}
    assert "Left out of your message, as they are secret: `api_key`" in shown(modal)
    everything = json.dumps([modal, message, list(Draft.objects.values())], default=str)
    assert "hunter2" not in everything + caplog.text
    assert ana.submits()["closed"]
    assert json.loads(Run.objects.get().kwargs) == {"days": 30, "api_key": "stored-by-ana"}


def test_a_list_with_a_secret_is_left_out(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    message = answer(http_bot, ana, f'{BOT} nightly ["--password", "hunter2hunter2"]')
    assert "The list of arguments is left out" in said(message)
    modal = chosen(http_bot, ana, message)
    assert inputs(modal)["args"] == "[]"
    assert "The list of arguments of your message is left out" in shown(modal)


def test_values_that_no_input_can_show_are_left_out(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule(kwargs='{"days": 7}')
    modal = chosen(http_bot, ana, answer(http_bot, ana, f"{BOT} nightly text={'x' * INPUT_TEXT}"))
    assert json.loads(inputs(modal)["kwargs"]) == {"days": 7}
    assert "The values of your message are left out" in shown(modal)
    assert "From your message" not in shown(modal)


def test_hostile_text_stays_text(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("<!channel> *x* `y` report")
    before = len(answers(http_bot))
    for text in ("<!channel> *x*", "nothing <!here> `z` <https://evil.example|ok>", "report <@U0BEN>=1 `a*b*=2"):
        answer(http_bot, ana, f"{BOT} {text}")
    sent = words([call["blocks"] for call in answers(http_bot)[before:]])
    for sequence in ("<!channel>", "<!here>", "<@U0BEN>", "|ok>"):
        assert sequence not in sent
    modal = chosen(http_bot, ana, ana.ephemerals(OPS)[-1])
    assert "<@U0BEN>" not in words(http_bot.calls("views.open")[-1]["view"]["blocks"])
    assert json.loads(inputs(modal)["kwargs"]) == {"U0BEN": 1, "a*b*": 2}


def test_a_form_is_refused_if_the_schedule_changed_since_it_was_shown(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    row = schedule()
    chosen(http_bot, ana, answer(http_bot, ana, f"{BOT} nightly days=30"))
    row.queue = "other"
    row.save()
    assert "Somebody has changed this schedule" in str(ana.submits()["errors"])


def test_another_schedule_that_is_picked_has_its_stored_values(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    schedule("Weekly report", kwargs='{"weeks": 1}')
    chosen(http_bot, ana, answer(http_bot, ana, f"{BOT} nightly days=30"))
    assert json.loads(inputs(picked(http_bot, ana, "Weekly report"))["kwargs"]) == {"weeks": 1}


def test_a_button_may_be_pressed_again_and_again_but_not_after_ten_minutes(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    message = answer(http_bot, ana, f"{BOT} nightly days=30")
    for _ in range(2):
        assert json.loads(inputs(chosen(http_bot, ana, message))["kwargs"]) == {"days": 30}
        ana.closes()
    Draft.objects.update(valid_until=clock.now() - timedelta(seconds=1))
    assert refusal(http_bot, ana, message) == SENTENCES[Code.NO_SUCH_DRAFT]


def test_the_form_says_if_the_schedule_no_longer_exists(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    row = schedule()
    message = answer(http_bot, ana, f"{BOT} nightly days=30")
    row.delete()
    assert "no longer exists" in shown(chosen(http_bot, ana, message))


def test_people_who_may_not_act_read_why_and_no_names(http_bot: LocalSlack, ben: Person, schedule: Schedule) -> None:
    schedule("Operation Nightfall")
    assert "runtask staff add U0CARA" in said(answer(http_bot, http_bot.person("U0CARA"), f"{BOT} nightfall"))
    assert "Guests" in said(answer(http_bot, http_bot.person("U0GIL"), f"{BOT} nightfall"))
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0BEN", user=User.objects.get(username="ben"))
    assert "isn't a staff account" in said(answer(http_bot, ben, f"{BOT} nightfall"))
    assert "Operation" not in json.dumps(answers(http_bot))


def test_of_very_many_mentions_within_a_minute_only_the_first_are_answered(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many somebody writes, neither the table of drafts nor the channel is filled."""
    schedule()
    monkeypatch.setattr(drafts, "MOST", 2)
    for _ in range(2):
        assert buttons(answer(http_bot, ana, f"{BOT} nightly"))
    assert "I answer again in a minute" in said(answer(http_bot, ana, f"{BOT} nightly"))
    for _ in range(3):
        ana.types(OPS, f"{BOT} nightly")
    assert "isn't a staff account" not in said(answer(http_bot, http_bot.person("U0CARA"), f"{BOT} nightly"))
    assert (len(answers(http_bot)), Draft.objects.count()) == (4, 4)
    Draft.objects.update(valid_until=F("valid_until") - timedelta(minutes=1))
    assert buttons(answer(http_bot, ana, f"{BOT} nightly"))


def test_somebody_of_another_workspace_is_refused(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    SlackLink.objects.create(team="T0ELSE", slack_user="U0OLGA", user=User.objects.get(username="ana"))
    http_bot.person("U0OLGA").types("C0SHARED", f"{BOT} nightly")
    http_bot.wait_for(lambda: answers(http_bot))
    assert SENTENCES[Code.OTHER_TEAM] in str(answers(http_bot))


def test_when_slack_can_not_be_asked_nobody_gets_a_button(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("Operation Nightfall")
    http_bot.fault("http500", method="auth.test", count=0)
    assert SENTENCES[Code.SLACK_SILENT] in said(answer(http_bot, ana, f"{BOT} nightfall"))


def test_people_who_lose_their_rights_can_not_open_the_form_any_more(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    message = answer(http_bot, ana, f"{BOT} nightly")
    User.objects.update(is_staff=False)
    assert "isn't a staff account" in refusal(http_bot, ana, message)


def test_the_answer_says_that_something_failed(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr("bot.runs.see.named", fails)
    assert said(answer(http_bot, ana, f"{BOT} nightly")) == SORRY


def test_the_person_reads_that_the_trigger_has_expired(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    message = answer(http_bot, ana, f"{BOT} nightly")
    http_bot.fault("error", method="views.open", error="expired_trigger_id")
    assert "Please press *Choose parameters* again" in refusal(http_bot, ana, message)
    assert buttons(ana.ephemerals(OPS)[0])
    assert chosen(http_bot, ana, message)["callback_id"] == Id.RUN_MODAL
