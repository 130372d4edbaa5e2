"""RTN25: the connection's error reason."""

from __future__ import annotations

import pytest

from tests.uts.harness import (
    KEY,
    ClientFactory,
    FakeClock,
    MockWebSocket,
    accept,
    await_state,
    in_turn,
    record,
    refuse,
)
from tests.uts.harness.frames import Frame, connected, error


def fail_with(frame: Frame) -> MockWebSocket:
    return MockWebSocket(lambda attempt: attempt.respond_with_error(frame))


@pytest.mark.uts("realtime/unit/RTN25/error-reason-on-failed-0")
async def test_error_reason_in_failed(create_client: ClientFactory) -> None:
    server = fail_with(error(40005, 400, "Invalid API key"))
    client = create_client(transport=server, key="invalid.key:secret", auto_connect=False)
    assert client.connection.error_reason is None

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (40005, 400)
    assert reason.message == "Invalid API key"


@pytest.mark.uts("realtime/unit/RTN25/error-reason-disconnected-1")
async def test_error_reason_in_disconnected(create_client: ClientFactory) -> None:
    client = create_client(transport=MockWebSocket(refuse), key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "disconnected", timeout=5_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.message is not None


@pytest.mark.uts("realtime/unit/RTN25/error-reason-suspended-2")
async def test_error_reason_in_suspended(create_client: ClientFactory, clock: FakeClock) -> None:
    """The default connectionStateTtl is no option: its 120 seconds pass on the fake clock."""
    client = create_client(
        transport=MockWebSocket(refuse),
        key=KEY,
        disconnected_retry_timeout=500,
        auto_connect=False,
    )

    client.connect()
    await await_state(client.connection, "disconnected")
    await clock.advance(120_100)
    await await_state(client.connection, "suspended", timeout=1_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.message is not None


@pytest.mark.uts("realtime/unit/RTN25/error-reason-token-error-3")
async def test_error_reason_after_a_token_error(create_client: ClientFactory) -> None:
    server = fail_with(error(40142, 401, "Token expired"))
    client = create_client(transport=server, token="expired_token", auto_connect=False)

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 40171


@pytest.mark.uts("realtime/unit/RTN25/error-reason-cleared-on-connect-4")
async def test_error_reason_is_cleared_on_connected(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    client = create_client(
        transport=MockWebSocket(in_turn(refuse, accept(connected()))),
        key=KEY,
        disconnected_retry_timeout=100,
        auto_connect=False,
    )

    client.connect()
    await await_state(client.connection, "disconnected", timeout=5_000)
    assert client.connection.error_reason is not None
    await clock.advance(150)
    await await_state(client.connection, "connected", timeout=5_000)

    assert client.connection.error_reason is None


@pytest.mark.uts("realtime/unit/RTN25/error-reason-protocol-error-5")
async def test_error_reason_after_error(create_client: ClientFactory) -> None:
    server = fail_with(error(50000, 500, "Internal server error"))
    client = create_client(transport=server, key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (50000, 500)
    assert reason.message == "Internal server error"


@pytest.mark.uts("realtime/unit/RTN25/error-reason-in-state-change-6")
async def test_error_reason_is_the_reason_of_the_change(create_client: ClientFactory) -> None:
    server = fail_with(error(40003, 400, "Access token invalid"))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    changes = record(client.connection)

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    (change,) = [change for change in changes if change.current == "failed"]
    assert change.reason is not None
    assert (change.reason.code, change.reason.status_code) == (40003, 400)
    assert change.reason.message == "Access token invalid"
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == change.reason.code
    assert client.connection.error_reason.message == change.reason.message
