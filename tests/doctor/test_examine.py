"""A check that hangs or fails is reported, and blocks no other check."""

import threading
from collections.abc import Iterator

from django.db import OperationalError
from django.urls import get_script_prefix, reverse, set_script_prefix

from bot.checks.options import SLACK_ENDPOINT
from bot.doctor.examine import examine
from bot.doctor.findings import Finding, Level, ok


def well() -> Iterator[Finding]:
    yield ok("a", "b")


def fails() -> Iterator[Finding]:
    yield ok("before", "it")
    raise RuntimeError("broken")


def without_database() -> list[Finding]:
    raise OperationalError("gone")


def test_all_areas_are_reported_in_order_even_if_some_fail_or_hang() -> None:
    never = threading.Event()

    def hangs() -> Iterator[Finding]:
        yield ok("before", "it")
        never.wait()

    try:
        found = examine({"W": well, "F": fails, "D": without_database, "H": hangs}, within=0.2)
    finally:
        never.set()
    assert [section.area for section in found] == ["W", "F", "D", "H"]
    levels = [[finding.level for finding in section.findings] for section in found]
    assert levels == [[Level.OK], [Level.OK, Level.PROBLEM], [Level.WARNING], [Level.OK, Level.PROBLEM]]
    assert "RuntimeError: broken" in found[1].findings[1].found
    assert found[3].findings[1].found == "the check 'hangs' didn't finish within 0.2 s"


def test_addresses_begin_with_the_sites_own_prefix() -> None:
    """`django.setup` sets FORCE_SCRIPT_NAME in the main thread only. Slack's requests arrive below this prefix."""
    before = get_script_prefix()
    set_script_prefix("/shop/")
    try:
        (section,) = examine({"A": lambda: [ok("address", reverse(SLACK_ENDPOINT))]})
    finally:
        set_script_prefix(before)
    assert [finding.found for finding in section.findings] == ["/shop/slack/events"]
