"""docs/install.md in a project with results in Redis and users who log in by e-mail, without django-celery-results."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localslack.testing import LocalSlack
from tests.e2e import guided
from tests.e2e.platform import clean_environment
from tests.e2e.shop import OFFLINE, virtual_environment
from tests.e2e.studio import Studio
from tests.faults.setups import Setup, on_redis
from tests.support import needs
from tests.support.visitor import Visitor
from tests.wire.form import opened

LEFT = """
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Q
tables = [name for name in connection.introspection.table_names() if "runtask" in name]
kinds = ContentType.objects.filter(app_label="runtask")
ours = ("run_periodictask", "stop_periodictask", "approve_periodictask")
print([*tables, *kinds, *Permission.objects.filter(Q(content_type__in=kinds) | Q(codename__in=ours))])
"""
SERVER = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "DJANGO_SECRET_KEY": "only-for-tests",
    "DJANGO_ADMIN_URL": "control-room/",
    "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
    "DJANGO_HTTPS": "false",  # a cookie for HTTPS never comes back over HTTP
}


CHECK = """
from django.core.management import call_command
from django.urls import reverse
call_command("check")
print(reverse("runtask:run"))
"""


def test_the_changes_in_the_guide_apply_and_the_checks_pass(tmp_path: Path) -> None:
    """This runs in the tests' environment and without a server. The other tests take ten times as long, so they are nightly."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    environment = clean_environment(PATH=path, **SERVER, DATABASE_URL=f"sqlite:///{tmp_path}/studio.sqlite3")
    with Studio(tmp_path, environment) as studio:
        for block in guided.BLOCKS:
            if block.language == "diff":
                studio.change(block)
        assert studio.shell(CHECK).split()[-1] == "/runtask/"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    with needs.services(), on_redis(tmp_path_factory.mktemp("stack")) as ready:
        yield ready


@pytest.fixture(scope="module")
def studio(
    stack: Setup, commands: Path, wheel: Path, slack: LocalSlack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Studio]:
    """The team's platform on its server, after following the guide: with the bot and a worker."""
    places = {"DATABASE_URL": stack.environment["DATABASE_URL"], "REDIS_URL": stack.environment["CELERY_BROKER_URL"]}
    path = f"{commands}{os.pathsep}{os.defpath}"
    environment = clean_environment(PATH=path, PYTHONPATH="", **OFFLINE, **SERVER, **places)
    with Studio(tmp_path_factory.mktemp("studio"), environment) as platform:
        platform.prepare()
        guided.follow(platform, slack, wheel, platform.change, without=("http",))
        platform.start_worker()
        platform.manage("collectstatic", "--no-input")
        guided.wait(platform, slack)
        yield platform


def ended(studio: Studio, slack: LocalSlack, name: str, channel: str) -> tuple[str, str]:
    """Runs the schedule and returns the replies in its thread. Slack limits rates by channel, so take one per run."""
    ana = slack.person("U0ANA")
    opened(slack, ana, f"/runtask {name}", channel)
    assert ana.submits()["closed"]
    return guided.the_end(studio, slack, ana, channel)


@pytest.mark.nightly
def test_a_run_from_slack_succeeds_and_its_thread_shows_the_result(studio: Studio, slack: LocalSlack) -> None:
    announced, final = ended(studio, slack, "Weekly studio time", "C0OPS")
    assert "/runtask/runs/" in announced
    assert "SUCCESS" in final
    assert '"minutes": 0' in final


@pytest.mark.nightly
def test_a_failure_brings_its_traceback(studio: Studio, slack: LocalSlack) -> None:
    _, final = ended(studio, slack, "Archive masters", "C0GENERAL")
    assert "FAILURE" in final
    assert "in archive_masters" in final
    assert "BucketFull: masters-2026 has no room for 0 masters" in final


@pytest.mark.nightly
def test_staff_log_in_by_e_mail_and_run_a_schedule_on_the_page(studio: Studio, slack: LocalSlack) -> None:
    ana = Visitor(studio.start_web())
    ana.opens("/runtask/?q=previews")
    assert "/control-room/login/" in ana.address
    ana.opens("/accounts/login/?next=/runtask/%3Fq%3Dpreviews")
    ana.sends(username="ana@example.com", password="ana")
    [form] = re.findall(r'href="([^"]*schedule=\d+)"', ana.page)
    ana.opens(form)
    ana.sends("/runtask/", kwargs='{"tracks": 3}')
    assert re.search(r"/runtask/runs/\d+/$", ana.address), ana.page
    said = slack.wait_for(lambda: (now := ana.reads("state"))["is_final"] and now["words"], 30)
    assert said.startswith("SUCCESS")
    assert "3 previews of 30 s" in ana.opens("")
    assert "django_celery_results" not in ana.page


@pytest.mark.nightly
def test_doctor_finds_no_problem_and_reads_results_in_redis(studio: Studio, slack: LocalSlack) -> None:
    findings = studio.doctor(slack)
    assert [finding for finding in findings if finding["level"] == "problem"] == []
    results = {finding["what"]: finding for finding in findings if finding["area"] == "Results"}
    assert results["source"]["found"].startswith("backend: ")
    assert {finding["level"] for finding in results.values()} <= {"ok", "note"}


@pytest.mark.nightly
def test_with_the_local_settings_a_check_says_that_nothing_can_be_sent(studio: Studio) -> None:
    warned = studio.run("sh", "-ec", "unset DJANGO_SETTINGS_MODULE; python manage.py check 2>&1")
    assert "runtask.W012" in warned


@pytest.mark.nightly
def test_the_wheel_is_what_runs(studio: Studio, commands: Path) -> None:
    assert studio.run("python", "-c", "import bot; print(bot.__file__)").startswith(str(commands.parent))


@pytest.mark.nightly
def test_removing_runtask_as_the_page_says_leaves_nothing(wheel: Path, tmp_path: Path) -> None:
    path = f"{virtual_environment(tmp_path / 'venv')}{os.pathsep}{os.defpath}"
    database = f"sqlite:///{tmp_path}/studio.sqlite3"
    environment = clean_environment(PATH=path, PYTHONPATH="", **OFFLINE, **SERVER, DATABASE_URL=database)
    drop, forget, uninstall = guided.commands_of("Remove")
    with Studio(tmp_path, environment) as studio:
        studio.prepare()
        as_it_was = {file: file.read_text() for file in studio.where.glob("config/**/*.py")}
        studio.run("pip", "install", str(wheel))
        for block in guided.BLOCKS:
            if block.language == "diff":
                studio.change(block)
        studio.manage("migrate")
        assert "runtask_run" in studio.shell(LEFT)
        studio.run("sh", "-ec", drop)
        for file, text in as_it_was.items():
            file.write_text(text)
        studio.run("sh", "-ec", f"echo yes | {forget}")
        studio.run("sh", "-ec", f"echo y | {uninstall}")
        studio.manage("migrate", "--check")
        assert studio.shell(LEFT).strip() == "[]"
