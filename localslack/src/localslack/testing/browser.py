"""A real browser: Debian's Chromium, driven by Playwright."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
# Without these it looks for Google's hosts at each start; as root it refuses to start in its sandbox.
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"


# Not for the session: Playwright keeps an event loop running in this thread, in which Django refuses its database.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"needs a browser: {CHROMIUM} is missing (Debian: apt-get install chromium)"
        if os.environ.get("CI"):  # noqa: TID251  # says where the tests run, no setting of the bot
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield chromium
        chromium.close()
