"""A pytest fixture: Debian's Chromium, driven by Playwright. Only this module needs pytest and Playwright."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
# Without these, Chromium connects to Google at each start, and as root it refuses to start at all.
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
# Without the first two, each window also starts a process for its address bar, which no test sees. This list replaces
# Playwright's own list. The others come from there: they would change pictures, or connect to Google.
OFF = [
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "PaintHolding",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "MediaRouter",
]


# Not for the session: Playwright runs an event loop in this thread, and Django refuses to use its database there.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"needs a browser: {CHROMIUM} is missing (Debian: apt-get install chromium)"
        if os.environ.get("CI"):  # noqa: TID251  # says where the tests run, no setting of the bot
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS.split(), f"--disable-features={','.join(OFF)}"]
        )
        yield chromium
        chromium.close()
