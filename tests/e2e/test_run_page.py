"""The run page in a real browser, with a real worker behind it: by mouse, by keyboard, without JavaScript, for everybody."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.platform import Platform

pytestmark = pytest.mark.timeout(180)
PATIENCE = 20_000  # milliseconds
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module", autouse=True)
def _running(platform: Platform) -> None:
    platform.schedule("Fails at the end of the month", "tests.wire.fail")
    platform.schedule("Broken", "tests.wire.report", enabled=False, kwargs='{"days": 7')
    platform.schedule("Elsewhere", "nobody.knows", queue="nowhere")
    platform.start_web()


@pytest.fixture(scope="module")
def login(platform: Platform, browser: Browser, _running: None) -> Any:
    """The cookies of Ana, who has logged in on her way to the run page."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{platform.url}/?q=night")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("ana")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Find a schedule")).to_have_value("night")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def contexts(browser: Browser, platform: Platform, login: Any) -> Iterator[Any]:
    """Makes browsers of Ana's; options as Playwright's."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        wide = {"viewport": {"width": 1100, "height": 800}, "device_scale_factor": 1.5}
        context = browser.new_context(**{**wide, "storage_state": login, "base_url": platform.url, **options})
        context.set_default_timeout(PATIENCE)
        made.append(context)
        return context.new_page()

    yield make
    for context in made:
        context.close()


@pytest.fixture
def page(contexts: Any) -> Page:
    page: Page = contexts()
    return page


def pick(page: Page, typed: str) -> Page:
    """By mouse, from a list that has been narrowed down."""
    page.goto(f"/?q={typed}")
    page.locator(".runtask-list a").first.click()
    expect(page.locator("#runtask-form")).to_be_visible()
    return page


def run(page: Page) -> None:
    page.get_by_role("button", name="Run").click()


def finds_nothing_serious(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    assert grave == [], [(v["id"], [node["html"] for node in v["nodes"]]) for v in grave]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))


def test_pick_err_mend_run_and_watch_it_end(page: Page, screenshots: Path) -> None:
    page.goto("/")
    page.get_by_label("Find a schedule").press_sequentially("night")
    expect(page.get_by_role("status")).to_have_text("1 schedule")
    page.get_by_role("link", name="Nightly report").click()
    kwargs = page.get_by_label("Keyword arguments")
    expect(kwargs).to_have_value('{\n  "days": 7\n}')
    before = kwargs.bounding_box()

    kwargs.fill('{\n  "days" 30,\n  "region": "US"\n}')
    error = page.locator("#id_kwargs_error")
    expect(error).to_contain_text("Line 2, column 10: A colon is missing after the key.")
    expect(kwargs).to_have_attribute("aria-invalid", "true")
    after = kwargs.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"], "it grows with what is typed"
    page.screenshot(path=screenshots / "run-page.png")

    run(page)  # the server says it again
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent. Please correct Keyword arguments")
    expect(error).to_contain_text("Line 2, column 10")
    expect(kwargs).to_be_focused()
    kwargs.fill('{\n  "days": 30,\n  "region": "US"\n}')
    expect(error).to_be_empty()
    expect(kwargs).not_to_have_attribute("aria-invalid", "true")

    run(page)
    expect(page.locator(".runtask-standing")).to_contain_text("SUCCESS after")
    expect(page.locator("#runtask-state")).to_contain_text('"rows": 30')
    expect(page.get_by_role("row", name="days 7 30")).to_be_visible()
    task_id = page.locator("dd a code").inner_text()
    page.get_by_role("link", name=task_id).click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_a_run_is_followed_to_its_end_without_a_reload(page: Page) -> None:
    run(pick(page, "slow"))
    state = page.locator("#runtask-state")
    expect(state).to_contain_text(" of 12")
    page.evaluate("window.sameDocument = true")
    expect(page).to_have_title("running: Slow | Run tasks")
    finds_nothing_serious(page)
    expect(state).to_contain_text("SUCCESS after")
    expect(page.locator("#runtask-announcement")).to_contain_text("SUCCESS after")
    assert page.title().startswith("SUCCESS after")
    assert page.evaluate("window.sameDocument")


@pytest.mark.nightly
def test_a_run_that_goes_on_is_pointed_at(page: Page) -> None:
    run(pick(page, "slow"))
    address = page.url
    pick(page, "slow")
    expect(page.get_by_text("Already running")).to_be_visible()
    finds_nothing_serious(page)
    page.get_by_role("link", name="see that run").click()
    assert page.url == address
    expect(page.locator("#runtask-state")).to_contain_text("SUCCESS after")


@pytest.mark.nightly
def test_a_failure_shows_its_traceback(page: Page) -> None:
    run(pick(page, "fails"))
    state = page.locator("#runtask-state")
    expect(state).to_contain_text("FAILURE")
    expect(state).to_contain_text("ValueError: no <!channel> such *thing*")
    expect(page.get_by_role("region", name="Traceback")).to_contain_text("raise ValueError")
    finds_nothing_serious(page)


@pytest.mark.nightly
def test_what_should_be_known_before_is_said(page: Page) -> None:
    pick(page, "broken")
    expect(page.get_by_text("Disabled.")).to_be_visible()
    expect(page.locator("#id_kwargs_error")).to_contain_text("Line 1, column 11")
    finds_nothing_serious(page)
    pick(page, "elsewhere")
    expect(page.get_by_text("Sent by name.")).to_be_visible()
    expect(
        page.get_by_text("No live worker listens on its queue.")
    ).to_be_visible()  # appears when workers have answered


def test_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("report")
    expect(page.locator(".runtask-list a")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".runtask-list a").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Find a schedule")).to_be_focused()
    page.keyboard.type(" nightly")
    page.keyboard.press("Enter")  # the first of the list as it will be, not as it was
    expect(page.locator("h1")).to_have_text("Run Nightly report")
    assert focused(page) == "runtask-name"
    for stop in ("A", "id_args", "id_kwargs"):
        page.keyboard.press("Tab")
        assert focused(page) == stop
    page.keyboard.press("Control+A")
    page.keyboard.type('{"days": 3}')
    page.keyboard.press("Control+Enter")
    expect(page.locator("#runtask-state")).to_contain_text('"rows": 3')


def test_a_double_press_runs_once_and_a_page_gone_back_to_runs_anew(page: Page) -> None:
    pick(page, "nightly")
    page.get_by_role("button", name="Run").dblclick()
    expect(page.locator("#runtask-state")).to_contain_text("SUCCESS")
    address = page.url
    page.go_back()
    expect(page.locator("#runtask-form")).to_be_visible()
    run(page)
    expect(page.locator("#runtask-state")).to_contain_text("SUCCESS")
    first, second = (int(found.rstrip("/").rpartition("/")[2]) for found in (address, page.url))
    assert second == first + 1


@pytest.mark.nightly
def test_without_javascript_it_all_works_by_reloading(contexts: Any) -> None:
    page = contexts(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Find a schedule").fill("night")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Nightly report").click()
    page.get_by_label("Keyword arguments").fill("{")
    run(page)
    expect(page.locator("#id_kwargs_error")).to_contain_text("Line 1, column 2")
    page.get_by_label("Keyword arguments").fill('{"days": 4}')
    run(page)
    expect(page.locator("h1")).to_have_text("Run of Nightly report")
    while (again := page.get_by_role("link", name="Reload")).count():
        again.click()
    expect(page.locator("#runtask-state")).to_contain_text('"rows": 4')


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark", marks=pytest.mark.nightly),
        pytest.param(PHONE, id="phone", marks=pytest.mark.nightly),
        pytest.param({**PHONE, "color_scheme": "dark"}, id="dark phone", marks=pytest.mark.nightly),
    ],
)
def test_it_is_for_everybody(
    contexts: Any, options: dict[str, Any], screenshots: Path, request: pytest.FixtureRequest
) -> None:
    page = contexts(**options)
    page.goto("/")
    finds_nothing_serious(page)
    pick(page, "nightly").get_by_label("Keyword arguments").fill("{")
    expect(page.locator("#id_kwargs_error")).to_contain_text("Line 1, column 2")
    finds_nothing_serious(page)
    run(page)
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent.")
    finds_nothing_serious(page)
    page.screenshot(path=screenshots / f"{request.node.name}.png", full_page=True)
    page.get_by_label("Keyword arguments").fill("{}")
    run(page)
    expect(page.locator("#runtask-state")).to_contain_text("SUCCESS")
    finds_nothing_serious(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing to scroll sideways"


@pytest.mark.nightly
def test_a_lost_connection_is_said_and_made_up_for(page: Page) -> None:
    run(pick(page, "slow"))
    expect(page.locator("#runtask-state")).to_contain_text(" of 12")
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("The connection to the site is lost; trying again.")
    page.context.set_offline(False)
    expect(page.locator("#runtask-connection")).to_be_hidden()
    expect(page.locator("#runtask-state")).to_contain_text("SUCCESS after")


@pytest.mark.nightly
def test_who_is_logged_out_meanwhile_is_told(page: Page) -> None:
    run(pick(page, "slow"))
    expect(page.locator("#runtask-state")).to_contain_text(" of 12")
    page.context.clear_cookies()
    expect(page.get_by_role("alert")).to_contain_text("You are logged out")
    pick_again = page.context.new_page()
    pick_again.goto(page.url)
    expect(pick_again.get_by_label("Username")).to_be_visible()


@pytest.mark.nightly
def test_who_is_logged_out_over_an_open_form_logs_in_aside_and_goes_on(page: Page) -> None:
    pick(page, "night")
    page.get_by_label("Keyword arguments").fill('{"days": 3}')
    page.context.clear_cookies()
    notice = page.get_by_role("alert").filter(has_text="You are logged out")
    expect(notice).to_contain_text("what you typed stays", timeout=PATIENCE)
    with page.expect_popup() as opened:
        notice.get_by_role("link", name="Log in").click()
    aside = opened.value
    aside.get_by_label("Username").fill("ana")
    aside.get_by_label("Password").fill("ana")
    aside.get_by_role("button", name="Log in").click()
    expect(aside.locator("h1")).to_have_text("Run Nightly report")
    page.bring_to_front()
    expect(notice).to_be_hidden(timeout=PATIENCE)
    run(page)
    expect(page.locator("#runtask-state")).to_contain_text("SUCCESS")
    expect(page.locator(".runtask-changes")).to_contain_text("3")


def test_from_a_periodic_task_in_the_admin(page: Page) -> None:
    page.goto("/admin/django_celery_beat/periodictask/?q=night")
    page.get_by_role("link", name="Run Nightly report…").click()
    expect(page.locator("h1")).to_have_text("Run Nightly report")
    page.goto("/admin/django_celery_beat/periodictask/?q=night")
    page.get_by_role("link", name="Nightly report", exact=True).click()
    page.get_by_role("link", name="Run…", exact=True).click()
    expect(page.locator("h1")).to_have_text("Run Nightly report")
    page.goto("/admin/")
    page.get_by_role("link", name="Run a schedule", exact=True).first.click()
    expect(page.get_by_label("Find a schedule")).to_be_focused()
