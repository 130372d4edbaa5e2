"""Take the pictures of the documentation anew: `python -m docs.screenshots [--all FOLDER]`.

With `--all` the console is also taken narrow, wide, light and dark, to look at.
"""

from __future__ import annotations

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, expect

from ably_local import LocalAbly
from ably_realtime import AblyRealtime
from tests.browser import find_chromium, open_browser

IMAGES = Path(__file__).parent / "images"
ORDERS = [
    ("created", {"id": 4711, "items": ["tea", "cake"], "total": 12.5}),
    ("paid", {"id": 4711, "by": "card"}),
    ("created", {"id": 4712, "items": ["coffee"], "total": 3.2}),
]


async def main(folder: Path | None) -> None:
    """Take the pictures of the documentation, and more into `folder`."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on the PATH; ABLY_TEST_CHROMIUM may name one")
    async with (
        LocalAbly(port=8081, key="demo.docs:secret") as server,
        open_browser(chromium) as browser,
        AsyncExitStack() as stack,
    ):
        for name in ("alice", "bob", "till-3"):
            client = AblyRealtime(**server.client_options(), client_id=name)
            await stack.enter_async_context(client)
            await work(client)
        server.faults.delay_acks(500, channel="orders")
        server.faults.fail_requests(times=2)
        await take(browser, server.url, IMAGES / "console.png", 1280, "light")
        if folder is None:
            return
        for width in (1280, 800, 380):
            await take(browser, server.url, folder / f"{width}-light.png", width, "light")
            await take(browser, server.url, folder / f"{width}-dark.png", width, "dark")


async def work(client: AblyRealtime) -> None:
    """What a small shop does."""
    orders = client.channels.get("orders")
    await orders.presence.enter("at the counter")
    for event, data in ORDERS:
        await orders.publish(event, data)
    await client.channels.get("stock:tea").publish("level", "42")
    await client.channels.get("chat:kitchen").publish("text", "Two cakes left.")


async def take(
    browser: Browser,
    url: str,
    path: Path,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    """Open the console and take a picture of it."""
    page = await browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    await page.goto(f"{url}/console")
    await prepare(page)
    await page.screenshot(path=path, full_page=path.parent != IMAGES)
    await page.close()


async def prepare(page: Page) -> None:
    """Choose a channel and fill in the box, as somebody would who looks at the page."""
    await page.get_by_role("button", name="orders").click()
    await page.get_by_label("Event name").fill("created")
    await page.get_by_label("Data is").select_option("json")
    await page.get_by_label("Data", exact=True).fill('{ "id": 4713, "items": ["tea"] }')
    await expect(page.locator("#message-list > li").first).to_be_visible()
    await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    asyncio.run(main(options.all))
