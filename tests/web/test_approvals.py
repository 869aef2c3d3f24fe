"""The page *Waiting for you*, and the buttons *Approve* and *Decline*, without JavaScript."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django_celery_beat.models import PeriodicTask

from bot import wiring
from bot.core import approval
from bot.core.audit import By
from bot.core.model import ScheduleId
from bot.core.ports import NotSent
from bot.core.reasons import Code, Reason
from bot.models import Answer, Notice, NoticeState, Run
from bot.runs import approvals, clock, rulebook
from bot.texts import SENTENCES
from bot.web import approvals as pages
from tests.factories import a_row, a_run, a_schedule, unreachable
from tests.runs.ruled import a_rule, in_force
from tests.web.site import Site, fields, words

RULE = a_rule("Four eyes", approvals=1, approvers=("leads",))
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture
def cara(site: Site) -> Site:
    """The same pages, in the browser of one of the leads."""
    user = User.objects.create_user("cara", email="cara@x", is_staff=True)
    user.groups.add(Group.objects.get_or_create(name="leads")[0])
    hers = replace(site, user=user, browser=Client(enforce_csrf_checks=True))
    hers.browser.force_login(user)
    return hers


def asked(site: Site, **typed: str) -> Run:
    assert site.press_run(site.form(), kwargs='{"days": 8}', **typed).status_code == 302
    return Run.objects.latest("pk")


def press(site: Site, run: Run, button: str, **data: str) -> Any:
    page = site.get("/approvals/")
    token = TOKEN.search(page)
    assert token is not None
    given = {"csrfmiddlewaretoken": token[1], "mark": approval.mark(run.approval_digest or ""), **data}
    return site.browser.post(f"/runs/{run.pk}/{button}", given)


def test_a_run_is_asked_for_listed_and_approved(site: Site, cara: Site) -> None:
    in_force(RULE)
    assert "asks for the yes of another person, a member of leads." in words(site.get("/?schedule=7"))
    run = asked(site)
    page = site.get(f"/runs/{run.pk}/")
    assert "waits for approval, not sent" in words(page)
    assert run.task_id not in page
    assert "Approve" not in words(page)
    assert f"/runs/{run.pk}/stop" in page
    assert "Nothing waits for your approval" in words(site.get("/approvals/"))
    listed = cara.get("/approvals/")
    assert "Asked for by ana," in words(listed)
    assert "days: 7 -> 8" in words(listed)
    assert 'value="Approve"' in cara.get(f"/runs/{run.pk}/")
    assert fields(listed)["mark"] == approval.mark(run.approval_digest or "")
    answer = press(cara, run, "approve")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/runs/{run.pk}/")
    assert [one.kwargs for one in site.sender.sent] == [{"days": 8}]
    page = cara.get(f"/runs/{run.pk}/")
    assert "cara approved it." in words(page)
    assert "You have approved this run, and it was sent." in page
    assert Run.objects.get().task_id in page


def test_the_page_says_that_more_may_wait_than_were_counted(
    site: Site, cara: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_force(RULE)
    for _ in range(4):
        asked(site)
    monkeypatch.setattr(pages, "SHOWN", 1)
    assert "Not shown: 3 more." in words(cara.get("/approvals/"))
    monkeypatch.setattr(approvals, "WAITING", 3)
    assert "Not shown: at least 2 more." in words(cara.get("/approvals/"))


@pytest.mark.parametrize("fits", [True, False])
def test_what_the_list_does_not_show_can_only_be_approved_on_the_page_of_the_run(
    site: Site, cara: Site, *, fits: bool
) -> None:
    """The list has more room than a message in Slack, but not for everything."""
    in_force(RULE)
    note = "n" * (2_000 if fits else 25_000)
    stored = {"to": {"note": note, "iban": "DE1"}, "text": f"{note}1{note}1"}
    site.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs=json.dumps({"days": stored}))
    changed = {"to": {"note": note, "iban": "DE2"}, "text": f"{note}2{note}2"}
    assert site.press_run(site.form(), kwargs=json.dumps({"days": changed})).status_code == 302
    run = Run.objects.latest("pk")
    listed, page = cara.get("/approvals/"), cara.get(f"/runs/{run.pk}/")
    assert 'days.to.iban: "DE1" -> "DE2"' in words(listed)
    assert ('value="Approve"' in listed) is fits
    assert (f'href="/runs/{run.pk}/">See all that changes' in listed) is not fits
    assert (f'days.text: "{note}1{note}1" -> "{note}2{note}2"' in words(listed)) is fits
    assert 'value="Approve"' in page
    for one in ("days.to.iban", '"DE1"', '"DE2"', f'"{note}1{note}1"', f'"{note}2{note}2"'):
        assert one in words(page)


def test_the_form_asks_why_for_the_approvers_but_needs_no_answer(site: Site, cara: Site) -> None:
    assert "reason" not in fields(site.get("/?schedule=7"))
    in_force(RULE)
    page = site.get("/?schedule=7")
    assert fields(page)["reason"] == ""
    assert "you may leave it empty. Those who can approve it read this" in words(page)
    assert asked(site).reason is None
    asked(site, reason="<b>month's end</b>")
    listed = cara.get("/approvals/")
    assert listed.count("<dt>Reason</dt>") == 1
    assert "&lt;b&gt;month" in listed
    in_force(replace(RULE, reason=True))
    assert "asks for a reason" in words(site.refused(site.form(), reason=" "))


def test_a_run_is_declined_with_a_reason(site: Site, cara: Site) -> None:
    in_force(RULE)
    run = asked(site)
    press(cara, run, "decline", reason=" ")
    assert SENTENCES[Code.WHY_MISSING] in cara.get(f"/runs/{run.pk}/")
    press(cara, run, "decline", reason="<b>no</b>")
    page = site.get(f"/runs/{run.pk}/")
    assert "declined, not sent" in words(page)
    assert "cara declined it: &lt;b&gt;no&lt;/b&gt;" in page
    assert f"?run={run.pk}" in page  # a link to ask again
    assert site.sender.sent == []


def test_the_page_says_which_approvers_could_not_be_told(site: Site) -> None:
    in_force(RULE)
    run = asked(site)
    problem = Reason(code=Code.NO_DIRECT_MESSAGE, params={"direct": "missing_scope"}).dump()
    for number, state in enumerate((NoticeState.SENT, NoticeState.PARKED)):
        Notice.objects.create(
            run=run,
            kind=f"ask:{number}",
            recipient=f"U{number}",
            rank=0,
            state=state,
            due_at=clock.now(),
            problem=problem,
        )
    assert "no direct message in Slack: 1 of 2 (Slack says missing_scope)" in words(site.get(f"/runs/{run.pk}/"))


def test_people_who_may_not_approve_are_refused(site: Site, cara: Site) -> None:
    in_force(RULE)
    run = asked(site)
    ours = {"mark": approval.mark(run.approval_digest or "")}
    for button in ("approve", "decline"):
        address = f"/runs/{run.pk}/{button}"
        assert cara.browser.get(address).status_code == 405
        assert cara.browser.post(address, ours).status_code == 403  # without the CSRF token of our form
        assert Client().post(address, ours).status_code == 302  # redirected to the log-in page
        token = TOKEN.search(site.get("/?schedule=7"))
        assert token is not None
        own = site.browser.post(address, {**ours, "reason": "x", "csrfmiddlewaretoken": token[1]})
        assert own.status_code == 403
        assert SENTENCES[Code.OWN_RUN].partition(",")[0] in own.content.decode()
    assert press(cara, run, "approve", mark="0" * 16).status_code == 403
    token = TOKEN.search(cara.get("/approvals/"))
    assert token is not None
    in_force(replace(RULE, see=("finance",)))
    other = cara.browser.post(f"/runs/{run.pk}/approve", {**ours, "csrfmiddlewaretoken": token[1]})
    assert other.status_code == 404
    assert (Run.objects.get().state, Answer.objects.count(), site.sender.sent) == ("waiting", 0, [])


def test_a_run_that_can_not_be_sent_now_goes_on_waiting_and_the_page_says_why(site: Site, cara: Site) -> None:
    in_force(RULE)
    run = asked(site)
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    assert press(cara, run, "approve").status_code == 302
    assert "has paused it" in cara.get(f"/runs/{run.pk}/")
    rulebook.resume(by=By(words="a test"))
    site.sender.fails = NotSent(unreachable())
    press(cara, run, "approve")
    page = words(cara.get(f"/runs/{run.pk}/"))
    assert "Nothing was sent: the broker can't be reached" in page
    assert "waits for approval, not sent" in page
    site.sender.fails = None
    press(cara, run, "approve")
    assert len(site.sender.sent) == 1


def test_a_change_of_the_schedule_voids_the_run(site: Site, cara: Site) -> None:
    in_force(RULE)
    run = asked(site)
    listed = cara.get("/approvals/")
    site.catalog.schedules[ScheduleId(7)] = a_schedule(fingerprint="f2", columns={"queue": "slow"})
    token = TOKEN.search(listed)
    assert token is not None
    cara.browser.post(f"/runs/{run.pk}/approve", {"csrfmiddlewaretoken": token[1], "mark": fields(listed)["mark"]})
    assert "the schedule was changed after it was asked for (queue)" in words(site.get(f"/runs/{run.pk}/"))
    assert "withdrawn, not run" in words(site.get(f"/runs/{run.pk}/"))


def test_stop_on_the_page_of_a_waiting_run_withdraws_it(site: Site) -> None:
    in_force(replace(RULE, stop=("ops",)))
    run = asked(site)
    page = site.get(f"/runs/{run.pk}/stop")
    assert "It waits for approval and has not been sent." in words(page)
    token = TOKEN.search(page)
    assert token is not None
    site.browser.post(f"/runs/{run.pk}/stop", {"csrfmiddlewaretoken": token[1]})
    assert "ana withdrew it while it waited for approval." in words(site.get(f"/runs/{run.pk}/"))


def test_the_admins_menu_says_how_many_wait(client: Client, transactional_db: None) -> None:
    for cached in (wiring.catalog, wiring.platform):
        cached.cache_clear()
    in_force(RULE)
    row: PeriodicTask = a_row()
    user = User.objects.create_user("cara", email="cara@x", is_staff=True)
    user.groups.add(Group.objects.get_or_create(name="leads")[0])
    client.force_login(user)
    assert "Waiting for you<" in re.sub(r"\s+<", "<", client.get("/admin/").content.decode())
    for number in range(2):
        a_run(
            state="waiting", schedule_id=row.pk, schedule_name=row.name, task=row.task, deadline_at=clock.now().replace(year=2099),
            approval_digest="0" * 63 + str(number), approval_needs=[],
        )  # fmt: skip
    assert "Waiting for you (2)" in client.get("/admin/").content.decode()
    assert client.get("/admin/runtask/runwaiting/").headers["Location"].endswith("/approvals/")
    client.force_login(User.objects.create_user("ben", is_staff=True))
    assert "Waiting for you (" not in client.get("/admin/").content.decode()


@pytest.mark.parametrize("table", ["runtask_sitestate", "runtask_run"])
@pytest.mark.parametrize("is_atomic", [False, True])
def test_the_admin_works_while_our_tables_can_not_be_read(
    client: Client, transactional_db: None, monkeypatch: pytest.MonkeyPatch, is_atomic: bool, table: str
) -> None:
    """Our tables may be missing for some minutes, after the code was updated and before `migrate` has run."""
    for cached in (wiring.catalog, wiring.platform):
        cached.cache_clear()
    a_row()
    client.force_login(User.objects.create_superuser("cara"))
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", is_atomic)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO runtask_away")
    try:
        pages = [client.get(f"/admin/{address}") for address in ("", "django_celery_beat/periodictask/")]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE runtask_away RENAME TO {table}")
    assert [page.status_code for page in pages] == [200, 200]
