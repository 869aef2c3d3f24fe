"""The places in Slack, in a real browser and with real processes: threads, Home, mentions, Run again, Stop."""

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from localslack.testing import LocalSlack
from tests.broker.waiting import wait_until
from tests.e2e.hands import PATIENCE, at, field, picks, presses_run, types
from tests.e2e.platform import Platform

# In the gate, tests of tests/wire test the same without a browser, and test_page.py shows that the page works.
pytestmark = pytest.mark.nightly

OPS = "C0OPS"


@pytest.fixture(scope="module", autouse=True)
def _running(platform: Platform) -> Iterator[None]:
    platform.schedules({"name": "Import orders", "task": "tests.wire.waits"})
    platform.start_bot()
    yield
    platform.stop("slack")


@dataclass
class Import:
    """The values of a run of “Import orders”, which ends when `may_end` is called."""

    folder: Path
    name: str

    @property
    def values(self) -> str:
        return json.dumps({"folder": str(self.folder), "name": self.name})

    @property
    def has_begun(self) -> bool:
        return (self.folder / f"{self.name}.begun").exists()

    def begins(self) -> None:
        wait_until(lambda: self.has_begun)

    def may_end(self) -> None:
        (self.folder / f"{self.name}.end").touch()


def last_message(page: Page) -> Locator:
    return page.get_by_test_id("message").last


