"""Stopping a run on its page, in a browser without JavaScript."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bot.core.reasons import Code, Reason
from bot.core.stops import Way
from bot.models import Run
from tests.factories import a_run
from tests.runs.ruled import a_rule, in_force
from tests.web.site import Site, fields, words


def of(site: Site, **facts: Any) -> Run:
    return a_run(**{"user": site.user, "deadline_at": timezone.now() + timedelta(hours=1), **facts})


def test_the_page_asks_before_it_stops_a_run(site: Site) -> None:
    run = of(site)
    assert f'href="/runs/{run.pk}/stop"' in site.get(f"/runs/{run.pk}/")
    page = site.get(f"/runs/{run.pk}/stop")
    assert "Stop the run of nightly report?" in page
    assert "kill" not in page
    assert site.stopper.told == []
    answer = site.browser.post(f"/runs/{run.pk}/stop", fields(page))
    assert answer.headers["Location"] == f"/runs/{run.pk}/"
    assert site.stopper.told == [([run.task_id], Way.REVOKE)]
    read = words(site.get(f"/runs/{run.pk}/"))
    assert "ana asked to stop it. Workers are told not to start it." in read
    assert "Stop…" not in read, "no stronger stop is left to ask for"


def test_terminating_is_a_second_question(site: Site) -> None:
    site.may_kill = True
    run = of(site, state="running", status="STARTED")
    first = site.get(f"/runs/{run.pk}/stop")
    assert f'href="/runs/{run.pk}/stop?kill=1"' in first
    second = site.get(f"/runs/{run.pk}/stop?kill=1")
    assert "SIGTERM" in second
    site.browser.post(f"/runs/{run.pk}/stop", fields(first))
    page = site.get(f"/runs/{run.pk}/")
    assert f'href="/runs/{run.pk}/stop?kill=1">Terminate…' in page
    assert "Stop…" not in words(page), "the same Stop would do nothing more"
    site.browser.post(f"/runs/{run.pk}/stop", fields(second))
    assert [way for _, way in site.stopper.told] == [Way.REVOKE, Way.TERMINATE]


def test_terminating_is_offered_only_where_rules_allow_it(site: Site) -> None:
    site.may_kill = True
    in_force(a_rule("Gently", kill=False))
    run = of(site, state="running", status="STARTED")
    form = site.get(f"/runs/{run.pk}/stop")
    assert "Terminate" not in words(form)
    site.browser.post(f"/runs/{run.pk}/stop", fields(form))
    assert "Terminate" not in words(site.get(f"/runs/{run.pk}/"))
    answer = site.browser.post(f"/runs/{run.pk}/stop", {**fields(form), "kill": "1"})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "never terminated: the rule “Gently” says so" in words(page)
    assert "another account" not in words(page), "it would be refused, too"
    assert f'href="/runs/{run.pk}/">Back to the run' in page


def test_terminating_is_refused_where_the_option_is_off(site: Site) -> None:
    run = of(site)
    form = fields(site.get(f"/runs/{run.pk}/stop"))
    answer = site.browser.post(f"/runs/{run.pk}/stop", {**form, "kill": "1"})
    assert answer.status_code == 403
    assert "RUNTASK_KILL" in answer.content.decode()
    assert site.stopper.told == []


def test_the_page_says_if_the_run_has_ended_meanwhile(site: Site) -> None:
    run = of(site)
    form = fields(site.get(f"/runs/{run.pk}/stop"))
    Run.objects.update(state="finished", status="SUCCESS")
    answer = site.browser.post(f"/runs/{run.pk}/stop", form, follow=True)
    assert "has ended already" in answer.content.decode()
    assert site.browser.get(f"/runs/{run.pk}/stop").status_code == 302, "an ended run has no question"


def test_without_remote_control_the_page_gives_the_reason_instead(site: Site) -> None:
    site.stopper.hindrance = Reason(code=Code.NO_REMOTE_CONTROL, params={"transport": "sqs"})
    run = of(site)
    page = site.get(f"/runs/{run.pk}/")
    assert "transport (sqs) has no remote control" in words(page)
    assert f"/runs/{run.pk}/stop" not in page
    run = of(site, state="finished", status="SUCCESS")
    assert "remote control" not in site.get(f"/runs/{run.pk}/")


def test_a_stop_needs_our_form_and_the_right(site: Site) -> None:
    run = of(site)
    assert site.browser.post(f"/runs/{run.pk}/stop").status_code == 403, "without the CSRF token"
    form = fields(site.get(f"/runs/{run.pk}/stop"))
    site.user.is_staff = False
    site.user.save()
    assert site.browser.post(f"/runs/{run.pk}/stop", form).status_code == 403
    assert site.stopper.told == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_run_is_404(site: Site, method: str) -> None:
    form = fields(site.get(f"/runs/{of(site).pk}/stop"))
    answer = getattr(site.browser, method)("/runs/999999/stop", form)
    assert answer.status_code == 404
    read = words(answer.content.decode())
    assert "There is no such run. Runs that have ended are deleted after some time." in read
    assert "Run a schedule" in read
