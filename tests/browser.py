"""A real browser for tests: Chromium without a window, steered by Playwright.

Import the fixture `browser`, or open one with `open_browser(require_chromium())` in a fixture of
wider scope.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox",  # containers run tests as root, whom Chromium's sandbox refuses
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Return the path of a Chromium: the one `ABLY_TEST_CHROMIUM` names, or one on the PATH."""
    named = os.environ.get("ABLY_TEST_CHROMIUM")
    if named:
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def open_browser(chromium: str) -> AsyncIterator[Browser]:
    """Run the Chromium at this path until the block ends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


def require_chromium() -> str:
    """Return the path of a Chromium; the test skips where there is none.

    With `ABLY_TEST_CHROMIUM` set it never skips: one that can't be started is an error.
    """
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on the PATH; ABLY_TEST_CHROMIUM may name one")
    return chromium


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of its own for one test."""
    async with open_browser(require_chromium()) as browser:
        yield browser
