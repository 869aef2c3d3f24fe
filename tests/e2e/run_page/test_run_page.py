"""The run page in a real browser: by mouse, by keyboard, for everybody."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.platform import Platform
from tests.e2e.run_page.acts import finds_nothing_serious, focused, pick, run

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


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
    assert after["height"] > before["height"], "the field grows with its text"
    page.screenshot(path=screenshots / "run-page.png")

    run(page)  # the server finds the same error
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
    stop, so_far = page.get_by_role("link", name="Stop…"), state.inner_text()
    stop.focus()
    expect(state).not_to_have_text(so_far, use_inner_text=True)
    expect(stop).to_be_focused()
    expect(page).to_have_title("running: Slow | Run tasks")
    finds_nothing_serious(page)
    expect(state).to_contain_text("SUCCESS after")
    expect(state).to_be_focused()
    expect(page.locator("#runtask-announcement")).to_contain_text("SUCCESS after")
    assert page.title().startswith("SUCCESS after")
    assert page.evaluate("window.sameDocument")


def test_a_page_says_so_if_its_run_is_not_there_any_more(page: Page, platform: Platform) -> None:
    form = pick(page, "slow")
    page.get_by_label("Keyword arguments").fill('{"steps": 60}')  # it must go on until its row is deleted
    run(form)
    expect(page.locator("#runtask-state")).to_contain_text(" of 60")
    platform.shell("from bot.models import Run; Run.objects.filter(schedule_name='Slow').delete()")
    expect(page.locator("#runtask-connection")).to_have_text("This run is not there any more.")


def test_a_schedule_is_run_by_keyboard_alone(page: Page) -> None:
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
    page.keyboard.press("Enter")  # it picks the first of the new list, not of the old one
    expect(page.locator("h1")).to_have_text("Run Nightly report")
    assert focused(page) == "runtask-name"
    for stop in ("A", "id_args", "id_kwargs"):
        page.keyboard.press("Tab")
        assert focused(page) == stop
    page.keyboard.press("Control+A")
    page.keyboard.type('{"days": 3}')
    page.keyboard.press("Control+Enter")
    expect(page.locator("#runtask-state")).to_contain_text('"rows": 3')


def test_a_double_press_runs_once_and_going_back_starts_a_new_run(page: Page) -> None:
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


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark", marks=pytest.mark.nightly),
        pytest.param(PHONE, id="phone", marks=pytest.mark.nightly),
        pytest.param({**PHONE, "color_scheme": "dark"}, id="dark phone", marks=pytest.mark.nightly),
    ],
)
def test_the_run_page_is_accessible_and_fits_every_screen(
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
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page must not scroll sideways"


def test_a_periodic_task_in_the_admin_leads_to_its_form(page: Page) -> None:
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


def test_the_admin_works_under_the_sites_policy(page: Page) -> None:
    """A schedule is made with the admin's windows and menus. The browser reports what the policy forbids (conftest)."""
    for address in (
        "",
        "runtask/run/",
        "runtask/notice/",
        "runtask/auditrecord/",
        "auth/user/1/change/",
        "runtask/slacklink/add/",
    ):
        page.goto(f"/admin/{address}")
        expect(page.locator("h1").last).to_be_visible()
    page.goto("/admin/django_celery_beat/periodictask/add/")
    page.get_by_label("Name:", exact=True).fill("Made under a policy")
    page.get_by_label("Task (registered):").select_option("tests.wire.report")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Add another crontab").click()
    opened.value.get_by_label("Minute(s):").fill("7")
    opened.value.get_by_role("button", name="Save").click()
    expect(page.locator(".field-crontab_translation .readonly")).to_contain_text("-")
    page.get_by_role("button", name="Save and continue editing").click()
    words = page.locator(".field-crontab_translation .readonly")
    expect(words).to_contain_text("7 minutes past the hour")
    page.locator("#id_crontab").select_option(index=0)
    expect(words).to_have_text("-")
    page.locator("#id_crontab").select_option(index=1)
    expect(words).not_to_have_text("-")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Yes, I").click()
