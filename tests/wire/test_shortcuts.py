"""A run from the shortcut on a message reports in that message's thread; a run from the menu, where the form says."""

import json
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.core.reasons import Code
from bot.models import Notice, NoticeState, Run
from bot.slack.ids import Id
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.ended import buttons, newest
from tests.wire.form import opened, picked, top
from tests.wire.test_destinations import ends
from tests.wire.test_submission import forged
from tests.wire.test_thread import FINAL, all_words, finished

Json = dict[str, Any]


def used(slack: LocalSlack, person: Person, shortcut: str, *message: str) -> Json:
    """Uses a shortcut and waits for what opens."""
    assert person.uses(shortcut, *message) == {"ok": True, "dispatched": True}
    return slack.wait_for(person.modal)


def run_here(slack: LocalSlack, person: Person, channel: str, ts: str) -> Run:
    """Runs a schedule in the thread of a message. Returns the run, which has not ended."""
    used(slack, person, Id.RUN_HERE_SHORTCUT, channel, ts)
    picked(slack, person, "Nightly report")
    assert person.submits()["closed"]
    return newest()


def report_in(person: Person, channel: str | None) -> Json:
    return person.sets(Id.REPORT_BLOCK, Id.REPORT_SELECT, selected_conversation=channel)


def replies(slack: LocalSlack, person: Person, channel: str, ts: str, number: int = 3) -> list[Json]:
    """Waits until the thread has all the run's messages and the root shows the end, and returns them."""

    def look() -> list[Json] | None:
        found = [one for one in person.thread(channel, ts) if one.get("app_id") == "A0LOCAL"]
        return found if len(found) == number and FINAL.search(found[0]["text"]) else None

    return slack.wait_for(look, 20)


@pytest.fixture
def alarm(slack: LocalSlack) -> WebClient:
    """The client of another bot."""
    slack.add_app("A0ALARM", name="Alarm")
    other = slack.install("A0ALARM", "T0LOCAL", channels=[OPS], bot_user_id="U0ALARM", bot_id="B0ALARM")
    return WebClient(token=other.bot_token, base_url=slack.api_url)


def blocks(modal: Json) -> list[str]:
    return [block["block_id"] for block in modal["blocks"]]


@pytest.mark.usefixtures("worker", "delivering")
def test_a_runs_messages_are_replies_to_a_persons_message_in_order(
    bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule
) -> None:
    schedule()
    asked = ben.types(OPS, "Can somebody run the report?")["ts"]
    stored = run_here(bot, ana, OPS, asked)
    root, task_id, final = replies(bot, ana, OPS, asked)
    assert "ran" in all_words(root)
    assert "SUCCESS" in all_words(root)
    assert stored.task_id in all_words(task_id)
    assert "SUCCESS" in all_words(final)
    assert [one["ts"] for one in ana.messages(OPS)] == [asked], "nothing stands outside the thread"
    stored.refresh_from_db()
    assert (stored.channel, stored.parent, stored.thread, stored.redirected_from) == (OPS, asked, root["ts"], "")


@pytest.mark.usefixtures("delivering")
def test_a_run_can_report_in_the_thread_of_another_bots_message(
    http_bot: LocalSlack, ana: Person, alarm: WebClient, schedule: Schedule
) -> None:
    schedule()
    ts = alarm.chat_postMessage(channel=OPS, text="Disk is full")["ts"]
    ends(run_here(http_bot, ana, OPS, ts))
    assert len(replies(http_bot, ana, OPS, ts)) == 3


@pytest.mark.usefixtures("delivering")
def test_on_a_reply_the_run_reports_in_the_thread_of_that_reply(
    http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule
) -> None:
    schedule()
    parent = ben.types(OPS, "Look")["ts"]
    reply = ben.types(OPS, "here", parent)["ts"]
    ends(run_here(http_bot, ana, OPS, reply))
    assert len(replies(http_bot, ana, OPS, parent)) == 3
    assert {call["thread_ts"] for call in http_bot.calls("chat.postMessage")} == {parent}


@pytest.mark.usefixtures("delivering")
def test_run_again_in_a_thread_stays_there(http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule) -> None:
    schedule()
    asked = ben.types(OPS, "Run it")["ts"]
    ends(run_here(http_bot, ana, OPS, asked))
    root, *_ = replies(http_bot, ana, OPS, asked)
    http_bot.wait_for(lambda: Id.RUN_AGAIN in buttons(ana.thread(OPS, asked)[0]))
    ana.clicks_in(OPS, root["ts"], Id.RUN_AGAIN)
    assert Id.REPORT_BLOCK not in blocks(http_bot.wait_for(ana.modal))
    assert ana.submits()["closed"]
    again = newest()
    assert (again.channel, again.parent) == (OPS, asked)
    http_bot.wait_for(lambda: len(ana.thread(OPS, asked)) == 5)


