"""RTN4, RTN11, RTN12: opening and closing."""

from __future__ import annotations

import re

import pytest

from tests.integration.live import reach
from tests.integration.sandbox import Sandbox
from tests.uts.harness import record, states


@pytest.mark.uts("realtime/integration/RTN4b/successful-connection-0")
async def test_successful_connection(sandbox: Sandbox) -> None:
    client = sandbox.client()
    assert client.connection.state == "initialized"

    client.connect()
    assert client.connection.state == "connecting"
    await reach(client.connection, "connected")

    assert re.fullmatch(r"[a-zA-Z0-9_-]+", client.connection.id or "")
    assert re.fullmatch(r"[a-zA-Z0-9_!-]+", client.connection.key or "")
    assert client.connection.error_reason is None


@pytest.mark.uts("realtime/integration/RTN4c/graceful-close-0")
async def test_graceful_close(sandbox: Sandbox) -> None:
    client = await sandbox.connected()
    changes = record(client.connection)

    await client.connection.close()

    assert states(changes) == ["closing", "closed"]
    assert client.connection.state == "closed"
    assert client.connection.error_reason is None
    assert client.connection.id is None
    assert client.connection.key is None


@pytest.mark.uts("realtime/integration/RTN11/connect-reconnect-cycle-0")
async def test_connect_and_reconnect(sandbox: Sandbox) -> None:
    client = sandbox.client()
    assert client.connection.state == "initialized"

    client.connect()
    await reach(client.connection, "connected")
    first = client.connection.id
    await client.connection.close()
    client.connect()
    await reach(client.connection, "connected")

    assert client.connection.id is not None
    assert client.connection.id != first
    assert client.connection.error_reason is None
