"""Things that people do on the run page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

PATIENCE = 20_000  # milliseconds


def pick(page: Page, typed: str) -> Page:
    """Picks the first schedule of the searched list, by mouse."""
    page.goto(f"/?q={typed}")
    page.locator(".runtask-list a").first.click()
    expect(page.locator("#runtask-form")).to_be_visible()
    return page


def run(page: Page) -> None:
    page.get_by_role("button", name="Run").click()


def finds_nothing_serious(page: Page) -> None:
    without_styles = {"preload": False}  # axe would put our style sheets into the page, which the site's policy forbids
    found = Axe().run(page, options=without_styles).response["violations"]
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    assert grave == [], [(v["id"], [node["html"] for node in v["nodes"]]) for v in grave]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