@pytest.mark.usefixtures("delivering")
def test_if_the_bot_is_not_in_the_private_channel_the_run_reports_in_a_direct_message(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    asked = http_bot.person("U0CARA").types("G0SECRET", "Run it")["ts"]
    ends(run_here(http_bot, ana, "G0SECRET", asked))
    root, thread = finished(http_bot, ana, ana.dm())
    assert "not a member" in all_words(root)
    assert len(thread) == 2
    assert newest().parent is None


@pytest.mark.usefixtures("delivering")
@pytest.mark.parametrize(
    ("fault", "left"),
    [
        pytest.param({}, 0, id="Slack posts the reply outside the thread"),
        pytest.param(
            {"method": "chat.delete", "error": "cant_delete_message"}, 1, id="the bot can't delete that reply"
        ),
        pytest.param({"method": "chat.postMessage", "error": "thread_not_found"}, 0, id="Slack refuses the reply"),
    ],
)
def test_if_the_message_was_deleted_the_run_reports_in_a_direct_message(
    http_bot: LocalSlack, ana: Person, alarm: WebClient, schedule: Schedule, fault: Json, left: int
) -> None:
    """Slack refuses a reply to a message that is gone, or posts it outside the thread. There, the bot tries to delete it."""
    schedule()
    ts = alarm.chat_postMessage(channel=OPS, text="Disk is full")["ts"]
    used(http_bot, ana, Id.RUN_HERE_SHORTCUT, OPS, ts)
    picked(http_bot, ana, "Nightly report")
    alarm.chat_delete(channel=OPS, ts=ts)
    if fault:
        http_bot.fault("error", **fault)
    assert ana.submits()["closed"]
    ends(newest())
    root, thread = finished(http_bot, ana, ana.dm())
    assert "its thread is gone" in all_words(root)
    assert len(thread) == 2
    assert len(ana.messages(OPS)) == left


@pytest.mark.usefixtures("delivering")
def test_a_message_whose_answer_was_lost_is_found_among_the_replies(
    http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule
) -> None:
    schedule()
    asked = ben.types(OPS, "Run it")["ts"]
    http_bot.fault("lost_answer", method="chat.postMessage", count=2)
    ends(run_here(http_bot, ana, OPS, asked))
    replies(http_bot, ana, OPS, asked)
    http_bot.wait_for(lambda: not Notice.objects.exclude(state=NoticeState.SENT).exists())
    assert len(ana.thread(OPS, asked)) == 3
    assert http_bot.calls("conversations.replies")


@pytest.mark.parametrize(
    "change",
    [{"parent": "1700000000.000100"}, {"parent": None}, {"channel": "C0QUIET"}, {"channel": "", "parent": None}],
    ids=["another thread", "no thread", "another channel", "no place"],
)
def test_a_form_for_a_thread_can_not_be_changed_to_report_elsewhere(
    http_bot: LocalSlack, ana: Person, ben: Person, schedule: Schedule, change: Json
) -> None:
    schedule()
    used(http_bot, ana, Id.RUN_HERE_SHORTCUT, OPS, ben.types(OPS, "Run it")["ts"])
    picked(http_bot, ana, "Nightly report")
    answer = forged(http_bot, top(ana), "U0ANA", **change)
    assert "was not opened for you" in json.dumps(answer)
    assert not Run.objects.exists()


@pytest.mark.usefixtures("worker", "delivering")
def test_a_run_from_the_menu_reports_in_a_direct_message(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    used(bot, ana, Id.RUN_SHORTCUT)
    picked(bot, ana, "Nightly report")
    assert ana.submits()["closed"]
    root, [task_id, final] = finished(bot, ana, ana.dm())
    assert "Here because" not in all_words(root)
    stored = newest()
    assert stored.task_id in all_words(task_id)
    assert "SUCCESS" in all_words(final)
    assert (stored.channel, stored.redirected_from, stored.thread) == (ana.dm(), "", root["ts"])


@pytest.mark.usefixtures("delivering")
def test_a_run_from_the_menu_reports_where_the_form_says(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    schedule("Other")
    used(http_bot, ana, Id.RUN_SHORTCUT)
    report_in(ana, "C0QUIET")
    for name in ("Other", "Nightly report"):
        state = picked(http_bot, ana, name)["state"]["values"]
        assert state[Id.REPORT_BLOCK][Id.REPORT_SELECT]["selected_conversation"] == "C0QUIET"
    assert ana.submits()["closed"]
    ends(newest())
    finished(http_bot, ana, "C0QUIET")
    assert (newest().channel, newest().redirected_from) == ("C0QUIET", "")


def test_a_form_that_knows_its_place_does_not_ask(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    opened(http_bot, ana, "/runtask")
    assert blocks(top(ana)) == [Id.SCHEDULE_BLOCK]
    assert Id.REPORT_BLOCK not in blocks(picked(http_bot, ana, "Nightly report"))


@pytest.mark.parametrize(
    "conversation",
    ["U0BEN", "D0ANABEN", "#ops", "C" * 40, 7],
    ids=["a person", "other people's direct message", "a name", "too long", "not a text"],
)
def test_the_menu_can_not_be_made_to_send_elsewhere(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, conversation: str | int
) -> None:
    """A person's id would open a direct message with them, and a name might be anything."""
    schedule()
    used(http_bot, ana, Id.RUN_SHORTCUT)
    view = picked(http_bot, ana, "Nightly report")
    view["state"]["values"][Id.REPORT_BLOCK][Id.REPORT_SELECT]["selected_conversation"] = conversation
    assert "errors" in forged(http_bot, view, "U0ANA")
    assert not Run.objects.exists()


@pytest.mark.usefixtures("delivering")
def test_if_no_direct_message_can_be_opened_the_root_is_parked_with_the_reason(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    http_bot.fault("error", method="conversations.open", error="user_disabled", count=0)
    used(http_bot, ana, Id.RUN_SHORTCUT)
    picked(http_bot, ana, "Nightly report")
    assert ana.submits()["closed"]
    http_bot.wait_for(lambda: Notice.objects.filter(kind="root", state=NoticeState.PARKED).exists())
    reason = Notice.objects.get(kind="root").reason
    assert reason is not None
    assert (reason.code, dict(reason.params)) == (Code.NO_DIRECT_MESSAGE, {"direct": "user_disabled"})
