"""Rules in a browser: written in the admin, explained, and read on the run page. Approval in a browser."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.platform import Platform
from tests.e2e.run_page.acts import finds_nothing_serious, pick, run
from tests.e2e.run_page.test_run_page import PHONE

RULES = "/admin/runtask/storedrule/"
LOOKS = pytest.mark.parametrize(
    "look",
    [
        pytest.param({"color_scheme": "dark", **PHONE}, id="dark phone"),
        pytest.param({}, id="desk", marks=pytest.mark.nightly),
    ],
)
CARA = """
from django.contrib.auth.models import Group, User
from bot.core.audit import By
from bot.core.rules import Rule
from bot.runs import rulebook
cara, is_new = User.objects.get_or_create(username="cara", defaults={"is_staff": True})
cara.set_password("cara")
cara.save()
cara.groups.add(Group.objects.get_or_create(name="leads")[0])
rule = Rule(name="Four eyes", schedules=("Slow",), approvals=1, approvers=("leads",))
rulebook.replace([rule], by=By(words="a test"))
"""


@LOOKS
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


@pytest.fixture
def cara(platform: Platform, contexts: Any) -> Any:
    """A function that opens a browser and logs Cara in, who may approve runs of one schedule."""
    platform.shell(CARA)

    def make(**look: Any) -> Page:
        page: Page = contexts(**look, java_script_enabled=False, storage_state=None)
        page.goto("/approvals/")
        page.get_by_label("Username").fill("cara")
        page.get_by_label("Password").fill("cara")
        page.get_by_role("button", name="Log in").click()
        return page

    return make


def asks(page: Page, reason: str = "") -> None:
    """Asks for a run of the schedule that needs approval."""
    pick(page, "slow")
    expect(page.get_by_text("asks for the yes of another person, a member of leads")).to_be_visible()
    page.get_by_label("Keyword arguments").fill('{"steps": 1}')
    page.get_by_label("Reason").fill(reason)
    run(page)
    expect(page.locator(".runtask-standing")).to_have_text("waits for approval, not sent")


@LOOKS
def test_a_second_person_approves_without_javascript(
    contexts: Any, cara: Any, look: dict[str, Any], screenshots: Path, request: pytest.FixtureRequest
) -> None:
    hers, ana = cara(**look), contexts(**look)
    asks(ana, "the index is stale")
    expect(ana.get_by_role("button", name="Approve")).to_have_count(0)
    finds_nothing_serious(ana)
    hers.reload()
    waiting = hers.locator(".runtask-item").filter(has_text="the index is stale")
    hers.screenshot(path=screenshots / f"approvals-{request.node.callspec.id}.png", full_page=True)
    seen: Page = contexts(**look, storage_state=hers.context.storage_state())
    seen.goto("/approvals/")
    finds_nothing_serious(seen)
    seen.goto(ana.url)
    expect(seen.get_by_role("button", name="Approve")).to_be_visible()
    waiting.get_by_role("button", name="Approve").click()
    expect(hers.get_by_text("You have approved this run, and it was sent.")).to_be_visible()
    expect(seen.get_by_role("button", name="Approve")).to_have_count(0)
    for follower in (seen, ana):
        expect(follower.locator("#runtask-rest").get_by_text("cara approved it.")).to_be_visible()
    while (again := hers.get_by_role("link", name="Reload")).count():
        again.click()
    expect(hers.locator(".runtask-standing")).to_contain_text("SUCCESS")
    expect(hers.get_by_text("cara approved it.")).to_be_visible()


@pytest.mark.nightly
def test_a_second_person_declines_with_a_reason_and_a_forged_form_does_nothing(
    contexts: Any, page: Page, cara: Any
) -> None:
    hers = cara()
    asks(page)
    page.goto("/approvals/")
    expect(page.get_by_text("Nothing waits for your approval.")).to_be_visible()
    hers.goto("/admin/")
    waiting = hers.locator("#content").get_by_role("link", name="Waiting for you (")
    expect(waiting).to_be_visible()

    forging: Page = contexts(storage_state=hers.context.storage_state())
    forging.goto("/approvals/")
    address = forging.get_by_role("button", name="Approve").first.evaluate("button => button.form.action")
    forged = forging.request.post(address, form={"csrfmiddlewaretoken": "x"})  # Django's answer has an inline style
    assert forged.status == 403
    assert "CSRF verification failed" in forged.text()

    waiting.click()
    hers.get_by_label("Why not").first.fill("one is enough")
    hers.get_by_role("button", name="Decline").first.click()
    expect(hers.locator(".runtask-standing")).to_have_text("declined, not sent")
    expect(hers.get_by_text("cara declined it: one is enough")).to_be_visible()
    expect(hers.get_by_role("button", name="Approve")).to_have_count(0)
