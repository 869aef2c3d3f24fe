"""Stored values that are too long for a form are sent as stored. Only typed values have our limit."""

import json

from bot.core.model import ScheduleId
from bot.models import Run
from tests.factories import a_run, a_schedule
from tests.web.site import Site, fields, words


def test_values_that_are_too_long_to_edit_are_sent_as_stored(site: Site) -> None:
    stored = json.dumps({"ids": ["x" * 128_880]})
    site.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs=stored)
    site.catalog.signatures.clear()
    page = site.get("/?schedule=7")
    assert list(fields(page)) == ["csrfmiddlewaretoken", "form", "schedule", "fingerprint", "args"]
    assert "128,893 characters, too long to edit here (100,000 are allowed). They will be sent as stored." in words(
        page
    )
    assert "xxx" not in page
    assert site.press_run(fields(page), args="[1]").status_code == 302
    run = Run.objects.get()
    assert (run.args, run.kwargs) == ("[1]", stored)
    again = site.get(f"/?run={run.pk}")
    assert "They will be sent as in that run." in words(again)
    assert site.press_run(fields(again)).status_code == 302
    assert Run.objects.values_list("kwargs", flat=True).distinct().get() == stored


def test_values_that_are_too_long_to_edit_and_hold_somebody_elses_secret_are_not_sent(site: Site) -> None:
    site.catalog.signatures.clear()
    kwargs = json.dumps({"ids": ["x" * 128_880], **{f"token{number}": "hidden-one" for number in range(5)}})
    run = a_run(state="finished", status="SUCCESS", kwargs=kwargs)
    page = words(site.get(f"/?run={run.pk}"))
    where = "token0, token1, token2 and 2 more"
    assert f"They can't be sent from here: they hold secrets of somebody else's run, at {where}." in page
    assert "They will be sent" not in page


def test_a_typed_text_is_not_longer_than_allowed(site: Site) -> None:
    page = site.refused(site.form(), kwargs=json.dumps({"days": "x" * 100_000}))
    assert "characters long; 100,000 are allowed" in words(page)


def test_values_that_are_too_long_and_wrong_are_corrected_in_the_admin(site: Site) -> None:
    site.catalog.schedules[ScheduleId(7)] = a_schedule(kwargs="[" + "1, " * 50_000 + "1]")
    page = site.get("/?schedule=7")
    assert "Correct them in the admin." in words(page)
    assert "kwargs" not in fields(page)
