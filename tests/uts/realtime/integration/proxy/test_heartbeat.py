"""RTN23a: a transport that ends is replaced."""

from __future__ import annotations

import pytest

from tests.faults import FaultProxy
from tests.integration.live import pass_through, reach
from tests.integration.sandbox import Sandbox
from tests.uts.harness import record


@pytest.mark.uts("realtime/proxy/RTN23a/heartbeat-starvation-reconnect-0")
async def test_reconnects_when_the_transport_ends(sandbox: Sandbox, proxy: FaultProxy) -> None:
    client = sandbox.client(through=proxy)
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "connected")
    assert client.connection.id is not None
    proxy.relay.close()
    await pass_through(
        changes, ["connecting", "connected", "disconnected", "connecting", "connected"]
    )

    assert client.connection.state == "connected"
    assert client.connection.id is not None
    assert client.connection.key is not None
    assert len(proxy.upgrades) >= 2
    assert proxy.upgrades[1].params["resume"]
