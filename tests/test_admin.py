"""What the admin shows of runs: all of it readable, nothing secret, nothing to change."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from bot.models import Notice, Run, SlackLink

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(client: Client) -> Client:
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


def test_lists_tell_what_is_stuck_and_why(site: Client) -> None:
    Notice.objects.create(
        run=a_run(), kind="root", rank=0, state="parked", due_at=timezone.now(), problem="is_archived"
    )
    assert "is_archived" in site.get("/admin/runtask/notice/").content.decode()
    assert "shop" not in site.get("/admin/runtask/run/?q=elsewhere").content.decode()
    assert "Nightly" in site.get("/admin/runtask/run/?q=0f4c").content.decode()


def test_runs_and_notices_cannot_be_made_or_changed_by_hand(site: Client) -> None:
    run = a_run()
    assert site.get("/admin/runtask/run/add/").status_code == 403
    assert site.post(f"/admin/runtask/run/{run.pk}/change/", {"state": "sent"}).status_code == 403
    assert site.post(f"/admin/runtask/run/{run.pk}/delete/", {"post": "yes"}).status_code == 403


def test_links_can_be_made(site: Client) -> None:
    user = User.objects.create_user("ana", is_staff=True)
    answer = site.post("/admin/runtask/slacklink/add/", {"team": "T1", "slack_user": "U1", "user": user.pk})
    assert answer.status_code == 302
    assert SlackLink.objects.get().user == user


def test_parked_messages_can_be_tried_again(site: Client) -> None:
    run = a_run()
    for kind, rank, state in (("root", 0, "sent"), ("id", 1, "parked"), ("final", 3, "parked")):
        Notice.objects.create(run=run, kind=kind, rank=rank, state=state, due_at=timezone.now(), problem="why")
    parked = Notice.objects.get(kind="id")
    site.post("/admin/runtask/notice/", {"action": "try_again", "_selected_action": [parked.pk]})
    assert dict(Notice.objects.values_list("kind", "state")) == {"root": "sent", "id": "owed", "final": "owed"}


def test_who_may_only_look_cannot_try_again(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_notice"))
    client.force_login(viewer)
    Notice.objects.create(run=a_run(), kind="root", rank=0, state="parked", due_at=timezone.now())
    client.post("/admin/runtask/notice/", {"action": "try_again", "_selected_action": [Notice.objects.get().pk]})
    assert Notice.objects.get().state == "parked"
