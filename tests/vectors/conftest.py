"""Our client beside raw REST requests, which show what is on the wire and put anything there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from ably import AblyRest

from ably_local import LocalAbly
from ably_realtime import AblyRealtime

DEADLINE = 15.0


@dataclass(frozen=True, slots=True)
class RawRest:
    """Requests about channels in one format, with payloads that nobody encodes or decodes."""

    rest: AblyRest

    async def publish(self, channel: str, body: str | bytes) -> None:
        path = f"/channels/{channel}/messages"
        response = await self.rest.request("POST", path, version="6", body=body)
        assert response.success, response.error_message

    async def newest(self, channel: str, kind: str = "messages") -> dict[str, Any]:
        """The newest of the channel's `messages`, or of its `presence/history`."""
        response = await self.rest.request("GET", f"/channels/{channel}/{kind}", version="6")
        assert response.success, response.error_message
        newest: dict[str, Any] = response.items[0]
        return newest


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[LocalAbly]:
    async with LocalAbly() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def json_rest(server: LocalAbly) -> AsyncIterator[RawRest]:
    async with AblyRest(**server.client_options(), use_binary_protocol=False) as rest:
        yield RawRest(rest)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def msgpack_rest(server: LocalAbly) -> AsyncIterator[RawRest]:
    async with AblyRest(**server.client_options(), use_binary_protocol=True) as rest:
        yield RawRest(rest)


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[False, True], ids=["json", "msgpack"]
)
async def client(server: LocalAbly, request: pytest.FixtureRequest) -> AsyncIterator[AblyRealtime]:
    """Our client, connected, in either format."""
    options = server.client_options()
    async with AblyRealtime(
        **options, client_id="member", use_binary_protocol=request.param
    ) as client:
        async with asyncio.timeout(DEADLINE):
            await client.connection.once_async("connected")
        yield client


@pytest.fixture
def channel() -> str:
    """The name of a channel that no other test uses."""
    return secrets.token_hex(8)
