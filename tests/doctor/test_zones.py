"""Crontabs whose time zone isn't known here."""

import pytest
from django.utils import timezone

from bot import wiring
from bot.doctor import schedules
from bot.doctor.findings import Finding, Level
from tests.factories import a_row, in_zone

pytestmark = pytest.mark.django_db


def told() -> list[Finding]:
    return [one for one in schedules.rows(wiring.celery_app(), timezone.now()) if one.what == "time zone"]


def test_an_unknown_zone_is_reported_with_its_schedules() -> None:
    a_row("Berlin", crontab=in_zone("Europe/Berlin"))
    assert told() == []
    a_row("Nightly", crontab=in_zone("US/Pacific-New"))
    (finding,) = told()
    assert finding.found == "US/Pacific-New, not known here; of Nightly"
    assert finding.level is Level.WARNING


def test_a_crontab_without_a_schedule_is_reported_too() -> None:
    """beat fails at such a crontab, too."""
    in_zone("US/Pacific-New")
    assert [finding.found for finding in told()] == ["US/Pacific-New, not known here; of no schedule"]
