"""Our pages in the frame of an admin with another theme: they need none of Django's style sheets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from localslack.testing import LocalSlack
from tests.e2e.platform import Platform
from tests.e2e.run_page.acts import PATIENCE
from tests.e2e.run_page.test_run_page import PHONE

pytestmark = pytest.mark.nightly
SEED = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from bot.core.entry import Entry
from bot.core.model import RunRequest, ScheduleId
from bot.models import Run
from bot.runs import actors, start
from bot.runs.door import admit
from bot.runs.budget import Budget
from bot.wiring import platform

ben, now = User.objects.create_user('ben', is_staff=True), timezone.now()
changes = [{{'name': 'days', 'old': '7', 'new': '30'}}, {{'name': 'region', 'old': None, 'new': '"EU"'}}]
for number, fields in enumerate([
    {{'state': 'finished', 'status': 'SUCCESS', 'finished_at': now, 'result': '{{"rows": 30}}', 'changes': changes}},
    {{'state': 'finished', 'status': 'FAILURE', 'finished_at': now, 'result': 'ValueError', 'traceback': 'Traceback …'}},
    {{'state': 'running', 'status': 'PROGRESS', 'seen_at': now, 'result': '7 of 12 steps', 'changes': changes}},
]):
    Run.objects.create(key=f'web:{{number}}', task_id=f'task-{{number}}', schedule_id=1, schedule_name='Nightly report',
        task='tests.wire.report', deadline_at=now + timedelta(hours=1), user=ben, sent_at=now, kwargs='{{"days": 30}}', **fields)
call_command('runtask_rules', 'import', '{rules}')
asked = RunRequest(key='web:4', schedule=ScheduleId(1), args=None,
    kwargs='{{"days": 31}}', fingerprint=None, reason='The auditor asked')
ben = admit(platform(), actors.of_user(ben, entry=Entry.WEB))
assert start.start(ben, asked, Budget(5)).state == 'waiting'
"""
RULES = "- {name: Four eyes, schedules: [Nightly*], approvals: 1, reason: true}"
PAGES = {
    "picker": "/",
    "form": "/?schedule=1",
    "again": "/?run=1",
    "broken": "/?schedule=2",
    "success": "/runs/1/",
    "failure": "/runs/2/",
    "running": "/runs/3/",
    "waiting": "/runs/4/",
    "stop": "/runs/3/stop",
    "approvals": "/approvals/",
    "explain": "/admin/runtask/storedrule/explain/?user=ben&schedule=Nightly+report",
    "pause": "/admin/runtask/storedrule/pause/",
}
INPUTS = "#content-main :is([type=submit], [type=text], [type=search], textarea, .runtask-button)"
SEEN = """element => {
    const style = getComputedStyle(element);
    return { border: parseFloat(style.borderTopWidth), colour: style.borderTopColor, background: style.backgroundColor,
             is_button: element.matches("[type=submit], a"), text: element.value || element.textContent };
}"""
NOTHING = "rgba(0, 0, 0, 0)"


@pytest.fixture(scope="module", params=["unfold", "jazzmin"])
def site(request: Any, slack: LocalSlack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "rules.yml").write_text(RULES)
    settings = f"tests.e2e.themes.on_{request.param}"
    with Platform(folder, slack, DJANGO_SETTINGS_MODULE=settings) as platform:
        platform.schedules(
            {"name": "Nightly report", "task": "tests.wire.report", "kwargs": '{"days": 7}'},
            {"name": "Broken", "task": "tests.wire.report", "enabled": False, "kwargs": '{"days": 7'},
        )
        platform.shell(SEED.format(rules=folder / "rules.yml"))
        platform.start_web()
        yield platform


def stands_on_its_own(page: Page) -> None:
    expect(page.locator("#content-main h1")).to_be_visible()
    for element in page.locator(INPUTS).filter(visible=True).all():
        seen = element.evaluate(SEEN)
        assert seen["border"] >= 1, seen
        assert seen["colour"] != NOTHING, seen
        assert seen["background"] != NOTHING or not seen["is_button"], seen
    found = Axe().run(page, context="#content-main").response["violations"]
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    assert grave == [], [(v["id"], [(node["html"], node["any"]) for node in v["nodes"]]) for v in grave]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing to scroll sideways"


@pytest.mark.parametrize(
    "look",
    [
        pytest.param({**PHONE, "color_scheme": "dark"}, id="dark phone"),
        pytest.param({}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark"),
        pytest.param(PHONE, id="phone"),
    ],
)
def test_every_page_stands_on_its_own(
    site: Platform, browser: Browser, look: dict[str, Any], screenshots: Path, request: pytest.FixtureRequest
) -> None:
    context = browser.new_context(base_url=site.url, **look)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/admin/login/?next=/")
    page.locator("[name=username]").fill("ana")
    page.locator("[name=password]").fill("ana")
    page.locator("[type=submit]").click()
    expect(page.get_by_label("Find a schedule")).to_be_visible()
    for name, address in PAGES.items():
        page.goto(address)
        if name == "form":
            page.get_by_label("Keyword arguments").fill("{")
            page.get_by_role("button", name="Run", exact=True).click()
            expect(page.get_by_role("alert").first).to_contain_text("Nothing was sent.")
        stands_on_its_own(page)
        page.screenshot(path=screenshots / f"{request.node.callspec.id} {name}.png", full_page=True)
    context.close()
