"""Stored rows become the value from which messages are built."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bot.core.model import Change, NoticeKind
from bot.models import Notice, Run, SiteState, SlackLink, StoredRule, database_of
from bot.models.rules import renew
from bot.runs import clock, links, outbox
from bot.runs.report import Site, report
from tests.factories import ADA, NOW, TEAM, a_run
from tests.runs.ruled import a_rule, in_force, person

pytestmark = pytest.mark.django_db


def notice(run: Run, kind: NoticeKind) -> Notice:
    outbox.owe(run, kind, now=NOW)
    return Notice.objects.get(run=run, kind=kind)


@pytest.mark.parametrize(
    ("kind", "thread"),
    [(NoticeKind.ROOT, None), (NoticeKind.ID, "1.5"), (NoticeKind.FINAL, "1.5"), (NoticeKind.DEADLINE, "1.5")],
)
def test_every_notice_but_the_root_is_a_reply(kind: NoticeKind, thread: str | None) -> None:
    assert report(notice(a_run(thread="1.5"), kind), Site()).thread == thread


@pytest.mark.parametrize("kind", [NoticeKind.ROOT, NoticeKind.ID, NoticeKind.FINAL])
def test_in_a_thread_of_somebody_else_every_notice_is_a_reply(kind: NoticeKind) -> None:
    assert report(notice(a_run(parent="1.2", thread="1.5"), kind), Site()).thread == "1.2"


def test_the_link_to_a_root_in_a_thread_opens_that_thread() -> None:
    at = "https://acme.slack.com"
    assert links.thread(at, a_run(thread="1700000000.000500")) == f"{at}/archives/C0001/p1700000000000500"
    assert links.thread(at, a_run(parent="1700000000.000200", thread="1700000000.000500")) == (
        f"{at}/archives/C0001/p1700000000000500?thread_ts=1700000000.000200&cid=C0001"
    )


def test_a_run_without_any_report_has_no_outcome() -> None:
    found = report(notice(a_run(), NoticeKind.ROOT), Site())
    assert (found.outcome, found.duration) == (None, None)


def test_the_last_recorded_outcome_is_shown() -> None:
    run = a_run(state="finished", status="FAILURE", seen_at=NOW, started_at=NOW, finished_at=NOW + timedelta(seconds=3),
                result="ValueError: no", result_length=14, traceback="T", worker="w1")  # fmt: skip
    found = report(notice(run, NoticeKind.FINAL), Site())
    assert found.duration == 3.0
    assert found.outcome is not None
    assert (found.outcome.status, found.outcome.result, found.outcome.traceback) == ("FAILURE", "ValueError: no", "T")


def test_rules_may_forbid_to_terminate_a_run() -> None:
    owed = notice(a_run(), NoticeKind.ROOT)
    assert report(owed, Site(may_kill=True)).may_kill
    in_force(a_rule("Gently", kill=False))
    assert not report(owed, Site(may_kill=True)).may_kill
    with CaptureQueriesContext(connection) as without:
        report(owed, Site())
    with CaptureQueriesContext(connection) as found:
        report(owed, Site(may_kill=True))
    assert len(found) == len(without) + 1
    StoredRule.objects.update(body="{}")
    renew(database_of(SiteState))
    assert not report(owed, Site(may_kill=True)).may_kill, "a rule that can't be read blocks no message"


@pytest.mark.parametrize(
    ("state", "minutes", "can_stop"),
    [
        ("sent", -5, True),
        ("unseen", 5, True),  # where no results are kept, a run is unseen at once, and its message may wait in a queue
        ("unseen", -5, False),
        ("finished", 5, False),
        ("waiting", 5, False),  # it has a button of its own, which withdraws it
        ("withdrawn", 5, False),
    ],
)
def test_a_message_offers_stop_exactly_while_the_run_can_be_stopped(
    state: str, minutes: int, *, can_stop: bool
) -> None:
    run = a_run(state=state, deadline_at=clock.now() + timedelta(minutes=minutes))
    assert report(notice(run, NoticeKind.ROOT), Site(can_stop=True)).can_stop is can_stop
    assert not report(Notice.objects.get(), Site(can_stop=False)).can_stop


def test_changes_and_a_redirection_come_back_as_values() -> None:
    change = {"name": "days", "old": None, "new": "30"}
    run = a_run(changes=[change], redirected_from="C9", redirected_because="is_archived")
    found = report(notice(run, NoticeKind.ROOT), Site())
    assert found.changes == (Change(name="days", old=None, new="30"),)
    assert (found.redirected_from, found.redirected_because) == ("C9", "is_archived")


def test_an_edit_stays_where_its_root_is() -> None:
    found = report(notice(a_run(channel="D1"), NoticeKind.PROGRESS), Site(), channel="C1")
    assert found.channel == "C1"


LOST: dict[str, Callable[[], object]] = {
    "the group": lambda: User.objects.get().groups.set([]),
    "the account": lambda: User.objects.update(is_active=False),
    "the staff flag": lambda: User.objects.update(is_staff=False),
    "the link": lambda: SlackLink.objects.all().delete(),
    "the place in the workspace": lambda: SlackLink.objects.update(is_deleted=True),
}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("schedule", [7, 8], ids=["a schedule", "a deleted schedule"])
def test_a_direct_message_hides_the_run_from_a_requester_who_has_lost_sight_of_it(lost: str, schedule: int) -> None:
    in_force(a_rule("Payroll", see=("payroll",)))
    ada = person("ada", "payroll")
    SlackLink.objects.create(team=TEAM, slack_user=ADA, user_id=str(ada.user), home=TEAM)
    run = a_run(user_id=ada.user, channel="D0ADA", schedule_id=schedule)
    owed = [notice(run, kind) for kind in (NoticeKind.ROOT, NoticeKind.PROGRESS, NoticeKind.FINAL, NoticeKind.AGAIN)]
    assert not any(report(one, Site()).is_hidden for one in owed)
    LOST[lost]()
    assert all(report(one, Site()).is_hidden for one in owed)
    assert not report(owed[1], Site(), channel="C1").is_hidden, "others read the channel"


def test_only_a_message_to_one_person_asks_what_they_may_see() -> None:
    with CaptureQueriesContext(connection) as in_a_channel:
        report(notice(a_run(), NoticeKind.ROOT), Site())
    assert not [one for one in in_a_channel if "slacklink" in one["sql"]]


def test_links_need_an_address() -> None:
    run = a_run()
    assert (links.page("", run), links.result("", run)) == ("", "")
    assert links.page("https://x.example/", run) == f"https://x.example/runs/{run.pk}/"


@pytest.mark.parametrize("source", ["rows", "backend"])
def test_the_result_is_on_the_runs_own_page(source: str) -> None:
    """That page needs no permission for the admin. The admin's list of results needs one."""
    kept, lost = a_run(source=source), a_run(source="none")
    assert links.result("https://x.example", kept) == f"https://x.example/runs/{kept.pk}/"
    assert links.result("https://x.example", lost) == "", "no result will come"


def test_a_project_without_the_admin_has_no_links(settings: Any) -> None:
    settings.ROOT_URLCONF = "bot.urls"
    assert links.page("https://x.example", a_run()) == ""


def test_messages_are_posted_even_if_the_requester_was_deleted_elsewhere() -> None:
    run = a_run(user=User.objects.create_user("ada"), slack_user="")
    about = notice(run, NoticeKind.ROOT)
    assert report(about, Site()).name == "ada"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user")
    assert report(Notice.objects.get(), Site()).name == ""
