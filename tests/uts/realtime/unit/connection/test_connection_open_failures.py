"""RTN14: failures while a connection is being opened."""

from __future__ import annotations

import pytest
from ably import AblyException

from tests.uts.harness import (
    KEY,
    ClientFactory,
    CountingCallback,
    FakeClock,
    Frame,
    MockWebSocket,
    PendingConnection,
    TokenServer,
    accept,
    await_state,
    in_turn,
    refuse,
)
from tests.uts.harness.frames import connected, error

CONNECTION_STATE_TTL = 120_000
TOKEN_EXPIRED = error(40142, 401, "Token expired")


def fail_with(frame: Frame) -> MockWebSocket:
    return MockWebSocket(lambda attempt: attempt.respond_with_error(frame))


@pytest.mark.uts("realtime/unit/RTN14a/invalid-key-failed-0")
async def test_invalid_key(create_client: ClientFactory) -> None:
    server = fail_with(error(40005, 400, "Invalid key"))
    client = create_client(transport=server, key="invalid.key:secret", auto_connect=False)

    client.connect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "failed", timeout=5_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 40005
    assert client.connection.error_reason.status_code == 400
    assert client.connection.id is None
    assert client.connection.key is None


@pytest.mark.uts("realtime/unit/RTN14b/token-error-with-renewal-0")
async def test_token_error_renews_the_token(create_client: ClientFactory) -> None:
    http = TokenServer()
    server = MockWebSocket(
        in_turn(lambda attempt: attempt.respond_with_error(TOKEN_EXPIRED), accept(connected()))
    )
    client = create_client(
        transport=server, http=http, key=KEY, use_token_auth=True, auto_connect=False
    )

    client.connect()
    await await_state(client.connection, "connected", timeout=10_000)

    assert http.token_requests == 2
    assert len(server.attempts) == 2


@pytest.mark.uts("realtime/unit/RTN14b/token-renewal-fails-1")
async def test_token_error_and_renewal_fails(create_client: ClientFactory) -> None:
    failure = AblyException("Unable to renew token", 401, 40171)
    callback = CountingCallback(failure, fails_from=2)
    client = create_client(
        transport=MockWebSocket(accept(TOKEN_EXPIRED)), auth_callback=callback, auto_connect=False
    )

    client.connect()
    await await_state(client.connection, "disconnected")

    assert callback.calls == 2
    assert client.connection.error_reason is not None


@pytest.mark.uts("realtime/unit/RSA4a/token-error-no-renewal-0")
async def test_token_error_without_means_to_renew(create_client: ClientFactory) -> None:
    server = fail_with(TOKEN_EXPIRED)
    client = create_client(transport=server, token="expired_token_string", auto_connect=False)

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 40171


@pytest.mark.uts("realtime/unit/RTN14c/connection-timeout-0")
async def test_connection_timeout(create_client: ClientFactory, clock: FakeClock) -> None:
    server = MockWebSocket(accept())  # never sends CONNECTED
    client = create_client(
        transport=server, key=KEY, realtime_request_timeout=1_000, auto_connect=False
    )

    client.connect()
    await await_state(client.connection, "connecting")
    await clock.advance(1_100)
    await await_state(client.connection, "disconnected", timeout=1_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert "timeout" in reason.message or reason.code in {50003, 80003}


@pytest.mark.uts("realtime/unit/RTN14d/retry-recoverable-failure-0")
async def test_retry_after_a_recoverable_failure(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    server = MockWebSocket(in_turn(refuse, accept(connected())))
    client = create_client(
        transport=server, key=KEY, disconnected_retry_timeout=1_000, auto_connect=False
    )

    client.connect()
    await await_state(client.connection, "disconnected", timeout=2_000)
    await clock.advance(1_100)
    await await_state(client.connection, "connected", timeout=5_000)

    assert len(server.attempts) == 2


@pytest.mark.uts("realtime/unit/RTN14e/disconnected-to-suspended-0")
async def test_disconnected_becomes_suspended(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """The default connectionStateTtl is no option: its 120 seconds pass on the fake clock."""
    client = create_client(
        transport=MockWebSocket(refuse),
        key=KEY,
        disconnected_retry_timeout=1_000,
        auto_connect=False,
    )

    client.connect()
    await await_state(client.connection, "disconnected")
    await clock.advance(CONNECTION_STATE_TTL + 100)
    await await_state(client.connection, "suspended", timeout=1_000)

    assert client.connection.error_reason is not None


@pytest.mark.uts("realtime/unit/RTN14f/suspended-retries-indefinitely-0")
async def test_suspended_retries_indefinitely(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """The failures are counted from SUSPENDED on: before it, attempts outnumber the case's two."""
    retries: list[PendingConnection] = []
    suspended = False

    def on_connection_attempt(attempt: PendingConnection) -> None:
        if suspended:
            retries.append(attempt)
        if len(retries) < 3:
            attempt.respond_with_refused()
        else:
            attempt.respond_with_success(connected())

    client = create_client(
        transport=MockWebSocket(on_connection_attempt),
        key=KEY,
        disconnected_retry_timeout=500,
        suspended_retry_timeout=1_000,
        auto_connect=False,
    )

    client.connect()
    await await_state(client.connection, "suspended", timeout=CONNECTION_STATE_TTL + 1_000)
    suspended = True
    for failures in (1, 2):
        await clock.advance(1_100)
        assert len(retries) == failures
        assert client.connection.state == "suspended"
    await clock.advance(1_100)
    await await_state(client.connection, "connected", timeout=5_000)

    assert len(retries) == 3


@pytest.mark.uts("realtime/unit/RTN14g/error-empty-channel-failed-0")
async def test_error_without_channel_is_fatal(create_client: ClientFactory) -> None:
    server = fail_with(error(50000, 500, "Internal server error"))
    client = create_client(transport=server, key=KEY, auto_connect=False)

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (50000, 500)
    assert reason.message == "Internal server error"
