"""Rules in a browser: written in the admin, explained, and read on the run page."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.run_page.acts import finds_nothing_serious
from tests.e2e.run_page.test_run_page import PHONE

RULES = "/admin/runtask/storedrule/"


@pytest.mark.parametrize(
    "look",
    [
        pytest.param({"color_scheme": "dark", **PHONE}, id="dark phone"),
        pytest.param({}, id="desk", marks=pytest.mark.nightly),
    ],
)
def test_a_rule_is_written_explained_and_read(contexts: Any, look: dict[str, Any]) -> None:
    page: Page = contexts(**look)
    try:
        page.goto(f"{RULES}add/")
        finds_nothing_serious(page)
        page.get_by_label("Name:").fill("Never at all")
        page.get_by_label("Schedules:").fill("Nightly*")
        page.get_by_label("Closed:").fill("at night")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("at night is not a window")).to_be_visible()
        finds_nothing_serious(page)
        page.get_by_label("Closed:").fill("00:00-24:00 UTC")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("#result_list").get_by_role("link", name="Never at all")).to_be_visible()
        page.goto(f"{RULES}explain/?user=ana&schedule=Nightly+report")
        expect(page.get_by_text("Run it on the site: no. It can't be run before")).to_be_visible()
        finds_nothing_serious(page)
        page.goto(f"{RULES}pause/")
        finds_nothing_serious(page)
        page.goto("/?q=nightly")
        page.locator(".runtask-list a").first.click()
        expect(page.get_by_role("alert")).to_contain_text("the rule “Never at all” has closed it")
        expect(page.get_by_role("button", name="Run", exact=True)).to_have_count(0)
        finds_nothing_serious(page)
    finally:
        page.goto(RULES)
        page.locator("#result_list").get_by_role("link", name="Never at all").click()
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("button", name="Yes, I").click()
