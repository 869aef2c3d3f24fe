"""The wiring connects the parts."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.utils import timezone

from bot import conf, wiring
from bot.models import Notice, Run
from tests.factories import a_run

APP = Celery("platform", set_as_current=False)


@pytest.fixture(params=["rows", "backend", "none"])
def platform(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Iterator[None]:
    """Chooses the source of new runs."""
    APP.conf.update(result_backend=f"file://{tmp_path}")
    settings.RUNTASK = {"CELERY_APP": f"{__name__}:APP", "OUTCOMES": request.param}
    conf.conf.cache_clear()
    yield
    conf.conf.cache_clear()


def settled(run: Run, late: timedelta) -> str:
    """Makes the run so late, lets every watcher make its first step, and returns the run's state."""
    Run.objects.update(deadline_at=timezone.now() - late)
    for watcher in wiring.watchers():
        watcher.step()
    run.refresh_from_db()
    return run.state


@pytest.mark.django_db
@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize("source", ["rows", "backend", "events", "none", "elsewhere"])
def test_a_late_run_is_reported_once_whatever_its_source(source: str) -> None:
    """Its source may not be configured any more, or only a later version may know it."""
    run = a_run(source=source)
    assert settled(run, timedelta(seconds=1)) == ("unseen" if source == "none" else "overdue")
    assert Notice.objects.filter(run=run, kind__in=["deadline", "unseen"]).count() == 1
    assert settled(run, timedelta(hours=25)) == "unseen"
    assert Notice.objects.filter(run=run, kind="unseen").count() == 1
