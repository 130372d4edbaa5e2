"""The JavaScript SDK in a browser, on a page of another origin: what CORS lets it do."""

from __future__ import annotations

import functools
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import pytest_asyncio
from ably import AblyRest
from playwright.async_api import Browser, Page

from ably_local import LocalAbly
from tests.browser import browser
from tests.interop.conftest import HERE, node_with_sdk

__all__ = ["browser"]

BUILD = HERE / "node_modules/ably/build"
SDK = "ably.min.js"


class Pages(SimpleHTTPRequestHandler):
    """Serves the SDK, and an empty page at every path that is no file."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html><script src='/{SDK}'></script>".encode())

    def list_directory(self, path: Any) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name there)
        """Say nothing."""


@pytest.fixture
def origin() -> Iterator[str]:
    """Where the user's own web server is."""
    node_with_sdk()
    handler = functools.partial(Pages, directory=str(BUILD))
    with ThreadingHTTPServer(("localhost", 0), handler) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        yield f"http://localhost:{pages.server_port}/"
        pages.shutdown()
        thread.join()


@pytest_asyncio.fixture
async def local() -> AsyncIterator[LocalAbly]:
    async with LocalAbly() as server:
        yield server


@pytest_asyncio.fixture(params=["XMLHttpRequest", "fetch"])
async def page(
    browser: Browser, origin: str, request: pytest.FixtureRequest
) -> AsyncIterator[Page]:
    """A page with the SDK, which makes its requests in either way a browser has."""
    page = await browser.new_page()
    if request.param == "fetch":
        await page.add_init_script("delete window.XMLHttpRequest")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.goto(origin)
    yield page
    await page.close()
    assert wrong == []


@pytest_asyncio.fixture(params=[False, True], ids=["json", "msgpack"])
async def options(local: LocalAbly, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of a client in the browser, which is given a token and never the key."""
    async with AblyRest(**local.client_options()) as rest:
        details = await rest.auth.request_token({"client_id": "visitor"})
    return {
        "endpoint": local.host,
        "port": local.port,
        "tls": False,
        "token": details.token,
        "useBinaryProtocol": request.param,
    }


async def test_a_browser_publishes_and_subscribes(page: Page, options: dict[str, Any]) -> None:
    received = await page.evaluate(
        """async (options) => {
            const client = new Ably.Realtime(options);
            const channel = client.channels.get('orders');
            const message = new Promise((resolve) => channel.subscribe(resolve));
            await channel.attach();
            await channel.publish('created', { id: 1, name: 'käse' });
            const { name, data, clientId } = await message;
            await channel.presence.enter('here');
            const members = (await channel.presence.get()).map((member) => member.clientId);
            client.close();
            await client.connection.whenState('closed');
            return { name, data, clientId, members };
        }""",
        options,
    )
    assert received == {
        "name": "created",
        "data": {"id": 1, "name": "käse"},
        "clientId": "visitor",
        "members": ["visitor"],
    }


async def test_a_browser_uses_rest(page: Page, options: dict[str, Any]) -> None:
    requests: list[tuple[str, str]] = []
    page.on("request", lambda made: requests.append((made.method, made.resource_type)))
    read = await page.evaluate(
        """async (options) => {
            const channel = new Ably.Rest(options).channels.get('orders');
            for (const data of ['one', 'two', 'three']) await channel.publish('n', data);
            const first = await channel.history({ limit: 2 });
            const second = await first.next();
            return [first.items, second.items].map((items) => items.map(({ data }) => data));
        }""",
        options,
    )
    assert read == [["three", "two"], ["one"]]
    way = "fetch" if await page.evaluate("typeof XMLHttpRequest === 'undefined'") else "xhr"
    assert ("POST", way) in requests
    assert ("GET", way) in requests


async def test_a_browser_learns_why_it_is_refused(
    page: Page, options: dict[str, Any], local: LocalAbly
) -> None:
    refused = await page.evaluate(
        """async (options) => {
            const rest = new Ably.Rest({ ...options, token: undefined, authCallback: null });
            const refused = await rest.channels.get('x').history().catch((error) => error);
            return [refused.code, refused.statusCode];
        }""",
        {**options, "key": f"{local.key.partition('.')[0]}.unknown:secret", "useTokenAuth": True},
    )
    assert refused == [40400, 401]
    headers = await page.evaluate(
        """async (url) => {
            const response = await fetch(`${url}/channels/x/messages`, {
                headers: { Authorization: 'Bearer dW5rbm93bg==', 'X-Ably-Version': '6' },
            });
            return [response.status, response.headers.get('X-Ably-ErrorCode')];
        }""",
        local.url,
    )
    assert headers == [401, "40101"]
