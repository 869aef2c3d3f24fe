"""`runtask cleanup` shows how much it would delete, even if the hourly clean-up refuses so much. It deletes only with `--yes`."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from bot import conf
from bot.models import AuditRecord, Installation, Run
from tests.audit import filled, records
from tests.factories import INSTALLATION, a_run

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("runtask_cleanup", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def old() -> None:
    """Old rows: two runs of this installation and one without messages, and two records. One run is of today."""
    User.objects.create_user("ada")
    long_ago = timezone.now() - timedelta(days=200)
    Installation.objects.create(key=INSTALLATION, seen_at=timezone.now())
    for installation in (INSTALLATION, INSTALLATION, ""):
        a_run(state="finished", installation=installation, created_at=long_ago, deadline_at=long_ago)
    a_run(state="finished")
    filled([AuditRecord(at=at, action="run.asked", entry="slack") for at in (long_ago - timedelta(days=600), long_ago)])


def test_the_command_says_what_it_would_delete() -> None:
    text = said()
    assert f"3 old runs, of {INSTALLATION}, or without messages in Slack." in text
    assert "1 old records of the audit log." in text
    assert "Nothing was deleted" in text
    assert Run.objects.count() == 4


def test_values_that_are_kept_for_a_shorter_time_are_counted_and_deleted(settings: Any) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    run = a_run(state="finished", kwargs='{"days": 30}', deadline_at=yesterday)
    assert "with old values" not in said()
    settings.RUNTASK = {**settings.RUNTASK, "KEEP_VALUES": 3600}
    conf.conf.cache_clear()
    try:
        assert "runs with old values" in said()
        said("--yes")
    finally:
        conf.conf.cache_clear()
    run.refresh_from_db()
    assert run.kwargs == "{}"


def test_the_command_deletes_only_with_yes() -> None:
    assert "Nothing was deleted" not in said("--yes")
    assert Run.objects.count() == 1
    assert len(records()) == 1
