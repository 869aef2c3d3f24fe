"""The wiring makes watchers for all runs, and loads all tasks of the platform."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.utils import timezone

from bot import conf, env, wiring
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


PAGES = """
from celery import shared_task

@shared_task(name="tests.only_a_view_imports_this")
def task():
    pass

urlpatterns = []
"""
FAILING = """
from django.core.checks import register
from tests.settings import *

ROOT_URLCONF = "pages"

@register()
def fails(**_):
    raise RuntimeError("this check can't run")
"""
KNOWN = """
import django
django.setup()
from bot import wiring
from bot.doctor.subject import subject
from bot.management.serving import require_tasks
{load}
print("known" if "tests.only_a_view_imports_this" in wiring.celery_app().tasks else "unknown")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "skips"),
    [("require_tasks()", False), ("subject()", False), ("require_tasks()", True)],
    ids=["slack", "doctor", "skips"],
)
def test_tasks_that_only_a_view_imports_are_known_where_workers_know_them(
    tmp_path: Path, load: str, *, skips: bool
) -> None:
    """A check that fails is logged, and hides no task. `skips`: the platform's workers skip the system checks."""
    (tmp_path / "pages.py").write_text(PAGES)
    (tmp_path / "failing_settings.py").write_text(FAILING)
    environment = {**env.environ(), "DJANGO_SETTINGS_MODULE": "failing_settings", env.SKIP_CHECKS: "1" if skips else ""}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *sys.path])
    told = subprocess.run(
        [sys.executable, "-c", KNOWN.format(load=load)], capture_output=True, text=True, check=True, env=environment
    )
    assert told.stdout.split() == ["unknown" if skips else "known"]
    assert ("a system check of failing_settings failed" in told.stderr) is not skips
