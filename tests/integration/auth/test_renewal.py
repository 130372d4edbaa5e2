"""Tokens that run out or are revoked under a working client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ably_local import Limits, LocalAbly
from ably_realtime import AblyError, AblyRealtime
from tests.integration.live import PATIENCE, eventually, reach
from tests.integration.sandbox import Sandbox, new_sandbox

TTL = 2_000
LIFETIME = 30_000
BURST = 5


@pytest.fixture
async def server() -> AsyncIterator[LocalAbly]:
    async with LocalAbly() as server:
        yield server


@pytest.fixture
async def asking_server() -> AsyncIterator[LocalAbly]:
    """A server that asks for a new token when one has half its life left."""
    async with LocalAbly(limits=Limits(token_renewal_notice=TTL // 2)) as server:
        yield server


async def test_publishing_goes_on_through_renewals(asking_server: LocalAbly) -> None:
    """Half a minute of the server's time, with tokens for two seconds (RTN22, RTC8a1)."""
    server = asking_server
    changes: asyncio.Queue[Any] = asyncio.Queue()
    received: list[int] = []
    options = {**server.client_options(), "default_token_params": {"ttl": TTL}}
    async with AblyRealtime(**options) as client:
        await reach(client.connection, "connected")
        connection_id = client.connection.id
        client.connection.on(changes.put_nowait)
        channel = client.channels.get("orders")
        await channel.subscribe(lambda message: received.append(message.data["number"]))

        async def publish(first: int) -> None:
            for number in range(first, first + BURST):
                await channel.publish("n", {"number": number})

        renewals = LIFETIME * 2 // TTL
        for renewal in range(renewals):
            publishing = asyncio.create_task(publish(renewal * BURST))
            server.clock.advance(TTL / 2)  # the server asks for a new token
            change = await asyncio.wait_for(changes.get(), PATIENCE)
            assert (change.event, change.reason) == ("update", None)
            await asyncio.wait_for(publishing, PATIENCE)
        await eventually(lambda: len(received) == renewals * BURST)

        assert received == list(range(renewals * BURST))
        assert changes.empty()
        assert (client.connection.id, client.connection.error_reason) == (connection_id, None)


async def test_an_expired_token_is_renewed_and_the_connection_resumed(server: LocalAbly) -> None:
    """RTN15h2: the client slept through the notice."""
    options = {**server.client_options(), "default_token_params": {"ttl": TTL}}
    async with AblyRealtime(**options) as client:
        await reach(client.connection, "connected")
        connection_id = client.connection.id
        changes: list[Any] = []
        client.connection.on(changes.append)
        server.clock.advance(TTL)
        await eventually(lambda: [c.current for c in changes][-1:] == ["connected"])
        await client.connection.ping()
        lost = next(change for change in changes if change.current == "disconnected")
        assert lost.reason is not None
        assert lost.reason.code == 40142
        assert "failed" not in [change.current for change in changes]
        assert client.connection.id == connection_id


@pytest.fixture
async def secure() -> AsyncIterator[tuple[Sandbox, str]]:
    """A server with TLS, and a key on it whose tokens can be revoked."""
    async with new_sandbox(tls=True) as sandbox:
        body = {"keys": [{"revocableTokens": True}]}
        answer = await post(sandbox, "/apps", body)
        yield sandbox, answer["keys"][0]["keyStr"]


async def post(sandbox: Sandbox, path: str, body: Any, key: str | None = None) -> Any:
    trust = ssl.create_default_context(cafile=sandbox.server.ca_file)
    auth = None if key is None else (key.split(":")[0], key.split(":")[1])
    async with httpx.AsyncClient(base_url=sandbox.server.url, verify=trust, auth=auth) as http:
        answer = await http.post(path, json=body)
    answer.raise_for_status()
    return answer.json()


async def revoke(sandbox: Sandbox, key: str, *, margin: bool) -> None:
    body = {"targets": ["clientId:bob"], "allowReauthMargin": margin}
    await post(sandbox, f"/keys/{key.partition(':')[0]}/revokeTokens", body, key)


@pytest.mark.parametrize("margin", [True, False], ids=["with notice", "at once"])
async def test_a_revoked_token_is_replaced(secure: tuple[Sandbox, str], margin: bool) -> None:
    """RTN22 with notice; without, RTN15h2."""
    sandbox, key = secure
    client = await sandbox.connected(key=key, use_token_auth=True, client_id="bob")
    connection_id, token = client.connection.id, client.auth.token_details.token
    changes: list[Any] = []
    client.connection.on(changes.append)
    sandbox.server.clock.advance(1)
    await revoke(sandbox, key, margin=margin)
    await eventually(lambda: client.auth.token_details.token != token)
    await reach(client.connection, "connected")
    await client.connection.ping()
    assert client.connection.id == connection_id
    lost = [change.reason.code for change in changes if change.current == "disconnected"]
    assert lost == ([] if margin else [40141])


async def test_a_revoked_token_that_cannot_be_replaced_is_the_end(
    secure: tuple[Sandbox, str],
) -> None:
    """RTN15h1, RSA4a2."""
    sandbox, key = secure
    owner = await sandbox.connected(key=key, use_token_auth=True, client_id="bob")
    client = await sandbox.connected(token=owner.auth.token_details.token)
    await owner.close()
    sandbox.server.clock.advance(1)
    await revoke(sandbox, key, margin=False)
    await reach(client.connection, "failed")
    reason = client.connection.error_reason
    assert reason is not None
    assert isinstance(reason.cause, AblyError)
    assert (reason.code, reason.cause.code) == (40171, 40141)
