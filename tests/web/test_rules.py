"""Rules on the pages: a hidden schedule or run is answered like an unknown one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from bot.core.audit import By
from bot.core.entry import Entry
from bot.core.model import ScheduleId
from bot.models import Run
from bot.runs import clock, rulebook
from tests.factories import a_run, a_schedule
from tests.runs.ruled import a_rule, in_force
from tests.web.site import Site, fields, words

SECRET = a_rule("Finance only", schedules=("nightly*",), see=("finance",))
RANDOM = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"')  # what differs in each answer
LIMIT = {"properties": {"days": {"type": "integer", "maximum": 31}}, "required": ["days"]}


def same(site: Site, hidden: str, absent: str) -> None:
    """Checks that both answers are the same 404, except for the address in them."""
    one, other = site.browser.get(hidden), site.browser.get(absent)
    assert (one.status_code, other.status_code) == (404, 404)
    assert RANDOM.sub("", one.content.decode()).replace(hidden, "") == RANDOM.sub("", other.content.decode()).replace(
        absent, ""
    )


def test_a_hidden_schedule_is_answered_like_an_unknown_one(site: Site) -> None:
    site.catalog.schedules[ScheduleId(8)] = a_schedule(id=ScheduleId(8), name="Weekly", task="sums")
    run = a_run(user=site.user)
    assert "2 schedules" in words(site.get("/"))
    in_force(SECRET)
    assert "1 schedule Weekly" in words(site.get("/"))
    assert "No schedule's name" in words(site.get("/?q=nightly"))
    same(site, "/?schedule=7", "/?schedule=99")
    same(site, f"/?run={run.pk}", "/?run=99")
    for address in ("/runs/{}/", "/runs/{}/state", "/runs/{}/stop"):
        same(site, address.format(run.pk), address.format(run.pk + 1))
    form = site.form(8)
    answers = [site.press_run({**form, "schedule": number, "form": number * 32}) for number in "79"]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert site.sender.sent == []
    site.user.groups.add(Group.objects.create(name="finance"))
    assert "2 schedules" in words(site.get("/"))


def test_a_form_shows_a_refusal_and_then_has_no_run_button(site: Site) -> None:
    before = site.form()
    in_force(a_rule("Ops only", run=("ops",)))
    page = site.get("/?schedule=7")
    assert "You can't run this schedule: the rule “Ops only” is for members of ops." in words(page)
    assert 'value="Run"' not in page
    typed = site.refused(before, kwargs='{"days": 8}')  # a form that was opened before the rule was saved
    assert "the rule “Ops only”" in words(typed)
    assert fields(typed)["kwargs"] == '{"days": 8}'
    assert "the rule “Ops only”" in str(site.browser.post("/check", before).json())


def test_a_disabled_schedule_that_one_may_not_run_is_not_said_to_be_runnable(site: Site) -> None:
    site.catalog.schedules[ScheduleId(7)] = a_schedule(enabled=False)
    in_force(a_rule("Ops only", run=("ops",)))
    assert "Disabled. Beat doesn't run it." in words(site.get("/?schedule=7"))


def test_a_pause_is_said_before_a_schedule_is_picked(site: Site) -> None:
    assert "paused" not in words(site.get("/"))
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    assert "an administrator has paused it (“month's end”)" in words(site.get("/"))


def test_a_reason_is_asked_for_and_kept(site: Site) -> None:
    in_force(a_rule("Why", reason=True))
    page = site.get("/?schedule=7")
    assert "Why you run it now: the rule “Why” asks for that." in words(page)
    assert "asks for a reason" not in words(page)  # no error is shown before the first try
    form = fields(page)
    assert site.browser.post("/check", form).json() == {"problems": []}  # nor while somebody types elsewhere
    assert "asks for a reason" in words(site.refused(form))
    assert site.press_run(form, reason="<b>month's end</b>").status_code == 302
    run = Run.objects.get()
    assert run.reason == "<b>month's end</b>"
    assert "&lt;b&gt;month" in site.get(f"/runs/{run.pk}/")


def test_a_form_shows_stored_values_that_a_rule_forbids_before_run(site: Site) -> None:
    site.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs='{"days": 365}')
    in_force(a_rule("A month", arguments=LIMIT))
    assert "doesn't allow this value of days: it must be at most 31." in words(site.get("/?schedule=7"))


def test_stop_is_offered_only_to_people_who_may_stop(site: Site) -> None:
    run = a_run(user=site.user, deadline_at=timezone.now() + timedelta(hours=1))
    address = f"/runs/{run.pk}/stop"
    assert address in site.get(f"/runs/{run.pk}/")
    in_force(a_rule("Ops stop", stop=("ops",)))
    page = site.get(f"/runs/{run.pk}/")
    assert address not in page
    assert "You can't stop runs of this schedule" in words(page)


def test_the_pages_show_a_pause(site: Site) -> None:
    rulebook.pause("month's end", by=By(words="a test"), user=None, now=clock.now())
    assert "has paused it (“month's end”)" in words(site.get("/?schedule=7"))


def test_a_rule_about_entries_counts_the_pages_as_web(site: Site) -> None:
    in_force(a_rule("No web", entries=(Entry.SLACK, Entry.API)))
    assert "allows Slack, the API only" in words(site.get("/?schedule=7"))


@pytest.mark.parametrize("name", ["schedule", "run"])
def test_hostile_numbers_are_answered_with_404(site: Site, name: str) -> None:
    in_force(SECRET)
    answer: Any = site.browser.get("/", {name: "9" * 18})
    assert answer.status_code == 404
