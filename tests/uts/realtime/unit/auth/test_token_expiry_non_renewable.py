"""RSA4a: a token that cannot be renewed."""

from __future__ import annotations

import logging

import pytest

from tests.uts.harness import ClientFactory, FakeClock, MockWebSocket, await_state, record
from tests.uts.harness.frames import Frame, error


def fail_with(frame: Frame) -> MockWebSocket:
    return MockWebSocket(lambda attempt: attempt.respond_with_error(frame))


@pytest.mark.uts("realtime/unit/RSA4a1/non-renewable-token-logs-warning-0")
async def test_it_is_said_at_once(
    create_client: ClientFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    create_client(token="non-renewable-token", auto_connect=False, use_binary_protocol=False)

    messages = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.INFO]
    assert any("40171" in message for message in messages)
    assert any("https://help.ably.io/error/40171" in message for message in messages)


@pytest.mark.uts("realtime/unit/RSA4a2/token-error-non-renewable-failed-0")
async def test_a_token_error_is_final(create_client: ClientFactory) -> None:
    client = create_client(
        transport=fail_with(error(40142, 401, "Token expired")),
        token="expired-token",
        auto_connect=False,
        use_binary_protocol=False,
    )
    changes = record(client.connection)

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 40171
    (failed,) = [change for change in changes if change.current == "failed"]
    assert failed.reason is not None
    assert failed.reason.code == 40171


@pytest.mark.uts("realtime/unit/RSA4a2/token-error-non-renewable-no-retry-1")
async def test_a_token_error_is_not_retried(create_client: ClientFactory, clock: FakeClock) -> None:
    server = fail_with(error(40140, 401, "Token error"))
    client = create_client(
        transport=server,
        token="non-renewable-token",
        auto_connect=False,
        use_binary_protocol=False,
    )

    client.connect()
    await await_state(client.connection, "failed", timeout=5_000)
    await clock.advance(60_000)

    assert len(server.attempts) == 1
    assert client.connection.state == "failed"
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 40171
