"""`/runtask status`: what is running now, and Stop."""

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User

from bot.core.reasons import Code
from bot.models import Installation, Run, SlackLink
from bot.runs import budget, now
from bot.slack.ids import Id
from bot.slack.texts import STATUS_LATE, STOP_ASKED_OWN
from bot.texts import SENTENCES
from localslack.testing import LocalSlack, Person
from tests.runs.ruled import a_rule, in_force
from tests.wire.conftest import OPS, Schedule
from tests.wire.ended import an_ended_run
from tests.wire.form import opened, words

Json = dict[str, Any]


def an_open_run(schedule: Schedule, name: str = "Nightly report", **fields: Any) -> Run:
    row = schedule(name)
    still_open = {"state": "running", "status": "", "finished_at": None, "deadline_at": "2099-01-01T00:00:00Z"}
    return an_ended_run(row, **{**still_open, **fields})


def status(slack: LocalSlack, person: Person) -> Json:
    before = len(person.ephemerals(OPS))
    person.types(OPS, "/runtask status")
    slack.wait_for(lambda: len(person.ephemerals(OPS)) > before)
    return person.ephemerals(OPS)[-1]


def listed(message: Json) -> str:
    return words(message["blocks"]).replace("&lt;", "<").replace("&gt;", ">")


def stops(message: Json) -> list[str]:
    """The ids of the runs that have a Stop button."""
    accessories = [block["accessory"] for block in message["blocks"] if "accessory" in block]
    return [one["value"] for one in accessories if one["action_id"] == Id.STOP_LISTED]


def test_only_the_person_who_asked_sees_the_list(
    bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule
) -> None:
    Installation.objects.create(
        key="T0LOCAL/A0LOCAL", address="https://local.slack.example/", seen_at="2026-01-01T00:00Z"
    )
    run = an_open_run(schedule, thread="1700000000.000100", user=ana_of_the_site)
    other = an_open_run(schedule, "Weekly report", slack_user="", state="sent")
    message = status(bot, ana)
    text = listed(message)
    assert "*<https://local.slack.example/archives/C0OPS/p1700000000000100|Nightly report>*: running" in text
    assert "You asked for it, <!date^" in text
    assert f"*<http://127.0.0.1:8000/runs/{other.pk}/|Weekly report>*: sent" in text
    assert stops(message) == [str(run.pk), str(other.pk)]
    assert bot.person("U0BEN").ephemerals(OPS) == []
    assert bot.calls("chat.postMessage") == bot.calls("views.open") == []


def test_when_nothing_runs_the_answer_says_what_to_do(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    an_ended_run(schedule())
    text = listed(status(http_bot, ana))
    assert "Nothing is running now" in text
    assert "`/runtask again`" in text


def test_the_list_says_how_many_runs_it_leaves_out(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    for number in range(now.MOST + 2):
        an_open_run(schedule, f"Report {number}")
    message = status(http_bot, ana)
    assert len(stops(message)) == now.MOST
    assert "Not shown: 2 more." in listed(message)


def test_a_press_of_stop_replaces_the_list(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    an_open_run(schedule)
    message = status(bot, ana)
    ana.clicks_in(OPS, message["ts"], Id.STOP_LISTED)

    def replaced() -> Json | None:
        [found] = ana.ephemerals(OPS)
        return found if found != message else None

    text = listed(bot.wait_for(replaced))
    assert Run.objects.get().stop_asked_at is not None
    assert "*Nightly report*: <@U0ANA> asked to stop it. It is running already" in text
    assert STOP_ASKED_OWN in text
    assert stops(ana.ephemerals(OPS)[-1]) == []


def test_the_new_list_says_that_a_press_came_too_late(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    run = an_open_run(schedule)
    message = status(http_bot, ana)
    Run.objects.filter(pk=run.pk).update(state="finished", status="SUCCESS", deadline_at="2020-01-01T00:00Z")
    ana.clicks_in(OPS, message["ts"], Id.STOP_LISTED)
    http_bot.wait_for(lambda: SENTENCES[Code.ENDED] in listed(ana.ephemerals(OPS)[-1]))
    assert len(ana.ephemerals(OPS)) == 1
    assert "Nothing is running now" in listed(ana.ephemerals(OPS)[-1])


def test_a_refusal_in_the_new_list_is_escaped_once(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    an_open_run(schedule)
    message = status(http_bot, ana)
    in_force(a_rule("R&D only", stop=("research",)))
    ana.clicks_in(OPS, message["ts"], Id.STOP_LISTED)
    http_bot.wait_for(lambda: "R&amp;D only" in listed(ana.ephemerals(OPS)[-1]))


def test_people_who_may_not_see_runs_read_why(http_bot: LocalSlack, ben: Person, schedule: Schedule) -> None:
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0BEN", user=User.objects.get(username="ben"))
    an_open_run(schedule, "Operation Nightfall")
    message = status(http_bot, ben)
    assert "isn't a staff account" in message["text"]
    assert "Nightfall" not in str(message)


def test_people_who_lose_their_rights_stop_nothing_and_see_no_list(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    an_open_run(schedule)
    message = status(http_bot, ana)
    User.objects.update(is_staff=False)
    ana.clicks_in(OPS, message["ts"], Id.STOP_LISTED)
    http_bot.wait_for(lambda: "isn't a staff account" in ana.ephemerals(OPS)[-1]["text"])
    assert "Nightly" not in str(ana.ephemerals(OPS))
    assert Run.objects.get().stop_asked_at is None


def test_hostile_names_are_text(http_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    an_open_run(schedule, "<!channel> *x* <https://evil.example|ok>", slack_user="", user=User.objects.get())
    User.objects.update(username="<@U0BEN>")
    sent = words(status(http_bot, ana)["blocks"])
    assert "<!channel>" not in sent.replace("<!date", "")
    assert "|ok>" not in sent
    assert "<@U0BEN>" not in sent


@pytest.mark.parametrize("typed", ['"status"', "“STATUS”"])
def test_a_schedule_that_is_called_status_can_be_named(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, typed: str
) -> None:
    schedule("status")
    modal = opened(http_bot, ana, f"/runtask {typed}")
    assert modal["blocks"][0]["element"]["initial_option"]["text"]["text"] == "status"
    assert "so with status and help" in ana.types(OPS, "/runtask HELP")["ack"]


def test_a_command_that_takes_too_long_is_answered_once(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = threading.Event(), []
    running = now.running

    def slow(*arguments: Any) -> Any:
        answers.wait(20)
        asked.append(running(*arguments))
        return asked[-1]

    monkeypatch.setattr(budget, "LATE", 0.2)
    monkeypatch.setattr(now, "running", slow)
    assert status(http_bot, ana)["text"] == STATUS_LATE
    answers.set()
    http_bot.wait_for(lambda: asked)
    monkeypatch.undo()
    assert "Nothing is running" in status(http_bot, ana)["text"]
    assert len(ana.ephemerals(OPS)) == 2
