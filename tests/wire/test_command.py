"""`/runtask`, as people type it."""

import logging
import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from bot.conf import conf
from bot.models import SlackLink
from bot.runs import budget, see
from bot.slack.listeners import opening
from bot.slack.texts import TOO_LATE
from localslack.testing import LocalSlack, Person
from tests.wire.conftest import OPS, Schedule
from tests.wire.form import opened, shown


def selected(modal: dict) -> Any:
    option = modal["blocks"][0]["element"].get("initial_option")
    return option and option["text"]["text"]


def refusal(slack: LocalSlack, person: Person, typed: str = "/runtask") -> Any:
    person.types(OPS, typed)
    slack.wait_for(lambda: person.ephemerals(OPS))
    assert person.modal() is None
    return person.ephemerals(OPS)[-1]["text"]


def test_the_command_opens_the_form(bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    modal = opened(bot, ana, "/runtask")
    assert modal["title"]["text"] == "Run a schedule"
    assert selected(modal) is None


def test_a_command_does_not_silence_the_audit_log(socket_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    """For each request, Bolt sets the level of the logger that has the app's name."""
    schedule()
    opened(socket_bot, ana, "/runtask")
    assert logging.getLogger("runtask").level == logging.NOTSET


@pytest.mark.parametrize(
    "typed", ["Nightly report", "nightly REPORT", "nightly", "  nightly   report ", "report nightly", "wire.report"]
)
def test_the_schedule_that_was_named_is_picked(
    socket_bot: LocalSlack, ana: Person, schedule: Schedule, typed: str
) -> None:
    schedule()
    schedule("Weekly summary", task="tests.wire.other")
    assert selected(opened(socket_bot, ana, f"/runtask {typed}")) == "Nightly report"


def test_an_exact_name_wins_over_longer_ones(socket_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule("report")
    schedule("report of the day")
    assert selected(opened(socket_bot, ana, "/runtask report")) == "report"


def test_the_form_says_if_a_name_fits_several_schedules(
    socket_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("report A")
    schedule("report B")
    modal = opened(socket_bot, ana, "/runtask report")
    assert selected(modal) is None
    assert "matches 2 schedules" in shown(modal)


def test_the_form_says_if_a_name_fits_none_and_the_name_is_harmless(
    socket_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    modal = opened(socket_bot, ana, "/runtask <!channel> *nothing*")
    assert "No schedule's name or task contains" in shown(modal)
    assert "<!channel>" not in socket_bot.calls("views.open")[0]["view"]["blocks"][1]["text"]["text"]


def test_without_schedules_the_form_says_so(bot: LocalSlack, ana: Person) -> None:
    modal = opened(bot, ana, "/runtask")
    assert "no schedules yet" in shown(modal)
    assert modal["submit"] is None


def test_only_the_person_who_asked_sees_the_help(bot: LocalSlack, ana: Person) -> None:
    ana.types(OPS, "/runtask help")
    assert "opens the form" in ana.ephemerals(OPS)[-1]["text"]
    assert bot.calls("views.open") == []


def test_a_command_whose_text_contains_payload_is_not_lost(
    http_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule("send payload")
    assert selected(opened(http_bot, ana, "/runtask send payload")) == "send payload"


def test_a_colleague_who_is_not_staff_reads_what_to_do(bot: LocalSlack, ben: Person, schedule: Schedule) -> None:
    schedule()
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0BEN", user=User.objects.get(username="ben"))
    text = refusal(bot, ben)
    assert "isn't a staff account" in text
    assert "Nightly" not in text


def test_somebody_unknown_to_the_site_reads_whom_to_ask(bot: LocalSlack) -> None:
    assert "runtask staff add U0BEN" in refusal(bot, bot.person("U0BEN"))
    assert not SlackLink.objects.exists()


def test_a_guest_is_refused_even_with_a_link(socket_bot: LocalSlack, ana: Person) -> None:
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0GIL", user=User.objects.get(username="ana"))
    guest = socket_bot.person("U0GIL")
    assert "Guests" in refusal(socket_bot, guest)


def test_a_link_row_lets_somebody_in_whose_e_mail_differs(
    socket_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    schedule()
    SlackLink.objects.create(team="T0LOCAL", slack_user="U0BEN", user=User.objects.get(username="ana"))
    assert opened(socket_bot, socket_bot.person("U0BEN"), "/runtask")


def test_when_slack_cannot_be_asked_nobody_gets_in(socket_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    socket_bot.fault("http500", method="users.info")
    assert "can't check with Slack" in refusal(socket_bot, ana)


def test_a_reply_that_slack_does_not_take_is_in_the_log(
    http_bot: LocalSlack, ana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    ana.types(OPS, "/runtask help")
    address = http_bot.deliveries("slash_commands")[-1]["response_url"]
    http_bot.advance(31 * 60)
    opening.reply(address, "too late")
    assert "an ephemeral reply could not be sent: HTTP 404" in caplog.text
    assert address not in caplog.text


def test_a_deactivated_account_is_refused_at_once(socket_bot: LocalSlack, ana: Person, schedule: Schedule) -> None:
    schedule()
    opened(socket_bot, ana, "/runtask")
    ana.closes()
    link = SlackLink.objects.get()
    link.user.is_active = False
    link.user.save()
    assert "deactivated" in refusal(socket_bot, ana)


def test_a_link_to_somebody_who_was_deleted_elsewhere_lets_nobody_in(
    socket_bot: LocalSlack, ana: Person, schedule: Schedule
) -> None:
    """A sidecar's platform deletes users without this Django, so the link stays."""
    schedule()
    opened(socket_bot, ana, "/runtask")
    ana.closes()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE username = 'ana'")
    assert "runtask staff add U0ANA" in refusal(socket_bot, ana)
    User.objects.create_user("another", "ana@example.com", is_staff=True)
    assert opened(socket_bot, ana, "/runtask")
    assert SlackLink.objects.get().user == User.objects.get(username="another")


def test_a_command_that_takes_too_long_says_so_and_opens_no_form_later(
    bot: LocalSlack, ana: Person, ana_of_the_site: User, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is silent and every thread waits for it, so another thread must tell the people."""
    schedule()
    answers, asked = threading.Event(), []

    def silent(*arguments: Any) -> bool:
        asked.append(arguments)
        return answers.wait(20)

    monkeypatch.setattr(budget, "LATE", 0.2)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(see, "has_schedules", silent)
        for _ in range(conf().threads + 1):
            ana.types(OPS, "/runtask")
        bot.wait_for(lambda: len(ana.ephemerals(OPS)) == conf().threads + 1)
        assert {said["text"] for said in ana.ephemerals(OPS)} == {TOO_LATE}
        answers.set()
        bot.wait_for(lambda: len(asked) == conf().threads + 1)
    monkeypatch.undo()
    assert opened(bot, ana)
    assert len(bot.calls("views.open")) == 1


def test_after_the_too_late_message_a_failure_sends_no_second_message(
    http_bot: LocalSlack, ana: Person, schedule: Schedule, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RUNTASK = {**settings.RUNTASK, "THREADS": 1}  # the next command begins only when this one is over
    conf.cache_clear()
    schedule()
    answers = threading.Event()

    def fails(*_: Any) -> bool:
        answers.wait(20)
        raise OperationalError

    monkeypatch.setattr(budget, "LATE", 0.2)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(see, "has_schedules", fails)
        assert refusal(http_bot, ana) == TOO_LATE
    answers.set()
    monkeypatch.undo()
    assert opened(http_bot, ana)
    assert [said["text"] for said in ana.ephemerals(OPS)] == [TOO_LATE]