def picture(page: Page, path: Path, height: int = 620) -> None:
    """Takes a picture without notifications, and without the effects of pointer and focus."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    expect(page.get_by_test_id("toast")).to_have_count(0)
    page.set_viewport_size({"width": 1100, "height": height})
    page.screenshot(path=path)


def test_a_run_on_a_message_in_a_thread_reports_in_that_thread(
    page: Page, slack: LocalSlack, screenshots: Path
) -> None:
    ben, ana = slack.person("U0BEN"), slack.person("U0ANA")
    asked = ben.types(OPS, "The shop's numbers of last week are wrong since this morning")["ts"]
    ben.types(OPS, "Can somebody run the report again?", asked)
    at(page, slack, "U0ANA")
    page.get_by_test_id("open-thread").click()
    thread = page.get_by_test_id("thread-pane").get_by_test_id("message")
    reply = thread.filter(has_text="Can somebody")
    reply.hover()
    reply.get_by_test_id("message-actions").click()
    page.get_by_role("menuitem", name="Run a schedule here").click()
    expect(picks(page, "night")).to_have_value('{\n  "days": 7\n}')
    presses_run(page)
    expect(thread).to_contain_text(["The shop's numbers", "Can somebody", "SUCCESS", "Task id", '"rows": 7'])
    expect(thread.nth(2).get_by_role("button", name="Run again")).to_be_visible()
    expect(page.get_by_role("main").get_by_test_id("message")).to_have_count(1)
    assert len(ana.thread(OPS, asked)) == 4
    picture(page, screenshots / "shortcut.png", height=800)


def runs_and_stars(page: Page, home: Locator, typed: str, values: str) -> None:
    home.get_by_role("button", name="Run a schedule").click()
    kwargs = picks(page, typed)
    expect(kwargs).to_have_value("{}")
    kwargs.fill(values)
    modal = page.get_by_test_id("modal")
    modal.get_by_role("button", name="☆ Add to favourites").click()
    expect(modal.get_by_role("button", name="★ Remove from favourites")).to_be_visible()
    expect(kwargs).to_have_value(values)
    presses_run(page)


def test_home_is_refreshed_before_and_after_a_restart_of_the_bot(
    page: Page, slack: LocalSlack, platform: Platform, tmp_path: Path, screenshots: Path
) -> None:
    first, second = Import(tmp_path, "monday"), Import(tmp_path, "tuesday")
    at(page, slack, "U0ANA")
    page.locator("[data-testid=channel][data-channel-id=D0ANA]").click()
    home = page.get_by_test_id("home")
    expect(home).to_contain_text("Nothing is running now.")
    ended = home.get_by_text("SUCCESS after")
    before = ended.count()

    runs_and_stars(page, home, "import", first.values)
    favourite = home.get_by_role("button", name="Run", exact=True)
    expect(favourite).to_be_visible()
    expect(home.get_by_role("button", name="Stop")).to_be_visible()
    first.begins()
    first.may_end()
    expect(ended).to_have_count(before + 1)

    favourite.click()
    field(page, "kwargs:").locator("textarea").fill(second.values)
    presses_run(page)
    second.begins()
    expect(home.get_by_role("button", name="Stop")).to_be_visible()
    picture(page, screenshots / "home.png", height=700)
    platform.stop("slack", signal.SIGKILL)
    slack.wait_for(lambda: not slack.connections())
    second.may_end()
    platform.start_bot()
    expect(ended).to_have_count(before + 2, timeout=3 * PATIENCE)
    expect(home).to_contain_text("Nothing is running now.")


def test_run_again_with_one_changed_value_names_exactly_that_change(page: Page, slack: LocalSlack) -> None:
    at(page, slack, "U0ANA")
    types(page, "/runtask nightly")
    presses_run(page)
    last_message(page).get_by_role("button", name="Run again").click()
    expect(page.get_by_test_id("modal")).to_contain_text("asked for it on")
    kwargs = field(page, "kwargs:").locator("textarea")
    expect(kwargs).to_have_value('{\n  "days": 7\n}')
    kwargs.fill('{"days": 30}')
    presses_run(page)
    again = page.get_by_test_id("message").nth(1)
    expect(again).to_contain_text("SUCCESS")
    expect(again.locator("pre")).to_have_text("days: 7 -> 30")
    expect(page.get_by_test_id("message").nth(0)).to_contain_text("stored arguments")
    again.get_by_test_id("open-thread").click()
    expect(page.get_by_test_id("thread-pane")).to_contain_text('"rows": 30')


def test_a_run_that_is_stopped_in_the_queue_is_never_executed(
    page: Page, slack: LocalSlack, platform: Platform, tmp_path: Path
) -> None:
    stopped, other = Import(tmp_path, "stopped"), Import(tmp_path, "other")
    other.may_end()
    platform.stop("worker")
    at(page, slack, "U0ANA")
    for one in (stopped, other):
        types(page, "/runtask import")
        field(page, "kwargs:").locator("textarea").fill(one.values)
        presses_run(page)
    roots = page.get_by_test_id("message")
    roots.nth(0).get_by_role("button", name="Stop").click()
    page.get_by_test_id("confirm").get_by_role("button", name="Stop").click()
    expect(roots.nth(0)).to_contain_text("withdrawn, not run")
    roots.nth(0).get_by_test_id("open-thread").click()
    expect(page.get_by_test_id("thread-pane")).to_contain_text("stopped it before a worker took it. It was not run.")

    platform.start_worker()
    expect(roots.nth(1)).to_contain_text("SUCCESS")
    assert (other.has_begun, stopped.has_begun) == (True, False), "sent first, it would have begun first"
    expect(roots.nth(0)).to_contain_text("withdrawn, not run")


def test_a_mention_leads_by_a_button_and_the_form_to_a_run(page: Page, slack: LocalSlack, screenshots: Path) -> None:
    at(page, slack, "U0ANA")
    types(page, "@Runtask nightly report days=30")
    answer = page.get_by_test_id("message").filter(has=page.get_by_test_id("ephemeral"))
    expect(answer).to_contain_text("Nothing has been sent.")
    picture(page, screenshots / "mention.png")
    answer.get_by_role("button", name="Choose parameters").click()
    expect(page.get_by_test_id("modal")).to_contain_text("From your message: days")
    expect(field(page, "kwargs:").locator("textarea")).to_have_value('{\n  "days": 30\n}')
    presses_run(page)
    expect(last_message(page)).to_contain_text("SUCCESS")
    expect(last_message(page)).to_contain_text("days: 7 -> 30")
