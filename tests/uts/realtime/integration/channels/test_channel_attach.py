"""RTL4, RTL5: attaching and detaching."""

from __future__ import annotations

import pytest

from ably_realtime import AblyError
from tests.integration.sandbox import Sandbox, unique

SUBSCRIBE_ONLY = 3
"""The index of the key that may subscribe to everything, and nothing else."""


@pytest.mark.uts("realtime/integration/RTL4c/attach-succeeds-0")
async def test_attach(sandbox: Sandbox) -> None:
    client = await sandbox.connected()
    channel = client.channels.get(unique("attach-RTL4c"))
    assert channel.state == "initialized"

    await channel.attach()

    assert channel.state == "attached"
    assert channel.error_reason is None


@pytest.mark.uts("realtime/integration/RTL5d/detach-succeeds-0")
async def test_detach(sandbox: Sandbox) -> None:
    client = await sandbox.connected()
    channel = client.channels.get(unique("detach-RTL5d"))
    await channel.attach()
    assert channel.state == "attached"

    await channel.detach()

    assert channel.state == "detached"


@pytest.mark.uts("realtime/integration/RTL14/insufficient-capability-failed-0")
async def test_insufficient_capability(sandbox: Sandbox) -> None:
    client = await sandbox.connected(key=sandbox.keys[SUBSCRIBE_ONLY])
    channel = client.channels.get(unique("publish-not-allowed"))
    await channel.attach()
    assert channel.state == "attached"

    with pytest.raises(AblyError) as refused:
        await channel.publish("test", "data")

    assert refused.value.code == 40160
    assert refused.value.status_code == 401
    assert client.connection.state == "connected"
