"""Which proxy a dial goes through, and going through one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ably_realtime._driver.proxies import FROM_ENVIRONMENT, connect_through, proxy_for


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("secure", "variable"),
    [(True, "https_proxy"), (False, "http_proxy"), (True, "all_proxy"), (False, "all_proxy")],
)
def test_the_environment_names_a_proxy(
    monkeypatch: pytest.MonkeyPatch, secure: bool, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://proxy:3128")
    assert proxy_for(FROM_ENVIRONMENT, "ably.example", secure=secure) == "http://proxy:3128"


def test_the_environment_makes_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "localhost,.example")
    assert proxy_for(FROM_ENVIRONMENT, "ably.example", secure=True) is None
    assert proxy_for(FROM_ENVIRONMENT, "ably.net", secure=True) == "http://proxy:3128"


def test_without_a_proxy_the_way_is_straight() -> None:
    assert proxy_for(FROM_ENVIRONMENT, "ably.net", secure=True) is None


def test_an_option_overrules_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert proxy_for(None, "ably.net", secure=True) is None
    assert proxy_for("socks5://other:1080", "ably.net", secure=True) == "socks5://other:1080"


@asynccontextmanager
async def http_proxy(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A proxy that answers every CONNECT alike; yields its port and the request lines it saw."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        requests.append(head.split(b"\r\n")[0])
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], requests


async def test_an_http_proxy_is_asked_to_connect() -> None:
    async with http_proxy(b"HTTP/1.1 200 OK\r\n\r\n") as (port, requests):
        connected = await connect_through(f"http://127.0.0.1:{port}", "ably.example", 443)
        connected.close()
    assert requests == [b"CONNECT ably.example:443 HTTP/1.1"]


async def test_a_proxy_that_refuses_is_a_failed_dial() -> None:
    async with http_proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n") as (port, _):
        with pytest.raises(ConnectionError, match=r"ably\.example"):
            await connect_through(f"http://127.0.0.1:{port}", "ably.example", 443)


async def test_a_proxy_that_is_not_there_is_a_failed_dial(unused_tcp_port: int) -> None:
    with pytest.raises(OSError, match=r"."):
        await connect_through(f"http://127.0.0.1:{unused_tcp_port}", "ably.example", 443)


async def test_a_url_that_cannot_be_read_is_a_failed_dial() -> None:
    with pytest.raises(ConnectionError, match="URL"):
        await connect_through("gopher://secret@nowhere", "ably.example", 443)
