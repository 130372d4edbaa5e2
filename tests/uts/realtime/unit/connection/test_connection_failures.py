"""RTN15: failures of a connection that was CONNECTED."""

from __future__ import annotations

import pytest
from ably import AblyException

from tests.uts.harness import (
    KEY,
    ClientFactory,
    CountingCallback,
    FakeClock,
    MockHttpClient,
    MockWebSocket,
    TokenServer,
    accept,
    assert_in_order,
    await_state,
    in_turn,
    record,
    refuse,
    states,
)
from tests.uts.harness.frames import connected, disconnected, error

TOKEN_EXPIRED = disconnected(40142, 401, "Token expired")
RECONNECTED = ["disconnected", "connecting", "connected"]


def resumable() -> MockWebSocket:
    """A server that resumes: the same connection id, a new key."""
    return MockWebSocket(
        in_turn(
            accept(connected("connection-1", "key-1")),
            accept(connected("connection-1", "key-1-updated")),
        )
    )


@pytest.mark.uts("realtime/unit/RTN15h1/token-error-no-renew-0")
async def test_token_error_without_means_to_renew(create_client: ClientFactory) -> None:
    """The case says 40142; RSA4a2, and the same situation behind a proxy, say 40171."""
    server = MockWebSocket(accept(connected()))
    client = create_client(transport=server, token="some_token_string", auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.send_to_client_and_close(TOKEN_EXPIRED)
    await await_state(client.connection, "failed", timeout=2_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 40171
    assert client.connection.error_reason.status_code == 401


@pytest.mark.uts("realtime/unit/RTN15h2/token-error-renew-success-0")
async def test_token_error_renews_and_resumes(create_client: ClientFactory) -> None:
    http = TokenServer()
    server = resumable()
    client = create_client(
        transport=server, http=http, key=KEY, use_token_auth=True, auto_connect=False
    )
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.send_to_client_and_close(TOKEN_EXPIRED)
    await await_state(client.connection, "connecting", timeout=2_000)
    await await_state(client.connection, "connected", timeout=5_000)

    assert_in_order(states(changes), ["connecting", "connected"])
    assert http.token_requests == 2
    assert client.connection.id == "connection-1"
    assert client.connection.key == "key-1-updated"


@pytest.mark.uts("realtime/unit/RTN15h2/token-error-renew-fails-1")
async def test_token_error_and_renewal_fails(create_client: ClientFactory) -> None:
    """With an auth_callback, as the case's own note prefers."""
    failure = AblyException("Token renewal failed", 401, 40171)
    callback = CountingCallback(failure, fails_from=2)
    server = MockWebSocket(accept(connected("connection-1", "key-1")))
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.send_to_client_and_close(TOKEN_EXPIRED)
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "disconnected", timeout=5_000)

    assert_in_order(states(changes), ["connecting", "disconnected"])
    assert client.connection.error_reason is not None
    assert callback.calls == 2
    assert len(server.attempts) == 1


@pytest.mark.uts("realtime/unit/RTN15h3/non-token-error-resume-0")
async def test_other_error_resumes(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected("connection-1", "key-1")))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.send_to_client_and_close(
        disconnected(80003, 503, "Service unavailable")
    )
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected", timeout=5_000)

    assert client.connection.id == "connection-1"
    assert len(server.attempts) == 2
    assert server.attempts[1].params["resume"] == "key-1"


@pytest.mark.uts("realtime/unit/RTN15j/error-empty-channel-failed-0")
async def test_error_without_channel_is_fatal(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.send_to_client_and_close(error(50000, 500, "Internal error"))
    await await_state(client.connection, "failed", timeout=2_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 50000
    assert client.connection.error_reason.status_code == 500


@pytest.mark.uts("realtime/unit/RTN15a/unexpected-transport-disconnect-0")
async def test_unexpected_disconnect_resumes(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected("connection-1", "key-1")))
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected", timeout=5_000)

    assert_in_order(states(changes), RECONNECTED)
    assert client.connection.id == "connection-1"
    assert len(server.attempts) == 2


@pytest.mark.uts("realtime/unit/RTN15b/successful-resume-0")
async def test_successful_resume(create_client: ClientFactory) -> None:
    server = resumable()
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    assert client.connection.id == "connection-1"

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected", timeout=5_000)

    assert client.connection.id == "connection-1"
    assert client.connection.key == "key-1-updated"
    assert server.attempts[1].params["resume"] == "key-1"
    assert len(server.attempts) == 2


@pytest.mark.uts("realtime/unit/RTN15c7/failed-resume-new-id-0")
async def test_failed_resume(create_client: ClientFactory) -> None:
    refusal = error(80008, 400, "Unable to recover connection")["error"]
    server = MockWebSocket(
        in_turn(
            accept(connected("connection-1", "key-1")),
            accept(connected("connection-2", "key-2", error=refusal)),
        )
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected", timeout=5_000)

    assert client.connection.id == "connection-2"
    assert client.connection.key == "key-2"
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 80008
    assert client.connection.state == "connected"


@pytest.mark.uts("realtime/unit/RTN15e/connection-key-updated-0")
async def test_connection_key_is_updated(create_client: ClientFactory) -> None:
    server = resumable()
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    assert client.connection.key == "key-1"

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected", timeout=5_000)

    assert client.connection.key == "key-1-updated"


@pytest.mark.uts("realtime/unit/RTN14h/resume-after-ttl-0")
async def test_resume_is_tried_after_the_ttl(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """From the branch text: since 6.1 every reattempt resumes, however late."""
    server = MockWebSocket(
        in_turn(accept(connected("connection-1", "key-1", connectionStateTtl=5_000)), refuse)
    )
    client = create_client(
        transport=server,
        http=MockHttpClient(lambda request: request.respond_with(200, "yes")),
        key=KEY,
        disconnected_retry_timeout=1_000,
        suspended_retry_timeout=2_000,
        auto_connect=False,
        fallback_hosts=[],
    )
    changes = record(client.connection)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.simulate_disconnect()
    for _ in range(15):
        await clock.advance(2_500)

    assert "suspended" in states(changes)
    reattempts = server.attempts[1:]
    assert len(reattempts) > 15
    assert {attempt.params["resume"] for attempt in reattempts} == {"key-1"}


@pytest.mark.uts("realtime/unit/RTN15c5/token-error-during-resume-0")
async def test_token_error_during_resume(create_client: ClientFactory) -> None:
    http = TokenServer()
    server = MockWebSocket(
        in_turn(
            accept(connected("connection-1", "key-1")),
            accept(error(40142, 401, "Token expired")),
            accept(connected("connection-2", "key-2")),
        )
    )
    client = create_client(
        transport=server, http=http, key=KEY, use_token_auth=True, auto_connect=False
    )
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "connecting")
    await await_state(client.connection, "connected", timeout=10_000)

    assert http.token_requests == 2
    assert len(server.attempts) == 3


@pytest.mark.uts("realtime/unit/RTN15c4/fatal-error-during-resume-0")
async def test_fatal_error_during_resume(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        in_turn(
            accept(connected("connection-1", "key-1")),
            accept(error(50000, 500, "Internal server error")),
        )
    )
    client = create_client(transport=server, key=KEY, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")

    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "failed", timeout=5_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 50000
    assert len(server.attempts) == 2
