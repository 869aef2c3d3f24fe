"""The page of a run shows the run's state, and follows it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bot.core.model import Schedule, ScheduleId, TaskId
from bot.models import Run
from tests.factories import NOW, a_run, an_outcome
from tests.web.site import Site, words


def of(site: Site, **fields: Any) -> Run:
    """A run of Ana's that isn't overdue."""
    return a_run(**{"user": site.user, "deadline_at": timezone.now() + timedelta(hours=1), **fields})


def shown(site: Site, **fields: Any) -> str:
    return site.get(f"/runs/{of(site, **fields).pk}/")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"state": "sent"}, "sent", id="sent"),
        pytest.param({"state": "queued"}, "may or may not have been sent", id="queued"),
        pytest.param({"state": "unknown"}, "may have been sent", id="unknown"),
        pytest.param({"state": "running", "status": "PROGRESS", "result": "3 of 10"}, "running", id="running"),
        pytest.param({"state": "overdue"}, "no word yet", id="overdue"),
        pytest.param(
            {"state": "overdue", "status": "CANCELLED", "result": "stopped by hand"},
            "in state CANCELLED, no word since", id="a status of its own",
        ),
        pytest.param(
            {"state": "overdue", "status": "RETRY", "result": "HTTPError: upstream said 503"},
            "waiting for its next try, no word since", id="a retry",
        ),
        pytest.param(
            {"state": "unseen", "status": "CANCELLED", "result": "stopped by hand"},
            "in state CANCELLED, its end can't be known", id="a status of its own, unseen",
        ),
        pytest.param({"state": "not_sent", "not_sent_because": "it is away"}, "not sent", id="not sent"),
        pytest.param({"state": "finished", "status": "REVOKED"}, "REVOKED", id="revoked"),
    ],
)  # fmt: skip
def test_every_state_has_its_words(site: Site, fields: dict[str, Any], said: str) -> None:
    page = shown(site, **fields)
    assert said in words(page, "runtask-state")
    assert ("data-follow" in page) == (fields["state"] not in ("finished", "not_sent", "unseen"))
    for extra in ("result", "not_sent_because"):
        assert fields.get(extra, "") in words(page, "runtask-state")


def test_a_finished_run_shows_everything(site: Site) -> None:
    page = shown(
        site,
        state="finished",
        status="FAILURE",
        result="ValueError: <b>no</b>",
        traceback="Traceback\n  <i>here</i>",
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=3.2),
        changes=[{"name": "days", "old": "7", "new": None}],
        target=[["queue", "slow"]],
        kwargs='{"api_token": "hunter2"}',
    )
    read = words(page)
    assert "FAILURE after 3.2 s" in read
    assert "ValueError: <b>no</b>" in read
    assert "<i>here</i>" in read
    assert "<i>here</i>" not in page
    assert "days 7 not set" in read
    assert "Went to queue slow" in read
    assert "by ana" in read
    assert "hunter2" not in page


def test_a_second_end_is_shown_beside_the_first(site: Site) -> None:
    again = {"status": "FAILURE", "result": "KeyError: <b>7</b>", "at": NOW.isoformat()}
    page = words(shown(site, state="finished", status="SUCCESS", result="42", later_ends=[again]))
    assert "SUCCESS" in page
    assert "Ended again: FAILURE" in page
    assert "KeyError: <b>7</b>" in page


def test_a_long_result_says_that_it_is_shortened(site: Site) -> None:
    page = shown(site, state="finished", status="SUCCESS", result="x" * 3000, result_length=200_000)
    assert "Shortened from 200000 characters." in words(page)


def test_links_into_the_admin_are_for_those_who_may_follow_them(site: Site) -> None:
    run = a_run(user=site.user)
    page = site.get(f"/runs/{run.pk}/")
    assert run.task_id in page
    assert "/admin/django_celery_results/" not in page
    assert "/admin/runtask/run/" not in page
    names = ("view_taskresult", "view_run")
    site.user.user_permissions.set(Permission.objects.filter(codename__in=names))
    page = site.get(f"/runs/{run.pk}/")
    assert f'href="/admin/django_celery_results/taskresult/?q={run.task_id}"' in page
    assert f'href="/admin/runtask/run/{run.pk}/change/"' in page


def test_the_page_follows_the_run_without_any_watcher(site: Site) -> None:
    run = of(site)
    state = site.browser.get(f"/runs/{run.pk}/state").json()
    assert (state["words"], state["is_final"]) == ("sent", False)
    site.outcomes.news = [an_outcome("PROGRESS", task_id=TaskId(run.task_id), result="3 of 10", at=NOW)]
    state = site.browser.get(f"/runs/{run.pk}/state").json()
    assert (state["words"], state["is_final"]) == ("running", False)
    assert "3 of 10" in state["html"]
    assert '<progress class="runtask-bar" value="3" max="10"' in state["html"]
    done = an_outcome("SUCCESS", task_id=TaskId(run.task_id), result="<b>", at=NOW + timedelta(seconds=2))
    site.outcomes.news = [done]
    state = site.browser.get(f"/runs/{run.pk}/state").json()
    assert (state["words"], state["is_final"]) == ("SUCCESS after 2.0 s", True)
    assert state["title"] == "SUCCESS after 2.0 s: nightly report"
    assert "&lt;b&gt;" in state["html"]
    assert Run.objects.get().status == "SUCCESS"


def test_a_requester_from_slack_is_named_as_far_as_known(site: Site) -> None:
    assert "by Slack user U0ADA" in words(site.get(f"/runs/{a_run().pk}/"))
    assert "by a deleted account" in words(site.get(f"/runs/{a_run(slack_user='').pk}/"))


@pytest.mark.parametrize("run", ["99", "9" * 30])
def test_an_unknown_run_is_404(site: Site, run: str) -> None:
    assert site.browser.get(f"/runs/{run}/").status_code == 404
    assert site.browser.get(f"/runs/{run}/state").status_code == 404


def test_the_page_of_a_silent_run_says_after_its_deadline_that_it_is_overdue(site: Site) -> None:
    run = a_run(user=site.user, deadline_at=timezone.now() - timedelta(hours=1))
    assert "no word yet" in words(site.get(f"/runs/{run.pk}/"), "runtask-state")


def test_a_poll_reads_the_run_its_schedule_and_what_is_in_force_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = of(site, state="sent")
    schedules: list[object] = []
    get = site.catalog.get

    def read(key: ScheduleId) -> Schedule | None:
        schedules.append(key)
        return get(key)

    monkeypatch.setattr(site.catalog, "get", read)
    with CaptureQueriesContext(connection) as queries:
        site.get(f"/runs/{run.pk}/state")
    asked = [query["sql"] for query in queries.captured_queries]
    assert sum("runtask_sitestate" in sql for sql in asked) == 1
    assert sum('FROM "runtask_run"' in sql or "FROM `runtask_run`" in sql for sql in asked) == 1
    assert schedules == [run.schedule_id]
