"""RSA4c-f: an auth_callback that fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ably import AblyException

from tests.uts.harness import (
    ClientFactory,
    CountingCallback,
    FakeClock,
    MockHttpClient,
    MockWebSocket,
    accept,
    await_state,
    complete,
    poll_until,
    record,
    settle,
)
from tests.uts.harness.frames import auth, connected

UNAVAILABLE = ("Auth server unavailable", 500, 50000)


@pytest.fixture
def server() -> MockWebSocket:
    return MockWebSocket(accept(connected()))


@pytest.mark.uts("realtime/unit/RSA4c2/callback-error-connecting-disconnected-0")
async def test_error_while_connecting(create_client: ClientFactory, server: MockWebSocket) -> None:
    client = create_client(
        transport=server,
        auth_callback=CountingCallback(AblyException(*UNAVAILABLE)),
        auto_connect=False,
        use_binary_protocol=False,
    )
    changes = record(client.connection)

    client.connect()
    await await_state(client.connection, "disconnected", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 401)
    assert isinstance(reason.cause, AblyException)
    assert reason.cause.code == 50000
    first = next(change for change in changes if change.current == "disconnected")
    assert first.reason is not None
    assert first.reason.code == 80019


@pytest.mark.uts("realtime/unit/RSA4c2/callback-timeout-connecting-disconnected-1")
async def test_timeout_while_connecting(
    create_client: ClientFactory, server: MockWebSocket, clock: FakeClock
) -> None:
    async def auth_callback(params: dict[str, Any]) -> str:
        await asyncio.Event().wait()
        return "never"

    client = create_client(
        transport=server,
        auth_callback=auth_callback,
        realtime_request_timeout=10_000,
        auto_connect=False,
        use_binary_protocol=False,
    )

    client.connect()
    await clock.advance(11_000)
    await await_state(client.connection, "disconnected", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 401)


@pytest.mark.uts("realtime/unit/RSA4c3/callback-error-connected-stays-0")
async def test_error_while_connected(create_client: ClientFactory, server: MockWebSocket) -> None:
    """The error reason is set, as RSA4c1 in features.md demands; this case alone denies it."""
    callback = CountingCallback(AblyException(*UNAVAILABLE), fails_from=2)
    client = create_client(
        transport=server, auth_callback=callback, auto_connect=False, use_binary_protocol=False
    )
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.send_to_client(auth())
    await poll_until(lambda: callback.calls >= 2, timeout=5_000)
    await settle()

    assert client.connection.state == "connected"
    assert changes == []
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 80019


@pytest.mark.uts("realtime/unit/RSA4d/callback-403-connecting-failed-0")
async def test_403_while_connecting(create_client: ClientFactory, server: MockWebSocket) -> None:
    callback = CountingCallback(AblyException("Account disabled", 403, 40300))
    client = create_client(
        transport=server, auth_callback=callback, auto_connect=False, use_binary_protocol=False
    )
    changes = record(client.connection)

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    assert server.attempts == []
    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 403)
    assert isinstance(reason.cause, AblyException)
    assert (reason.cause.code, reason.cause.status_code) == (40300, 403)
    (failed,) = [change for change in changes if change.current == "failed"]
    assert failed.reason is not None
    assert (failed.reason.code, failed.reason.status_code) == (80019, 403)
    assert not any(change.current == "disconnected" for change in changes)


@pytest.mark.uts("realtime/unit/RSA4d/callback-403-reauth-failed-1")
async def test_403_while_connected(create_client: ClientFactory, server: MockWebSocket) -> None:
    callback = CountingCallback(AblyException("Account suspended", 403, 40300), fails_from=2)
    client = create_client(
        transport=server, auth_callback=callback, auto_connect=False, use_binary_protocol=False
    )
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.send_to_client(auth())
    await await_state(client.connection, "failed", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 403)
    assert isinstance(reason.cause, AblyException)
    assert reason.cause.code == 40300


@pytest.mark.uts("realtime/unit/RSA4f/callback-invalid-type-format-0")
async def test_invalid_type(create_client: ClientFactory, server: MockWebSocket) -> None:
    async def auth_callback(params: dict[str, Any]) -> int:
        return 12345

    client = create_client(
        transport=server, auth_callback=auth_callback, auto_connect=False, use_binary_protocol=False
    )

    client.connect()
    await await_state(client.connection, "disconnected", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 401)


@pytest.mark.uts("realtime/unit/RSA4f/callback-oversized-token-format-1")
async def test_oversized_token(create_client: ClientFactory, server: MockWebSocket) -> None:
    async def auth_callback(params: dict[str, Any]) -> str:
        return "x" * 131_073

    client = create_client(
        transport=server, auth_callback=auth_callback, auto_connect=False, use_binary_protocol=False
    )

    client.connect()
    await await_state(client.connection, "disconnected", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 401)


@pytest.mark.uts("realtime/unit/RSA4e/rest-callback-error-40170-0")
async def test_error_in_a_rest_request(create_client: ClientFactory) -> None:
    """On the REST client that belongs to a realtime client."""
    callback = CountingCallback(OSError("Network failure connecting to auth server"))
    client = create_client(
        http=MockHttpClient(lambda request: request.respond_with(200, [])),
        auth_callback=callback,
        auto_connect=False,
        use_binary_protocol=False,
    )
    channel = client.rest.channels.get("test-channel")

    with pytest.raises(AblyException) as caught:
        await complete(channel.status())

    assert (caught.value.code, caught.value.status_code) == (40170, 401)
    assert len(caught.value.message) > 0
