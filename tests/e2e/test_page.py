"""The main job as a person does it: in a real browser, by keyboard, with real processes behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from localslack.testing import LocalSlack
from tests.e2e.hands import at, field, picks, types
from tests.e2e.platform import Platform


@pytest.fixture(scope="module", autouse=True)
def _running(platform: Platform) -> Iterator[None]:
    platform.schedules(
        {"name": "Fails at the end of the month", "task": "tests.wire.fail"},
        {"name": "Report of the week", "task": "tests.wire.report", "enabled": False},
    )
    platform.start_bot()
    platform.start_web()
    yield
    platform.stop("slack")


def test_a_person_types_picks_corrects_an_error_runs_and_reads(
    page: Page, slack: LocalSlack, screenshots: Path
) -> None:
    at(page, slack, "U0ANA")
    types(page, "/runtask")
    modal = page.get_by_test_id("modal")
    kwargs = picks(page, "night")
    expect(kwargs).to_have_value('{\n  "days": 7\n}')

    kwargs.fill('{\n  "dayz": 30\n}')
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("field-error")).to_contain_text('Unknown argument "dayz", did you mean "days"?')
    kwargs.fill('{\n  "days" 30\n}')
    page.get_by_test_id("modal-submit").click()
    error = field(page, "kwargs:").get_by_test_id("field-error")
    expect(error).to_contain_text("Line 2, column 10: A colon is missing")
    expect(kwargs).to_be_focused()
    modal.screenshot(path=screenshots / "form.png")

    kwargs.fill('{\n  "days": 30\n}')
    page.get_by_test_id("modal-submit").click()
    expect(modal).to_be_hidden()
    root = page.get_by_test_id("message").last
    expect(root).to_contain_text("SUCCESS")
    expect(root).to_contain_text("days: 7 -> 30")
    root.get_by_test_id("open-thread").first.click()
    thread = page.get_by_test_id("thread-pane")
    expect(thread).to_contain_text("Task id")
    expect(thread).to_contain_text('"rows": 30')
    page.mouse.move(0, 0)
    expect(page.get_by_test_id("toast")).to_have_count(0)
    page.set_viewport_size({"width": 1100, "height": 760})
    page.screenshot(path=screenshots / "thread.png")


@pytest.mark.nightly
def test_the_links_lead_to_the_run_and_to_its_result(page: Page, slack: LocalSlack, platform: Platform) -> None:
    at(page, slack, "U0ANA")
    types(page, "/runtask nightly")
    page.get_by_test_id("modal-submit").click()
    root = page.get_by_test_id("message").last
    expect(root).to_contain_text("SUCCESS")
    root.get_by_test_id("open-thread").first.click()
    result = page.get_by_test_id("thread-pane").get_by_role("link", name="result").get_attribute("href")
    run = root.get_by_role("link", name="Nightly report").get_attribute("href")
    page.goto(f"{platform.url}/admin/login/?next=/admin/")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("ana")
    page.get_by_role("button", name="Log in").click()
    for link in (run, result):
        page.goto(str(link))
        expect(page.locator("#content")).to_contain_text("Nightly report")
        expect(page.locator("#content")).to_contain_text("SUCCESS")
    page.locator("#content dd a code").click()  # the task's id
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


@pytest.mark.nightly
def test_the_thread_shows_a_failure(page: Page, slack: LocalSlack, screenshots: Path) -> None:
    at(page, slack, "U0ANA")
    types(page, "/runtask fails")
    page.get_by_test_id("modal-submit").click()
    root = page.get_by_test_id("message").last
    expect(root).to_contain_text("FAILURE")
    root.get_by_test_id("open-thread").first.click()
    thread = page.get_by_test_id("thread-pane")
    expect(thread).to_contain_text("ValueError: no <!channel> such *thing*")
    page.screenshot(path=screenshots / "failure.png")


def test_a_colleague_who_is_not_staff_sees_why(page: Page, slack: LocalSlack, screenshots: Path) -> None:
    at(page, slack, "U0BEN")
    types(page, "/runtask")
    expect(page.get_by_test_id("message").last).to_contain_text("isn't linked to a staff account")
    expect(page.get_by_test_id("ephemeral")).to_have_text("Only visible to you")
    expect(page.get_by_test_id("modal")).to_have_count(0)
    page.screenshot(path=screenshots / "colleague.png")


@pytest.mark.nightly
def test_an_outsiders_command_never_reaches_the_bot(page: Page, slack: LocalSlack) -> None:
    at(page, slack, "U0OLGA", "C0SHARED")
    types(page, "/runtask nightly")
    expect(page.get_by_test_id("ephemeral")).to_be_visible()
    assert slack.log("delivery") == []


def test_in_a_channel_closed_to_the_bot_a_direct_message_reports(
    page: Page, slack: LocalSlack, screenshots: Path
) -> None:
    at(page, slack, "U0ANA", "G0SECRET")
    types(page, "/runtask nightly")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("modal")).to_be_hidden()
    direct = page.locator("[data-testid=channel][data-channel-id=D0ANA]")
    expect(direct.get_by_test_id("unread")).to_be_visible()
    direct.click()
    root = page.get_by_test_id("message").last
    expect(root).to_contain_text("I'm not a member of it")
    expect(root).to_contain_text("SUCCESS")
    page.screenshot(path=screenshots / "direct.png")


@pytest.mark.nightly
def test_home_shows_runs_and_favourites_and_its_buttons_work(page: Page, slack: LocalSlack, screenshots: Path) -> None:
    at(page, slack, "U0ANA", "D0ANA")
    page.get_by_test_id("tab-home").click()
    home = page.get_by_test_id("home")
    expect(home).to_contain_text("Nothing is running now.")
    page.screenshot(path=screenshots / "home-empty.png")

    starred_and_run(page, home, '{"steps": 40}', screenshots)
    expect(home).to_contain_text("You asked for it")
    expect(home.get_by_role("button", name="Stop")).to_be_visible()

    home.get_by_role("button", name="Run", exact=True).click()
    kwargs = field(page, "kwargs:").locator("textarea")
    expect(kwargs).to_have_value('{\n  "steps": 12\n}')
    kwargs.fill('{"steps": 1}')
    page.get_by_test_id("modal-submit").click()
    expect(home).to_contain_text("SUCCESS after")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=screenshots / f"home-{scheme}.png")
    page.emulate_media(color_scheme="light")

    home.get_by_role("button", name="Stop").first.click()
    page.get_by_test_id("confirm").get_by_role("button", name="Stop").click()
    expect(home).to_contain_text("You have asked to stop it.")
    page.get_by_test_id("tab-messages").click()
    expect(page.get_by_test_id("message").last).to_contain_text("Slow")


def starred_and_run(page: Page, home: Locator, kwargs: str, screenshots: Path) -> None:
    home.get_by_role("button", name="Run a schedule").click()
    modal = page.get_by_test_id("modal")
    shown = picks(page, "slow")
    expect(shown).to_have_value('{\n  "steps": 12\n}')
    shown.fill(kwargs)
    modal.get_by_role("button", name="Add to favourites").click()
    expect(modal.get_by_role("button", name="Remove from favourites")).to_be_visible()
    expect(shown).to_have_value(kwargs)
    modal.screenshot(path=screenshots / "home-star.png")
    page.get_by_test_id("modal-submit").click()
    expect(modal).to_be_hidden()


@pytest.mark.nightly
def test_home_says_how_to_get_access(page: Page, slack: LocalSlack, screenshots: Path) -> None:
    at(page, slack, "U0BEN", "D0BEN")
    page.get_by_test_id("tab-home").click()
    expect(page.get_by_test_id("home")).to_contain_text("runtask staff add U0BEN YOUR-USER-NAME")
    page.screenshot(path=screenshots / "home-not-linked.png")
