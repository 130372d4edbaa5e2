"""RTN22: the server asks for new credentials."""

from __future__ import annotations

import pytest

from tests.faults import Action, Direction, FaultProxy
from tests.integration.live import eventually
from tests.integration.sandbox import Counted, Sandbox
from tests.uts.harness import record
from tests.uts.harness.frames import auth


@pytest.mark.uts("realtime/proxy/RTN22/server-initiated-reauth-0")
async def test_server_initiated_reauth(sandbox: Sandbox, proxy: FaultProxy) -> None:
    callback = Counted(sandbox.jwt)
    client = await sandbox.connected(through=proxy, auth_callback=callback)
    original_id, calls = client.connection.id, callback.calls
    assert original_id is not None
    assert calls >= 1
    changes = record(client.connection)

    proxy.relay.inject(auth())
    await proxy.until(lambda: bool(proxy.sent(Direction.TO_SERVER, Action.AUTH)))
    # The server's answer, after which all of it is over.
    await eventually(lambda: changes, waiting_for="an update")

    assert callback.calls == calls + 1
    assert client.connection.state == "connected"
    assert client.connection.id == original_id
    assert {change.current for change in changes} == {"connected"}
    assert all(frame["auth"] for frame in proxy.sent(Direction.TO_SERVER, Action.AUTH))
