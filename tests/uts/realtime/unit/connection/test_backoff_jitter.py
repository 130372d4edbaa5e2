"""RTB1: how long to wait before the next try."""

from __future__ import annotations

from statistics import mean

import pytest

from ably_realtime._core.backoff import backoff_coefficient
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    Frame,
    MockConnection,
    MockWebSocket,
    accept,
    await_state,
    in_turn,
    record,
    refuse,
)
from tests.uts.harness.frames import attached, connected, detached, error_info

BACKOFF = [1, 4 / 3, 5 / 3, 2, 2]


def assert_in_range(delays: list[float], timeout: float) -> None:
    """Each delay is the timeout times its backoff coefficient times a jitter in [0.8, 1]."""
    for delay, coefficient in zip(delays, BACKOFF, strict=False):
        assert 0.8 * coefficient * timeout <= delay <= coefficient * timeout


@pytest.mark.uts("realtime/unit/RTB1a/backoff-coefficient-sequence-0")
def test_backoff_coefficients() -> None:
    coefficients = [backoff_coefficient(n) for n in range(1, 11)]

    assert coefficients[:4] == [1.0, 4.0 / 3.0, 5.0 / 3.0, 2.0]
    assert coefficients[3:] == [2.0] * 7


@pytest.mark.uts("realtime/unit/RTB1b/jitter-coefficient-range-0")
async def test_jitter_coefficient(create_client: ClientFactory, clock: FakeClock) -> None:
    """The samples are what a client announces as `retry_in`, over a thousand failed attempts."""
    client = create_client(
        transport=MockWebSocket(refuse),
        key=KEY,
        auto_connect=False,
        disconnected_retry_timeout=10,
        fallback_hosts=[],
    )
    changes = record(client.connection)

    client.connect()
    await clock.advance(1_010 * 20)

    delays = [change.retry_in for change in changes if change.current == "disconnected"]
    jitters = [delay / (10 * backoff_coefficient(n)) for n, delay in enumerate(delays, start=1)]
    assert len(jitters) >= 1_000
    assert all(0.8 <= jitter <= 1.0 for jitter in jitters)
    assert 0.85 <= mean(jitters) <= 0.95
    assert max(jitters) - min(jitters) > 0.05


@pytest.mark.uts("realtime/unit/RTB1/disconnected-retry-delay-0")
async def test_disconnected_retry_delay(create_client: ClientFactory, clock: FakeClock) -> None:
    """The drop's own change is left out: its reattempt is immediate (RTN15h3), not an RTB1 wait."""
    server = MockWebSocket(in_turn(accept(connected(connectionStateTtl=60_000)), refuse))
    client = create_client(
        transport=server,
        key=KEY,
        disconnected_retry_timeout=2_000,
        auto_connect=False,
        use_binary_protocol=False,
    )
    client.connect()
    await await_state(client.connection, "connected")
    changes = record(client.connection)

    server.active_connection.simulate_disconnect()
    await clock.advance(30_000)

    delays = [change.retry_in for change in changes if change.current == "disconnected"][1:]
    assert len(delays) >= 5
    assert_in_range(delays, 2_000)


@pytest.mark.uts("realtime/unit/RTB1/suspended-channel-retry-delay-1")
async def test_suspended_channel_retry_delay(
    create_client: ClientFactory, clock: FakeClock
) -> None:
    """The re-attach is started by DETACHED (RTL13a), since an ERROR is final for a channel (RTL14).
    A ChannelStateChange has no retryIn (TH1-TH6): the delay is read off the clock.
    """
    failure = error_info(90001, 500, "Channel re-attach failed")
    attached_at: list[float] = []

    def on_message(frame: Frame, connection: MockConnection) -> None:
        if frame["action"] != Action.ATTACH:
            return
        attached_at.append(clock.now())
        first = len(attached_at) == 1
        answer = attached(frame["channel"]) if first else detached(frame["channel"], failure)
        connection.send_to_client(answer)

    server = MockWebSocket(accept(connected()), on_message)
    client = create_client(
        transport=server,
        key=KEY,
        channel_retry_timeout=3_000,
        auto_connect=False,
        use_binary_protocol=False,
    )
    client.connect()
    await await_state(client.connection, "connected")
    channel = client.channels.get("test-RTB1-channel")
    await channel.attach()
    suspended_at: list[float] = []
    channel.on("suspended", lambda _: suspended_at.append(clock.now()))

    server.active_connection.send_to_client(detached(channel.name, failure))
    for _ in range(30):
        # Keeps the idle connection alive, as a server does.
        server.active_connection.send_to_client({"action": Action.HEARTBEAT})
        await clock.advance(7_000)
        if len(suspended_at) >= 5:
            break

    retried_at = attached_at[2:]
    delays = [retry - since for since, retry in zip(suspended_at, retried_at, strict=False)]
    assert len(delays) >= 4
    assert_in_range(delays, 3_000)
