"""The admin shows runs in full, but no secrets, and lets nobody change them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_results.models import TaskResult

from bot import admin, conf, wiring
from bot.admin import RunAdmin
from bot.core.pauses import WorkLimit
from bot.models import Installation, Notice, Run, SlackLink
from bot.web import history

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(admin, "_steps", WorkLimit())  # every view catches up
    client.force_login(User.objects.create_superuser("root"))
    return client


def a_run(**changes: Any) -> Run:
    fields: dict[str, Any] = {
        "key": "slack:V1",
        "task_id": "0f4c",
        "schedule_id": 1,
        "schedule_name": "<b>Nightly</b>",
        "task": "shop.nightly",
        "kwargs": json.dumps({"days": 30, "api_token": "very-secret"}),
        "changes": [{"name": "days", "old": "7", "new": "30"}],
        "options": {"queue": "reports", "headers": {"Authorization": "very-secret"}},
        "deadline_at": timezone.now(),
    }
    return Run.objects.create(**{**fields, **changes})


def test_a_run_is_readable_and_masked(site: Client) -> None:
    run = a_run()
    page = site.get(f"/admin/runtask/run/{run.pk}/change/").content.decode()
    assert "days: 7 -&gt; 30" in page
    assert "very-secret" not in page
    assert "&quot;queue&quot;: &quot;reports&quot;" in page
    assert "<b>Nightly</b>" not in page
    assert "/admin/django_celery_results/taskresult/?q=0f4c" in page


@pytest.mark.parametrize("address", ["", "{}/change/"])
def test_pages_hold_no_inline_script_or_style(site: Client, address: str) -> None:
    """A strict Content-Security-Policy would block them."""
    page = site.get(f"/admin/runtask/run/{address.format(a_run().pk)}").content.decode()
    for inline in ("<script>", "<style", " style=", " onclick="):
        assert inline not in page
    assert '<link href="/static/runtask/runtask.css"' in page


def test_deleted_values_are_shown_as_deleted(site: Client) -> None:
    run = a_run(changes=[], kwargs="{}", values_deleted_at=timezone.now())
    page = site.get(f"/admin/runtask/run/{run.pk}/change/").content.decode()
    assert page.count("(deleted)") == 3
    assert "as stored" not in page


def test_the_list_shows_who_ran_what_through_which_entry_with_which_changes_and_how_it_ended(site: Client) -> None:
    began = timezone.now()
    ended = began + timedelta(seconds=3.2)
    ana = User.objects.create_user("ana")
    run = a_run(user=ana, state="finished", status="FAILURE", started_at=began, finished_at=ended)
    a_run(key="api:1:k", task_id="1", slack_user="U0BEN", state="not_sent", changes=[])
    page = site.get("/admin/runtask/run/").content.decode()
    for words in ("ana", "days: 7 -&gt; 30", "FAILURE after 3.2 s", "Slack", "Slack user U0BEN", "API", "not sent"):
        assert f">{words}</td>" in page, words
    assert f'href="/?run={run.pk}">Run again…</a>' in page
    assert "<b>Nightly</b>" not in page


def test_the_page_of_a_run_shows_where_it_was_sent_and_who_asked(site: Client) -> None:
    where = [["queue", "reports"], ["expires", "after 60 s"]]
    run = a_run(target=where, user=User.objects.create_user("ana"), slack_user="U0ANA", team="T1", channel="C1")
    page = site.get(f"/admin/runtask/run/{run.pk}/change/").content.decode()
    for words in ("queue: reports\nexpires: after 60 s", "U0ANA in T1", "ana", "Slack"):
        assert words in page


@pytest.mark.parametrize("address", ["", "{}/change/"])
def test_an_end_is_shown_even_if_no_watcher_runs(site: Client, address: str) -> None:
    run = a_run(state="sent", deadline_at=timezone.now() + timedelta(hours=1))
    TaskResult.objects.create(task_id=run.task_id, status="FAILURE", result="{}")
    assert "FAILURE" in site.get(f"/admin/runtask/run/{address.format(run.pk)}").content.decode().replace(
        ">FAILURE</a>", ""
    )


def test_views_that_follow_soon_do_not_ask_about_all_open_runs_again(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            site.get("/admin/runtask/run/")
        return sum("django_celery_results_taskresult" in query["sql"] for query in seen)

    a_run(state="sent", deadline_at=timezone.now() + timedelta(hours=1))
    assert asked() > 0
    monkeypatch.setattr(admin, "_steps", WorkLimit(share=admin.SHARE, pause=60))
    assert [asked() > 0, asked() > 0] == [True, False]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("?q=ana", ["ana's"]),
        ("?q=U0BEN", ["ben's"]),
        ("?from=api", ["ben's"]),
        ("?from=slack", ["ana's"]),
        ("?ended=FAILURE", ["ana's"]),
        ("?ended=SUCCESS", []),
        ("?state__exact=not_sent", ["ben's"]),
        ("?from=elsewhere", ["ben's", "ana's"]),
    ],
)
def test_the_list_can_be_searched_and_filtered(site: Client, address: str, found: list[str]) -> None:
    user = User.objects.create_user("ana")
    a_run(user=user, state="finished", status="FAILURE", schedule_name="ana's")
    a_run(key="api:1:k", task_id="1", slack_user="U0BEN", state="not_sent", schedule_name="ben's")
    runs = site.get(f"/admin/runtask/run/{address}", follow=True).context["cl"].result_list
    assert [run.schedule_name for run in runs] == found


def test_a_longer_history_costs_the_list_no_more_queries(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunAdmin, "list_per_page", 5)

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            site.get("/admin/runtask/run/")
        return [query["sql"] for query in seen if "runtask_run" in query["sql"]]

    for number in range(6):
        a_run(key=f"slack:{number}", task_id=str(number), user=User.objects.create_user(f"u{number}"), state="finished")
    few = queries()
    for number in range(6, 36):
        a_run(key=f"slack:{number}", task_id=str(number), user=User.objects.create_user(f"u{number}"), state="finished")
    many = queries()
    assert len(many) == len(few) > 1
    for sql in (query.replace('"', "`") for query in many):
        not_ended = (".`state` IN", ".`state` = 'waiting'")
        assert "LIMIT" in sql or any(state in sql for state in not_ended), "it must not read or count all of history"
        assert "traceback" not in sql


def test_a_search_also_finds_runs_beyond_those_that_are_counted(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "COUNTED", 3)
    monkeypatch.setattr(RunAdmin, "list_per_page", 2)
    for number in range(5):
        a_run(key=f"slack:{number}", task_id=f"task-{number}")
    changes = site.get("/admin/runtask/run/?p=2").context["cl"]
    assert (changes.result_count, [run.task_id for run in changes.result_list]) == (3, ["task-2"])
    assert len(site.get("/admin/runtask/run/?q=task-0").context["cl"].result_list) == 1


@pytest.mark.parametrize("address", ["", "{}/change/"])
def test_pages_name_an_option_that_can_not_be_read_and_still_show_the_run(
    site: Client, settings: Any, address: str
) -> None:
    run = a_run(channel="C1", thread="1700000000.000100")
    settings.RUNTASK = {"DEADLINE": "soon"}
    for cached in (conf.conf, wiring.installation):
        cached.cache_clear()
    try:
        page = site.get(f"/admin/runtask/run/{address.format(run.pk)}").content.decode()
    finally:
        conf.conf.cache_clear()
    assert "RUNTASK_DEADLINE must be a number of seconds above 0" in page
    assert "days: 7 -&gt; 30" in page
    assert "very-secret" not in page


def test_the_list_of_notices_says_why_one_is_parked_and_the_list_of_runs_finds_a_task_id(site: Client) -> None:
    Notice.objects.create(
        run=a_run(), kind="root", rank=0, state="parked", due_at=timezone.now(), problem="is_archived"
    )
    assert "is_archived" in site.get("/admin/runtask/notice/").content.decode()
    assert "shop" not in site.get("/admin/runtask/run/?q=elsewhere").content.decode()
    assert "Nightly" in site.get("/admin/runtask/run/?q=0f4c").content.decode()


def test_a_run_can_not_be_added_changed_or_deleted_by_hand(site: Client) -> None:
    run = a_run()
    assert site.get("/admin/runtask/run/add/").status_code == 403
    assert site.post(f"/admin/runtask/run/{run.pk}/change/", {"state": "sent"}).status_code == 403
    assert site.post(f"/admin/runtask/run/{run.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_superuser_can_make_a_slack_link(site: Client) -> None:
    user = User.objects.create_user("ana", is_staff=True)
    answer = site.post("/admin/runtask/slacklink/add/", {"team": "T1", "slack_user": "U1", "user": user.pk})
    assert answer.status_code == 302
    assert SlackLink.objects.get().user == user


def test_a_slack_link_takes_ids_and_refuses_names(site: Client) -> None:
    user = User.objects.create_user("ana", is_staff=True)
    page = site.post("/admin/runtask/slacklink/add/", {"team": "acme", "slack_user": "@ana", "user": user.pk})
    assert "This is not a member id" in page.content.decode()
    assert "This is not a workspace id" in page.content.decode()
    assert not SlackLink.objects.exists()


def test_parked_notices_can_be_tried_again(site: Client) -> None:
    run = a_run()
    for kind, rank, state in (("root", 0, "sent"), ("id", 1, "parked"), ("final", 3, "parked")):
        Notice.objects.create(run=run, kind=kind, rank=rank, state=state, due_at=timezone.now(), problem="why")
    parked = Notice.objects.get(kind="id")
    site.post("/admin/runtask/notice/", {"action": "try_again", "_selected_action": [parked.pk]})
    assert dict(Notice.objects.values_list("kind", "state")) == {"root": "sent", "id": "owed", "final": "behind"}


def test_a_user_who_may_only_view_notices_can_not_try_again(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_notice"))
    client.force_login(viewer)
    Notice.objects.create(run=a_run(), kind="root", rank=0, state="parked", due_at=timezone.now())
    client.post("/admin/runtask/notice/", {"action": "try_again", "_selected_action": [Notice.objects.get().pk]})
    assert Notice.objects.get().state == "parked"


def test_the_list_of_notices_can_be_filtered_by_installation(site: Client) -> None:
    for key in ("T1/A1", "T1/A2"):
        Installation.objects.create(key=key, seen_at=timezone.now())
        run = a_run(installation=key, schedule_name=f"of {key}", key=key, task_id=key)
        Notice.objects.create(run=run, installation=key, kind="root", rank=0, due_at=timezone.now())
    page = site.get("/admin/runtask/notice/?of=T1/A1").content.decode()
    assert "of T1/A1" in page
    assert "of T1/A2" not in page
