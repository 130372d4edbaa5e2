"""RSA4b: a token that expires is renewed."""

from __future__ import annotations

import pytest

from tests.integration.live import eventually, reach
from tests.integration.sandbox import Counted, Sandbox


@pytest.mark.uts("realtime/integration/RSA4b/token-renewal-on-expiry-0")
async def test_renewal_on_expiry(sandbox: Sandbox) -> None:
    """With a first token that lives for one second instead of five."""
    lifetimes = iter([1_000])
    callback = Counted(lambda: sandbox.jwt(ttl=next(lifetimes, 3_600_000)))
    client = await sandbox.connected(auth_callback=callback)
    assert client.connection.id is not None
    assert callback.calls == 1

    await eventually(lambda: callback.calls >= 2, waiting_for="a second token")
    await reach(client.connection, "connected")

    assert client.connection.state == "connected"
