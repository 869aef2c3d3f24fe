"""Approval in a real browser and with real processes: asked for, refused to the requester, given from Home, declined."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from localslack.testing import LocalSlack
from tests.e2e.hands import at, field, presses_run, types
from tests.e2e.platform import Platform
from tests.e2e.test_surfaces import last_message, picture

# In the gate, tests of tests/wire test the same without a browser, and run_page/test_rule_pages.py shows the pages.
pytestmark = pytest.mark.nightly

CARA = """
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from bot.core.audit import By
from bot.core.rules import Rule
from bot.runs import rulebook
User.objects.create_user("cara", "cara@example.com", is_staff=True).groups.add(Group.objects.create(name="leads"))
call_command("runtask_staff", "add", "U0CARA", "cara", "--team", "T0LOCAL")
rulebook.replace(
    [Rule(name="Four eyes", schedules=("Nightly*",), approvals=1, approvers=("leads",))], by=By(words="a test")
)
"""
AUDIT = (
    "from bot.models import AuditRecord; print(*AuditRecord.objects.order_by('pk').values_list('action', flat=True))"
)


@pytest.fixture(scope="module", autouse=True)
def _running(platform: Platform) -> Iterator[None]:
    platform.shell(CARA)
    platform.start_bot()
    yield
    platform.stop("slack")


def asks(page: Page, days: int, reason: str) -> Locator:
    """Fills in the form of the schedule that needs approval. Returns the first message of the run."""
    types(page, "/runtask nightly")
    modal = page.get_by_test_id("modal")
    expect(modal).to_contain_text("asks for the yes of another person, a member of leads. Nothing is sent before that.")
    field(page, "kwargs:").locator("textarea").fill(f'{{"days": {days}}}')
    if reason:
        field(page, "reason:").get_by_role("textbox").fill(reason)
    presses_run(page)
    root = last_message(page)
    expect(root).to_contain_text("waits for approval, not sent")
    return root


def home_of(page: Page, slack: LocalSlack, person: str, direct: str) -> Locator:
    at(page, slack, person, direct)
    page.get_by_test_id("tab-home").click()
    return page.get_by_test_id("home")


def test_the_form_says_who_can_approve_and_asks_for_a_reason(page: Page, slack: LocalSlack, screenshots: Path) -> None:
    at(page, slack, "U0ANA")
    page.set_viewport_size({"width": 1100, "height": 1100})
    types(page, "/runtask nightly")
    reason = field(page, "reason:")
    expect(reason).to_contain_text("Those who can approve it read this")
    expect(reason).to_contain_text("optional")
    page.get_by_test_id("modal").screenshot(path=screenshots / "approval-form.png")


def test_the_requester_can_not_approve_the_run_and_another_person_does_on_home(
    page: Page, slack: LocalSlack, screenshots: Path
) -> None:
    at(page, slack, "U0ANA")
    root = asks(page, 30, "the auditors ask")
    expect(root).to_contain_text("days: 7 -> 30")
    expect(root).to_contain_text("Reason: the auditors ask")
    root.get_by_role("button", name="Approve").click()
    refusal = page.get_by_test_id("message").filter(has=page.get_by_test_id("ephemeral"))
    expect(refusal).to_contain_text("Nobody approves their own run")
    picture(page, screenshots / "approval.png", height=720)

    at(page, slack, "U0CARA", "D0CARA")
    page.get_by_test_id("tab-messages").click()
    expect(last_message(page).get_by_role("button", name="Decline")).to_be_visible()
    picture(page, screenshots / "approval-direct.png")
    home = home_of(page, slack, "U0CARA", "D0CARA")
    expect(home).to_contain_text("asked for by @Ana")
    picture(page, screenshots / "approval-home.png", height=760)
    home.get_by_role("button", name="Approve").click()
    expect(home).to_contain_text("Nothing waits for your approval.")

    at(page, slack, "U0ANA")
    root = page.get_by_test_id("message").first
    expect(root).to_contain_text("SUCCESS")
    expect(root).to_contain_text("approved it.")
    root.get_by_test_id("open-thread").click()
    expect(page.get_by_test_id("thread-pane")).to_contain_text('"rows": 30')
    picture(page, screenshots / "approval-approved.png", height=760)


def test_a_run_is_declined_with_a_reason(page: Page, slack: LocalSlack, platform: Platform, screenshots: Path) -> None:
    at(page, slack, "U0ANA")
    asks(page, 365, "")
    before = platform.shell(AUDIT).split()
    home = home_of(page, slack, "U0CARA", "D0CARA")
    home.get_by_role("button", name="Decline").click()
    modal = page.get_by_test_id("modal")
    expect(modal).to_contain_text("will not be run")
    page.get_by_test_id("modal-submit").click()
    expect(modal.get_by_test_id("field-error")).to_be_visible()
    modal.get_by_role("textbox").fill("a year is too much")
    modal.screenshot(path=screenshots / "approval-decline.png")
    presses_run(page)
    expect(home).to_contain_text("Nothing waits for your approval.")

    at(page, slack, "U0ANA")
    root = page.get_by_test_id("message").first
    expect(root).to_contain_text("declined, not sent")
    expect(root.get_by_role("button", name="Approve")).to_have_count(0)
    root.get_by_test_id("open-thread").click()
    thread = page.get_by_test_id("thread-pane")
    expect(thread).to_contain_text("declined it: a year is too much")
    picture(page, screenshots / "approval-declined.png")
    thread.get_by_role("button", name="Run again").last.click()
    expect(field(page, "kwargs:").locator("textarea")).to_have_value('{\n  "days": 365\n}')
    assert platform.shell(AUDIT).split() == [*before, "run.declined"]
