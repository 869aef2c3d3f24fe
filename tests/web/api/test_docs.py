"""The scripts of docs/api.md work against a real server, as somebody pastes them."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_celery_results.models import TaskResult

from bot import env, wiring
from bot.core.stops import Standing
from bot.models import Run
from bot.web import tokens
from bot.web.api import answers
from tests.factories import a_row, a_run

DOCS = Path("docs/api.md").read_text()
START, WAIT, STOP, LOOK = re.findall(r"^```sh\n(.*?)^```$", DOCS, re.DOTALL | re.MULTILINE)
CODES = set(re.findall(r"^\| \d{3}[^|]* \| ([^|]+) \|", DOCS, re.MULTILINE))

needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None and not env.environ().get("CI"), reason="needs curl (Debian: apt-get install curl)"
)


@pytest.fixture
def shell(transactional_db: None, live_server: Any) -> Any:
    """Runs a script of the page, and returns its exit code and output."""
    ana = User.objects.create_user("ana", is_staff=True)
    wiring.celery_app().control.purge()
    a_row("Nightly report", pk=1, task="tests.wire.report")
    given = {"PATH": env.environ()["PATH"], "RUNTASK": live_server.url, "TOKEN": tokens.issue(ana, "docs")[1]}

    def run(script: str) -> tuple[int, str]:
        command = ["sh", "-euc", script]
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


@needs_curl
def test_the_script_of_the_page_starts_a_run(shell: Any) -> None:
    code, said = shell(START)
    assert code == 0
    assert '"state": "sent"' in said
    assert Run.objects.get().kwargs == '{"days": 30}'


@needs_curl
@pytest.mark.parametrize(("status", "code"), [("SUCCESS", 0), ("FAILURE", 1)])
def test_the_script_waits_for_a_run_and_exits_by_its_end(shell: Any, status: str, code: int) -> None:
    assert shell(WAIT.replace("sleep 1", "exit 7"))[0] == 7, "nothing has ended yet"
    TaskResult.objects.create(task_id=Run.objects.get().task_id, status=status, result="{}")
    assert shell(WAIT)[0] == code  # the same key: the same run
    assert Run.objects.get().status == status


@needs_curl
def test_the_script_of_the_page_stops_a_run(shell: Any) -> None:
    assert shell(START)[0] == 0
    code, said = shell(STOP.replace("/1/", f"/{Run.objects.get().pk}/"))
    assert code == 0
    assert '"stop": "waits"' in said
    assert '"stopped_by": "ana"' in said


@needs_curl
def test_the_scripts_of_the_page_read_schedules(shell: Any) -> None:
    code, said = shell(LOOK)
    assert code == 0
    assert '"total": 1' in said
    assert '"fingerprint"' in said


def test_every_code_that_the_api_answers_is_in_the_table() -> None:
    source = "".join(file.read_text() for file in Path("bot/web/api").glob("*.py"))
    answered = set(re.findall(r'ApiError\(\s*\d{3}, "(\w+)"', source))
    assert len(answered) > 10
    assert answered == set(re.findall(r"`(\w+)`", " ".join(CODES)))


def codes_in(table: str) -> set[str]:
    """The codes in the first column of the table whose header begins with this column."""
    rows = DOCS.partition(f"\n| {table} |")[2].partition("\n\n")[0]
    return set(re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in rows.splitlines()[2:])))


def test_every_code_of_a_stop_is_in_the_table() -> None:
    assert codes_in("`stop`") == set(Standing)


@pytest.mark.django_db
def test_every_member_of_a_run_is_in_the_table() -> None:
    run = answers.run(a_run(), requester=None, secret_keys=(), links={"url": "", "page": ""})
    rest = {"result_length"}  # beside `result`
    assert codes_in("member of a run") == set(run) - rest
