"""What a log at INFO tells of a connection, and whom it asks to act."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.behaviour.scene import lose_continuity
from tests.uts.harness import (
    KEY,
    ClientFactory,
    FakeClock,
    accept,
    await_state,
    complete,
    refuse,
    settle,
)
from tests.uts.harness.channels import CHANNEL, ChannelServer, disconnect, reconnect
from tests.uts.harness.frames import error
from tests.uts.harness.messages import attach, begin, connect, send


class Log:
    """What was logged at INFO and above, as `LEVEL logger: message`."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def take(self) -> list[str]:
        """The lines since the last time."""
        lines = [
            f"{record.levelname} {record.name.removeprefix('ably_realtime.')}: {record.message}"
            for record in self._caplog.records
            if record.name.startswith("ably_realtime") and record.levelno >= logging.INFO
        ]
        self._caplog.clear()
        return lines


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Log]:
    with caplog.at_level(logging.DEBUG, "ably_realtime"):
        yield Log(caplog)


async def test_a_reconnection_is_told_in_a_line_for_the_loss_and_one_for_the_return(
    create_client: ClientFactory, server: ChannelServer, log: Log, clock: FakeClock
) -> None:
    client = await connect(create_client, server, endpoint="ably.example.com")
    channel = await attach(client, CHANNEL)
    (first,) = log.take()
    assert first.startswith("INFO connection: connected to ably.example.com after 0 ms and 1 att")

    server.on_publish = lambda _: None
    await begin(channel.publish("a"))
    accepting = server.on_connection_attempt
    await disconnect(client, server)
    await begin(channel.publish("b"))
    await begin(channel.publish("c"))
    lost, failed = log.take()
    assert lost.startswith("INFO connection: disconnected: ")
    assert lost.endswith("; trying again at once")
    assert failed.startswith("INFO connection: attempt 1 failed: ")

    server.on_connection_attempt = accepting
    await clock.advance(20_000)
    back, _ = log.take()
    assert back.startswith("INFO connection: connected again to ably.example.com after ")
    assert back.endswith(
        " s and 2 attempts: resumed, 1 sent again, 2 sent from the queue, 1 channel to attach"
    )


async def test_a_connection_without_continuity_says_so_and_who_may_have_missed_something(
    create_client: ClientFactory, server: ChannelServer, log: Log
) -> None:
    client = await connect(create_client, server)
    await attach(client, CHANNEL)
    lose_continuity(server)
    log.take()
    await reconnect(client, server)
    await settle()
    lost, back, missed = log.take()
    assert "disconnected" in lost
    assert "1 attempt: not resumed, 0 sent again, 0 sent from the queue, 1 channel to" in back
    assert missed == (
        f"WARNING channel: channel {CHANNEL!r} may have missed messages while it was not attached: "
        "fetch them from history()"
    )


async def test_who_never_was_connected_is_warned_once_and_again_when_suspended(
    create_client: ClientFactory, server: ChannelServer, log: Log, clock: FakeClock
) -> None:
    server.on_connection_attempt = refuse
    client = create_client(transport=server, key=KEY, endpoint="ably.example.com")
    await await_state(client.connection, "disconnected")
    await clock.advance(200_000)
    assert client.connection.state == "suspended"
    lines = log.take()
    warnings = [line for line in lines if line.startswith("WARNING")]
    assert warnings == [lines[0], next(line for line in lines if "connection suspended" in line)]
    assert "cannot connect yet, trying again in " in lines[0]
    assert "Check the network" in lines[0]
    assert len(lines) == len(server.attempts) + 1


async def test_a_connection_that_failed_is_an_error_with_advice(
    create_client: ClientFactory, server: ChannelServer, log: Log
) -> None:
    server.on_connection_attempt = accept(error(40400, 404, "no such app"))
    client = create_client(transport=server, key=KEY)
    await await_state(client.connection, "failed")
    (line,) = log.take()
    assert line.startswith("ERROR connection: connection failed: no such app (code 40400")
    assert "Check the app id" in line


async def test_a_channel_that_failed_is_a_warning_but_not_when_its_connection_did(
    create_client: ClientFactory, server: ChannelServer, log: Log
) -> None:
    client = await connect(create_client, server)
    await attach(client, CHANNEL)
    await attach(client, "other")
    log.take()
    await send(server, error(40160, 401, "not yours", channel=CHANNEL))
    (line,) = log.take()
    assert line.startswith(f"WARNING channel: channel {CHANNEL!r} failed: not yours (code 40160")

    await send(server, error(40400, 404, "no such app"))
    (line,) = log.take()
    assert line.startswith("ERROR connection: ")


async def test_closing_and_connecting_again_is_a_story_of_its_own(
    create_client: ClientFactory, server: ChannelServer, log: Log
) -> None:
    client = await connect(create_client, server, endpoint="ably.example.com")
    log.take()
    await complete(client.close())
    client.connect()
    await await_state(client.connection, "connected")
    assert log.take() == [
        "INFO connection: connection closed",
        "INFO connection: connected to ably.example.com after 0 ms and 1 attempt",
    ]
