"""Run again on the site: a form is filled from an earlier run."""

import json
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.utils import timezone

from bot.core.model import ScheduleId
from bot.core.scrub import MASK
from bot.models import Run
from bot.runs import cleanup
from bot.web import forms
from tests.factories import a_run, a_schedule, an_actor
from tests.web.site import Site, fields, words


@pytest.fixture
def run(site: Site) -> Run:
    kwargs = '{"days": 30, "region": "EU", "api_token": "of-that-run"}'
    changes = [{"name": "days", "old": "7", "new": "30"}]
    return a_run(
        state="finished", status="FAILURE", finished_at=timezone.now(), kwargs=kwargs, changes=changes, user=site.user
    )


def test_the_page_of_a_run_leads_to_the_form_with_its_values(site: Site, run: Run) -> None:
    site.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs='{"days": 8, "region": "EU"}', columns={"queue": "slow"})
    assert f'href="/?run={run.pk}"' in site.get(f"/runs/{run.pk}/")
    page = site.get(f"/?run={run.pk}")
    read = words(page)
    assert "As ana asked for it on" in read
    assert "( FAILURE ). What differs from the schedule now: days: 8 -> 30" in read
    assert "has changed since that run: queue of the schedule: (not set) -> slow days: 7 -> 8" in read
    assert json.loads(fields(page)["kwargs"]) == {"days": 30, "region": "EU", "api_token": MASK}
    assert "of-that-run" not in page
    assert f"{MASK} is a secret of that run: left so, it is sent as in that run." in read
    answer = site.press_run(fields(page))
    assert answer.status_code == 302, answer.content.decode()
    assert site.sender.sent[0].kwargs == {"days": 30, "region": "EU", "api_token": "of-that-run"}


def test_the_form_says_which_secrets_of_somebody_elses_run_must_be_typed(site: Site, run: Run) -> None:
    Run.objects.update(user=None)
    read = words(site.get(f"/?run={run.pk}"))
    assert f"{MASK} at api_token is a secret of somebody else's run: type it yourself." in read
    assert "is sent as in that run" not in read


def test_after_a_mistake_the_form_keeps_the_typed_text_and_the_run(site: Site, run: Run) -> None:
    form = fields(site.get(f"/?run={run.pk}"))
    page = site.refused(form, kwargs="{")
    assert "As ana asked for it on" in words(page)
    assert fields(page)["again"] == str(run.pk)
    assert fields(page)["kwargs"] == "{"
    assert site.press_run({**fields(page), "kwargs": form["kwargs"]}).status_code == 302
    assert site.sender.sent[0].kwargs["api_token"] == "of-that-run"


@pytest.mark.parametrize("change", ["schedule", "run", "another run"])
def test_a_form_sends_only_the_values_that_it_showed(site: Site, run: Run, change: str) -> None:
    form = fields(site.get(f"/?run={run.pk}"))
    if change == "schedule":
        site.catalog.schedules[ScheduleId(7)] = a_schedule(fingerprint="f2")
    elif change == "run":  # as if the run had not been sent, and was then started again with other values
        Run.objects.filter(pk=run.pk).update(kwargs='{"days": 1}')
    else:
        form["again"] = str(a_run(state="finished", kwargs='{"api_token": "of-another"}').pk)
    page = site.refused(form)
    assert "Somebody has changed this schedule" in words(page)
    assert f'href="/?run={form["again"]}"' in page
    assert site.sender.sent == []


def missing(site: Site, address: str) -> str:
    answer = site.browser.get(address)
    assert answer.status_code == 404
    return words(answer.content.decode())


def test_the_page_says_why_a_run_can_not_be_repeated(site: Site, run: Run) -> None:
    for number in ("0", "999", "x", "9" * 30):
        assert "There is no such run." in missing(site, f"/?run={number}")
    form = fields(site.get(f"/?run={run.pk}"))
    site.catalog.schedules.clear()
    assert "The schedule of this run no longer exists" in missing(site, f"/?run={run.pk}")
    site.catalog.schedules[ScheduleId(7)] = a_schedule()
    run.delete()
    answer = site.press_run(form)
    assert (answer.status_code, site.sender.sent) == (404, [])
    assert "There is no such run." in words(answer.content.decode())


def test_a_person_without_the_right_does_not_get_the_form(site: Site, run: Run) -> None:
    site.user.is_staff = False
    site.user.save()
    answer = site.browser.get(f"/?run={run.pk}")
    assert (answer.status_code, "nightly" in answer.content.decode()) == (403, False)


@pytest.mark.parametrize("again", ["x", "-1", "1.5", "9" * 19])
def test_an_id_that_our_form_does_not_send_is_refused(again: str) -> None:
    data: dict[str, Any] = {"form": "0" * 32, "schedule": "7", "again": again}
    with pytest.raises(BadRequest):
        forms.run_request(data, an_actor())


def test_values_that_have_been_deleted_are_not_offered(site: Site, run: Run) -> None:
    form = fields(site.get(f"/?run={run.pk}"))
    Run.objects.filter(pk=run.pk).update(**cleanup.EMPTY, values_deleted_at=timezone.now())
    assert "The values of this run have been deleted" in missing(site, f"/?run={run.pk}")
    answer = site.press_run(form)
    assert (answer.status_code, site.sender.sent) == (404, [])
    page = site.get(f"/runs/{run.pk}/")
    assert "Its arguments, changes, result and traceback were deleted on" in words(page)
    assert "as stored" not in page
    assert "Everything that was sent" not in page
    assert f'href="/?run={run.pk}"' not in page
    assert 'href="/?schedule=7"' in page
