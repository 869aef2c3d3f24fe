"""The run page without JavaScript, without a connection or a session, and with runs that don't simply succeed."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.run_page.acts import PATIENCE, finds_nothing_serious, pick, run

pytestmark = pytest.mark.nightly


def test_the_form_links_to_a_run_that_goes_on(page: Page) -> None:
    run(pick(page, "slow"))
    address = page.url
    pick(page, "slow")
    expect(page.get_by_text("Already running")).to_be_visible()
    finds_nothing_serious(page)
    page.get_by_role("link", name="see that run").click()
    assert page.url == address
    expect(page.locator("#runtask-state")).to_contain_text("SUCCESS after")


def test_a_failure_shows_its_traceback(page: Page) -> None:
    run(pick(page, "fails"))
    state = page.locator("#runtask-state")
    expect(state).to_contain_text("FAILURE")
    expect(state).to_contain_text("ValueError: no <!channel> such *thing*")
    expect(page.get_by_role("region", name="Traceback")).to_contain_text("raise ValueError")
    finds_nothing_serious(page)


def test_the_form_shows_warnings_before_a_run(page: Page) -> None:
    pick(page, "broken")
    expect(page.get_by_text("Disabled.")).to_be_visible()
    expect(page.locator("#id_kwargs_error")).to_contain_text("Line 1, column 11")
    finds_nothing_serious(page)
    pick(page, "elsewhere")
    expect(page.get_by_text("Sent by name.")).to_be_visible()
    # This appears when workers have answered.
    expect(page.get_by_text("No live worker listens on its queue.")).to_be_visible()


def test_without_javascript_everything_works_by_reloading(contexts: Any) -> None:
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


def test_the_page_says_that_the_connection_is_lost_and_catches_up(page: Page) -> None:
    run(pick(page, "slow"))
    expect(page.locator("#runtask-state")).to_contain_text(" of 12")
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("The connection to the site is lost; trying again.")
    page.context.set_offline(False)
    expect(page.locator("#runtask-connection")).to_be_hidden()
    expect(page.locator("#runtask-state")).to_contain_text("SUCCESS after")


def test_the_page_says_that_somebody_was_logged_out(page: Page) -> None:
    run(pick(page, "slow"))
    expect(page.locator("#runtask-state")).to_contain_text(" of 12")
    page.context.clear_cookies()
    expect(page.get_by_role("alert")).to_contain_text("You are logged out")
    tab = page.context.new_page()
    tab.goto(page.url)
    expect(tab.get_by_label("Username")).to_be_visible()


def test_after_a_logout_the_open_form_survives_a_login_in_another_tab(page: Page) -> None:
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
