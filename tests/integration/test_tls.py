"""TLS, and a key over it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import pytest

from ably_local import LocalAbly
from ably_realtime import AblyRealtime
from tests.integration.live import reach


@pytest.fixture
async def server() -> AsyncIterator[LocalAbly]:
    async with LocalAbly(tls=True) as server:
        yield server


async def test_key_over_tls(server: LocalAbly) -> None:
    """The same certificate authority is trusted for the WebSocket and for REST."""
    context = ssl.create_default_context(cafile=server.ca_file)
    async with AblyRealtime(**server.client_options(), ssl_context=context) as client:
        await reach(client.connection, "connected")
        channel = client.channels.get("orders")
        await channel.publish("created", {"id": 1})
        history = await channel.history()

    assert [message.data for message in history.items] == [{"id": 1}]


async def test_certificate_of_an_unknown_authority(server: LocalAbly) -> None:
    async with AblyRealtime(**server.client_options()) as client:
        await reach(client.connection, "disconnected")
        reason = client.connection.error_reason

    assert reason is not None
    assert reason.code == 80000
    assert "certificate" in reason.message
    assert isinstance(reason.cause, ssl.SSLCertVerificationError)
