"""RTN14: a connection that fails to open.

Where the cases give a key, which may not go over plain HTTP (RSC18), an `auth_callback` stands.
"""

from __future__ import annotations

import pytest

from tests.faults import Action, Direction, FaultProxy
from tests.integration.live import reach
from tests.integration.sandbox import Counted, Sandbox
from tests.uts.harness import assert_in_order, record, states
from tests.uts.harness.frames import error


@pytest.mark.uts("realtime/proxy/RTN14a/fatal-connect-error-0")
async def test_fatal_error(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on(Action.CONNECTED, times=1).replace(error(40005, 400, "Invalid key"))
    client = sandbox.client(through=proxy)
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "failed")

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (40005, 400)
    assert_in_order(states(changes), ["connecting", "failed"])
    assert client.connection.id is None
    assert client.connection.key is None


@pytest.mark.uts("realtime/proxy/RTN14b/token-error-renew-reconnect-0")
async def test_token_error_renews(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on(Action.CONNECTED, times=1).replace(error(40142, 401, "Token expired"))
    callback = Counted(sandbox.token)
    client = sandbox.client(through=proxy, auth_callback=callback)
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "connected")

    assert client.connection.id is not None
    assert client.connection.key is not None
    assert callback.calls >= 2
    assert_in_order(states(changes), ["connecting", "connected"])
    assert len(proxy.upgrades) >= 2
    assert client.connection.error_reason is None


@pytest.mark.uts("realtime/proxy/RTN14d/retry-after-refused-0")
async def test_refused_connection_is_retried(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on_upgrade(nth=1).refuse()
    client = sandbox.client(through=proxy, disconnected_retry_timeout=200)
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "connected")

    assert client.connection.id is not None
    assert client.connection.key is not None
    assert_in_order(states(changes), ["connecting", "disconnected", "connecting", "connected"])
    assert len(proxy.upgrades) >= 2


@pytest.mark.uts("realtime/proxy/RTN14g/server-error-causes-failed-0")
async def test_server_error(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on(Action.CONNECTED, times=1).replace(error(50000, 500, "Internal server error"))
    client = sandbox.client(through=proxy)
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "failed")

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (50000, 500)
    assert reason.message == "Internal server error"
    assert_in_order(states(changes), ["connecting", "failed"])
    assert client.connection.id is None
    assert client.connection.key is None


@pytest.mark.uts("realtime/proxy/RTN14c/connection-timeout-0")
async def test_timeout(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on(Action.CONNECTED, Direction.TO_CLIENT).drop()
    client = sandbox.client(through=proxy, realtime_request_timeout=300)
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "disconnected")

    reason = client.connection.error_reason
    assert reason is not None
    assert "timeout" in reason.message or reason.code in {50003, 80003}
    assert_in_order(states(changes), ["connecting", "disconnected"])
    assert client.connection.id is None
    assert client.connection.key is None
