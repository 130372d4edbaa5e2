"""RTN2e, RSA4c, RSA4d: the token of a connection."""

from __future__ import annotations

from typing import Any

import pytest
from ably import AblyException
from ably.types.tokendetails import TokenDetails

from tests.uts.harness import (
    Action,
    ClientFactory,
    CountingCallback,
    FakeClock,
    MockWebSocket,
    PendingConnection,
    accept,
    await_state,
    complete,
    poll_until,
    record,
)
from tests.uts.harness.frames import auth, connected

# As the RTN2e cases send it: connectionDetails may be left out.
BARE_CONNECTED = {
    "action": Action.CONNECTED,
    "connectionId": "connection-id",
    "connectionKey": "connection-key",
}
UNAVAILABLE = ("Auth server unavailable", 500, 50000)


@pytest.fixture
def server() -> MockWebSocket:
    return MockWebSocket(accept(connected()))


@pytest.mark.uts("realtime/unit/RTN2e/token-before-websocket-0")
async def test_token_before_websocket(create_client: ClientFactory) -> None:
    order: list[str] = []

    async def auth_callback(params: dict[str, Any]) -> str:
        order.append("callback")
        return "callback-provided-token"

    def on_connection_attempt(attempt: PendingConnection) -> None:
        order.append("attempt")
        attempt.respond_with_success(connected())

    server = MockWebSocket(on_connection_attempt)
    client = create_client(transport=server, auth_callback=auth_callback, auto_connect=False)

    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)

    assert order == ["callback", "attempt"]
    assert server.attempts[0].params["accessToken"] == "callback-provided-token"
    assert "key" not in server.attempts[0].params


@pytest.mark.uts("realtime/unit/RTN2e/callback-error-prevents-connect-1")
async def test_callback_error_prevents_the_attempt(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    callback = CountingCallback(OSError("Auth callback failed"))
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)

    client.connect()
    await await_state(client.connection, "disconnected", "failed", timeout=5_000)

    assert server.attempts == []
    reason = client.connection.error_reason
    assert reason is not None
    assert reason.status_code == 401 or reason.code == 40170


@pytest.mark.uts("realtime/unit/RTN2e/callback-params-include-clientid-2")
async def test_callback_gets_the_client_id(create_client: ClientFactory, clock: FakeClock) -> None:
    server = MockWebSocket(accept(BARE_CONNECTED))
    received: list[dict[str, Any]] = []

    async def auth_callback(params: dict[str, Any]) -> TokenDetails:
        received.append(params)
        expires = int(clock.time()) + 3_600_000
        return TokenDetails("token-for-client", expires=expires, client_id="my-client-id")

    client = create_client(
        transport=server,
        auth_callback=auth_callback,
        client_id="my-client-id",
        auto_connect=False,
    )

    client.connect()
    await await_state(client.connection, "connected", timeout=5_000)

    (params,) = received
    assert params["client_id"] == "my-client-id"


@pytest.mark.uts("realtime/unit/RTN2e/reuse-valid-token-3")
async def test_a_valid_token_is_reused(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(BARE_CONNECTED))
    callback = CountingCallback()
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    await complete(client.close(), timeout=10_000)
    await await_state(client.connection, "closed")

    client.connect()
    await await_state(client.connection, "connected")

    assert callback.calls == 1


@pytest.mark.uts("realtime/unit/RSA4c2/callback-error-causes-disconnected-0")
async def test_error_while_connecting(create_client: ClientFactory, server: MockWebSocket) -> None:
    callback = CountingCallback(AblyException(*UNAVAILABLE))
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)

    client.connect()
    await await_state(client.connection, "disconnected", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 401)
    assert isinstance(reason.cause, AblyException)
    assert reason.cause.code == 50000


@pytest.mark.uts("realtime/unit/RSA4c3/callback-error-stays-connected-0")
async def test_error_while_connected(create_client: ClientFactory, server: MockWebSocket) -> None:
    callback = CountingCallback(AblyException(*UNAVAILABLE), fails_from=2)
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.send_to_client(auth())
    await poll_until(lambda: client.connection.error_reason is not None, timeout=5_000)

    assert client.connection.state == "connected"
    assert [change for change in changes if change.current != "connected"] == []
    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 401)
    assert isinstance(reason.cause, AblyException)
    assert reason.cause.code == 50000


@pytest.mark.uts("realtime/unit/RSA4d/callback-403-causes-failed-0")
async def test_403_while_connecting(create_client: ClientFactory, server: MockWebSocket) -> None:
    callback = CountingCallback(AblyException("Account disabled", 403, 40300))
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 403)
    assert isinstance(reason.cause, AblyException)
    assert reason.cause.code == 40300


@pytest.mark.uts("realtime/unit/RSA4d/callback-403-reauth-causes-failed-1")
async def test_403_while_connected(create_client: ClientFactory, server: MockWebSocket) -> None:
    callback = CountingCallback(AblyException("Account suspended", 403, 40300), fails_from=2)
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.send_to_client(auth())
    await await_state(client.connection, "failed", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 403)
    assert isinstance(reason.cause, AblyException)
    assert reason.cause.code == 40300
