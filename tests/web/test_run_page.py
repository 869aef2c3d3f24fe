"""The run page works without JavaScript: pick a schedule, edit values, see mistakes, run, and see the end."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.utils import timezone

from bot.core.model import Actor, Field, LastRun, ScheduleId
from bot.core.ports import FateUnknown, NotSent
from bot.core.reasons import Code, Problem
from bot.core.scrub import MASK
from bot.models import Run
from bot.web import forms
from tests.factories import NOW, a_run, a_schedule, an_actor, unreachable
from tests.web.site import Site, fields, words

HOSTILE = '</textarea><script>alert("x")</script>'


def test_schedules_are_found_by_a_part_of_their_name_and_picked_by_a_link(site: Site) -> None:
    site.catalog.schedules[ScheduleId(8)] = a_schedule(id=ScheduleId(8), name="Weekly", enabled=False)
    assert "2 schedules nightly report reports.tasks.nightly Weekly disabled" in words(site.get("/"))
    found = site.get("/?q=week")
    assert "1 schedule Weekly" in words(found)
    assert 'href="/?schedule=8"' in found
    assert "No schedule's name or task contains all words of “x”" in words(site.get("/?q=x"))


def test_any_number_of_schedules_can_be_searched(site: Site) -> None:
    many = (a_schedule(id=ScheduleId(n), name=f"Export {n}") for n in range(100, 531))
    site.catalog.schedules = {schedule.id: schedule for schedule in many}
    assert "100 of 431 schedules, keep typing" in words(site.get("/?q=export"))


def test_without_schedules_the_page_says_where_to_make_them(site: Site) -> None:
    site.catalog.schedules.clear()
    assert "There are no schedules yet. You can add them under Periodic tasks." in words(site.get("/"))


def test_the_form_shows_the_stored_values_and_the_target(site: Site) -> None:
    site.catalog.schedules[ScheduleId(7)] = a_schedule(columns={"queue": "slow", "priority": 3}, description="Sums up.")
    site.outcomes.last = LastRun(status="FAILURE", at=NOW)
    page = site.get("/?schedule=7")
    assert fields(page)["kwargs"] == '{\n  "days": 7,\n  "region": "EU"\n}'
    read = words(page)
    assert "Sums up." in read
    assert "Goes to queue slow priority 3" in read
    assert "Last run FAILURE, Nov. 5, 2026, noon" in read
    site.outcomes.last = LastRun(status="", at=NOW)
    assert "Last run Nov. 5, 2026, noon: its end isn't known" in words(site.get("/?schedule=7"))


def test_the_form_shows_warnings_before_a_run(site: Site) -> None:
    site.catalog.schedules[ScheduleId(7)] = a_schedule(enabled=False)
    run = a_run(schedule_id=7, user=site.user, deadline_at=timezone.now() + timedelta(hours=1))
    page = site.get("/?schedule=7")
    assert "Disabled. Beat doesn't run it, but you can." in words(page)
    assert "A run of it is open since" in words(page)
    assert "Last run" not in words(page)
    Run.objects.update(state="running")
    assert "Already running since" in words(site.get("/?schedule=7"))
    assert "asked for by ana" in words(page)
    assert f'href="/runs/{run.pk}/"' in page


@pytest.mark.parametrize("schedule", ["99", "x", "", "9" * 30, "-1"])
def test_for_a_deleted_schedule_the_page_says_so_and_offers_others(site: Site, schedule: str) -> None:
    answer = site.browser.get("/", {"schedule": schedule})
    assert answer.status_code == 404
    assert "This schedule no longer exists. Pick another one." in words(answer.content.decode())
    assert "nightly report" in words(answer.content.decode())


def test_edited_values_are_sent_once_and_lead_to_the_run(site: Site) -> None:
    form = site.form()
    answer = site.press_run(form, kwargs='{\r\n  "days": 30,\r\n  "region": "EU"\r\n}')
    run = Run.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/runs/{run.pk}/")
    assert site.sender.sent[0].kwargs == {"days": 30, "region": "EU"}
    assert (run.user, run.key) == (site.user, f"web:{site.user.pk}:{form['form']}")

    again = site.browser.post("/", form, follow=True)  # a reload, a double click, or the back button
    assert again.redirect_chain == [(f"/runs/{run.pk}/", 302)]
    assert "nothing was sent again. This is its run." in again.content.decode()
    assert len(site.sender.sent) == 1


def test_addresses_have_plain_numbers_even_if_the_site_groups_digits(site: Site, settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    large = ScheduleId(12345)
    site.catalog.schedules = {large: a_schedule(id=large)}
    assert 'href="/?schedule=12345"' in site.get("/")
    form = site.form(large)
    assert 'href="/?schedule=12345"' in site.refused(form, fingerprint="of yesterday")
    answer = site.press_run(form)
    assert answer.status_code == 302, answer.content.decode()
    Run.objects.update(id=12345)
    assert 'href="/?run=12345"' in site.get("/runs/12345/")
    again = site.get("/?run=12345")
    assert ('name="again" value="12345"' in again, 'href="/runs/12345/"' in again) == (True, True)


def test_a_field_that_nobody_edited_is_no_change(site: Site) -> None:
    site.press_run(site.form())
    assert Run.objects.get().changes == []


def test_mistakes_are_shown_at_their_fields_and_the_typed_text_stays(site: Site) -> None:
    page = site.refused(site.form(), args="[1,]", kwargs='{\r\n"days" 1}')
    assert fields(page)["args"] == "[1,]"
    assert fields(page)["kwargs"] == '{\n"days" 1}'
    assert "Line 1, column 4: There must be no comma before a closing bracket." in words(page, "id_args_error")
    assert words(page, "id_kwargs_error").startswith('Line 2, column 8: A colon is missing after the key. "days" 1} ^')
    assert '<a href="#id_args">Arguments (JSON list)</a>' in page
    assert "<title>Error: Run nightly report" in page
    assert page.count('aria-invalid="true"') == 2
    assert not site.sender.sent

    mended = site.press_run(fields(page), args="[]", kwargs="{}")
    assert mended.status_code == 302


def test_unknown_arguments_are_reported_with_a_similar_name(site: Site) -> None:
    page = site.refused(site.form(), kwargs='{"dayz": 1}')
    assert 'Unknown argument "dayz", did you mean "days"?' in words(page, "id_kwargs_error")


def test_an_emptied_text_stays_empty(site: Site) -> None:
    page = site.refused(site.form(), kwargs="")
    assert fields(page)["kwargs"] == ""
    assert "{} sends nothing" in words(page, "id_kwargs_error")


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        pytest.param({"kwargs": "{broken"}, "Line 1, column 2: A key in double quotes is missing here", id="bad JSON"),
        pytest.param({"kwargs": "[1]"}, "This must be a JSON object", id="wrong type"),
        pytest.param({"args": "[1, 2, 3, 4, 5]"}, "Too many arguments", id="unfit"),
    ],
)
def test_stored_values_that_can_not_be_sent_are_explained_and_can_be_corrected(
    site: Site, stored: dict[str, str], said: str
) -> None:
    site.catalog.schedules[ScheduleId(7)] = a_schedule(**stored)
    page = site.get("/?schedule=7")
    assert said in words(page)
    for name, text in stored.items():
        shown = text.replace("3", f'"{MASK}"')  # the task's third parameter is `token`
        assert fields(page)[name].replace("\n", "").replace(" ", "") == shown.replace(" ", "")
    assert site.press_run(fields(page), args="[]", kwargs="{}").status_code == 302


def test_a_schedule_that_can_not_be_sent_at_all_says_why(site: Site) -> None:
    site.sender.wrong = (Problem(field=Field.SCHEDULE, code=Code.HEADERS_NOT_AN_OBJECT),)
    assert "message headers are not a JSON object" in words(site.get("/?schedule=7"), "runtask-summary")
    assert "message headers are not a JSON object" in words(site.refused(site.form()), "runtask-summary")


def test_a_schedule_that_was_changed_meanwhile_is_not_run(site: Site) -> None:
    form = site.form()
    site.catalog.schedules[ScheduleId(7)] = a_schedule(fingerprint="f2", task="reports.tasks.erase")
    page = site.refused(form, kwargs='{"days": 30}')
    assert "Somebody has changed this schedule" in words(page, "runtask-summary")
    assert "Show its new values" in page
    assert fields(page)["kwargs"] == '{"days": 30}'
    assert "changed this schedule" in words(site.refused(fields(page)))
    assert not site.sender.sent


def test_the_page_says_so_if_the_schedule_was_deleted_before_run_was_pressed(site: Site) -> None:
    form = site.form()
    site.catalog.schedules.clear()
    answer = site.press_run(form)
    assert answer.status_code == 404
    assert "no longer exists" in answer.content.decode()


def test_if_the_broker_is_away_the_form_stays_and_run_may_be_pressed_again(site: Site) -> None:
    site.sender.fails = NotSent(unreachable())
    page = site.refused(site.form(), kwargs='{"days": 30}')
    said = "Nothing was sent: the broker can't be reached (ConnectionRefusedError). Press Run to try again."
    assert said in words(page, "runtask-summary")
    assert fields(page)["kwargs"] == '{"days": 30}'
    site.sender.fails = None
    assert site.press_run(fields(page), kwargs='{"days": 31}').status_code == 302
    assert Run.objects.get().state == "sent"
    assert site.sender.sent[0].kwargs == {"days": 31}


def test_the_page_of_a_run_that_may_have_been_sent_says_so(site: Site) -> None:
    site.sender.fails = FateUnknown(unreachable("TimeoutError"))
    form = site.form()
    answer = site.browser.post("/", form, follow=True)
    assert "may have been sent: the broker didn't answer" in words(answer.content.decode(), "runtask-state")
    assert site.browser.post("/", form).status_code == 302
    assert Run.objects.count() == 1


def test_if_the_database_is_away_the_page_says_so_and_the_typed_text_stays(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("secret-host:5432")

    form = site.form()
    with monkeypatch.context() as patch:
        patch.setattr(site.catalog, "get", fail)
        answer = site.press_run(form, kwargs=HOSTILE)
        page = answer.content.decode()
        assert site.browser.get("/?schedule=7").status_code == 503
    assert answer.status_code == 503
    assert "Nothing was sent by this press of Run" in words(page)
    assert "secret-host" not in page
    assert "<script>alert" not in page
    kept = fields(page)
    assert kept["kwargs"] == HOSTILE
    assert site.press_run({**kept, "kwargs": '{"days": 1}'}).status_code == 302


def test_after_a_log_out_the_typed_text_stays_with_a_link_to_log_in(site: Site) -> None:
    form = site.form()
    del site.browser.cookies["sessionid"]
    answer = site.press_run(form, kwargs=HOSTILE)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert words(page).startswith("Logged out You are logged out: nothing was sent.")
    assert fields(page)["kwargs"] == HOSTILE
    assert HOSTILE not in page
    assert 'href="/admin/login/?next=/%3Fschedule%3D7"' in page
    assert "sessionid" not in answer.cookies
    assert not Run.objects.exists()


def test_typed_values_are_checked_while_typing_and_nothing_is_sent(site: Site) -> None:
    form = site.form()
    answer = site.browser.post("/check", {**form, "kwargs": '{\r\n "days": x}'})
    (problem,) = answer.json()["problems"]
    assert (problem["field"], problem["line"], problem["column"]) == ("kwargs", 2, 10)
    assert problem["excerpt"] == ' "days": x}\n         ^'
    assert site.browser.post("/check", form).json() == {"problems": []}
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"form": "../x"}, {"form": ""}, {"schedule": "x"}, {"schedule": "1" * 40}], ids=lambda c: str(c)[:20]
)
def test_only_a_form_of_ours_is_accepted(site: Site, changes: dict[str, str]) -> None:
    form = {**site.form(), **changes}
    assert site.browser.post("/", form).status_code == 400
    assert site.browser.post("/check", form).status_code == 400
    with pytest.raises(BadRequest):
        forms.run_request(form, an_actor())


def test_each_opened_form_and_each_person_starts_a_run_of_its_own(site: Site) -> None:
    assert site.form()["form"] != site.form()["form"]
    form = {"form": forms.new_id(), "schedule": "7"}
    keys = {forms.run_request(form, Actor(user=user)).key for user in ("1", "2")}
    assert len(keys) == 2


def test_hostile_text_stays_text(site: Site) -> None:
    hostile = a_schedule(
        name=f"{HOSTILE}\u202e", task=HOSTILE, kwargs=json.dumps({"days": HOSTILE}), description=f"{HOSTILE}\u202e"
    )
    site.catalog.schedules[ScheduleId(7)] = hostile
    page = site.get("/?schedule=7")
    assert json.loads(fields(page)["kwargs"]) == {"days": HOSTILE}
    answer = site.browser.post("/", fields(page), follow=True)
    for shown in (page, site.get("/"), site.get(f"/?q={HOSTILE}"), answer.content.decode()):
        assert "<script>alert" not in shown
        assert HOSTILE in words(shown, "content")
        assert "\u202e" not in shown


def test_pages_hold_no_inline_script_or_style(site: Site) -> None:
    """A strict Content-Security-Policy would block them."""
    run = a_run(user=site.user)
    for page in (site.get("/"), site.get("/?schedule=7"), site.get(f"/runs/{run.pk}/")):
        assert "<script>" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page


def test_the_script_may_come_from_another_origin(site: Site, settings: Any) -> None:
    """So it is no module: browsers load a module from another origin, such as a CDN, only with CORS headers."""
    settings.STATIC_URL = "https://cdn.example.com/"
    assert '<script defer src="https://cdn.example.com/runtask/runtask.js"></script>' in site.get("/")


def test_no_cache_keeps_a_page(site: Site) -> None:
    assert "no-store" in site.browser.get("/").headers["Cache-Control"]
    assert "no-store" in site.browser.get("/?schedule=7").headers["Cache-Control"]
