"""What the hooks of `metrics=` are told."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ably_realtime import (
    AblyError,
    AblyRealtime,
    Channel,
    ChannelStateChange,
    ConnectionStateChange,
    Message,
)
from ably_realtime.metrics import Connected, Gauges, Metrics, Operation
from tests.behaviour.scene import come, say
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    FakeClock,
    accept,
    await_state,
    complete,
    settle,
)
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    disconnect,
    fail_channel,
    reconnect,
    refuse_publish,
)
from tests.uts.harness.frames import connected, disconnected
from tests.uts.harness.messages import attach, begin, connect, failure


class Recorded(Metrics):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.gauges: Callable[[], Gauges]
        self.states: list[str] = []
        self.connections: list[Connected] = []
        self.started: list[Operation] = []
        self.ended: list[tuple[Operation, float, AblyError | None]] = []
        self.received: list[tuple[str, str | None]] = []
        self.members: list[str | None] = []
        self.dropped: list[tuple[str, int]] = []
        self.sent_bytes = self.received_bytes = 0

    def outcomes(self, name: str) -> list[tuple[str | None, float, int | None]]:
        """The operations of a name that ended: their channel, milliseconds and error code."""
        return [
            (operation.channel, milliseconds, None if error is None else error.code)
            for operation, milliseconds, error in self.ended
            if operation.name == name
        ]

    def client_made(self, gauges: Callable[[], Gauges]) -> None:
        self.gauges = gauges

    def connection_changed(self, change: ConnectionStateChange) -> None:
        self.states.append(f"{change.event}")

    def channel_changed(self, channel: str, change: ChannelStateChange) -> None:
        self.states.append(f"{channel} {change.event}")

    def connected(self, connected: Connected) -> None:
        self.connections.append(connected)

    def operation_started(self, operation: Operation) -> None:
        self.started.append(operation)

    def message_headers(self, operation: Operation) -> Mapping[str, str]:
        return {"from": operation.name}

    def operation_ended(
        self, operation: Operation, milliseconds: float, error: AblyError | None
    ) -> None:
        self.ended.append((operation, milliseconds, error))

    def messages_received(self, channel: str, messages: Sequence[Message]) -> None:
        self.received += [(channel, message.name) for message in messages]

    def presence_received(self, channel: str, messages: Sequence[Any]) -> None:
        self.members += [message.client_id for message in messages]

    def items_dropped(self, channel: str, count: int) -> None:
        self.dropped.append((channel, count))

    def bytes_sent(self, count: int) -> None:
        self.sent_bytes += count

    def bytes_received(self, count: int) -> None:
        self.received_bytes += count


@pytest.fixture
def metrics() -> Recorded:
    return Recorded()


@pytest.fixture
async def client(
    create_client: ClientFactory, server: ChannelServer, metrics: Recorded
) -> AblyRealtime:
    return await connect(create_client, server, client_id="me", metrics=metrics)


async def test_every_operation_that_started_ends_once_with_its_time(
    client: AblyRealtime, server: ChannelServer, metrics: Recorded, clock: FakeClock
) -> None:
    channel = await attach(client, CHANNEL)

    def acknowledge_later(frame: Mapping[str, Any]) -> None:
        ack = {"action": Action.ACK, "msgSerial": frame["msgSerial"], "count": 1}
        clock.call_later(30, lambda: server.active_connection.send_to_client(ack))

    server.on_publish = acknowledge_later
    publishing = await begin(channel.publish([{"name": "a"}, {"name": "b"}]))
    await clock.advance(30)
    await publishing
    await complete(channel.detach())
    assert metrics.outcomes("connect") == [(None, 0, None)]
    assert metrics.outcomes("dial") == [(None, 0, None)]
    assert metrics.outcomes("attach") == [(CHANNEL, 0, None)]
    assert metrics.outcomes("publish") == [(CHANNEL, 30, None)]
    assert metrics.outcomes("detach") == [(CHANNEL, 0, None)]
    assert {id(operation) for operation, *_ in metrics.ended} == set(map(id, metrics.started))
    assert [o.messages for o in metrics.started if o.name == "publish"] == [2]


async def test_what_the_application_did_not_ask_for_is_automatic(
    client: AblyRealtime, server: ChannelServer, metrics: Recorded
) -> None:
    await attach(client, CHANNEL)
    await reconnect(client, server)
    await settle()
    told = [(o.name, o.automatic) for o in metrics.started]
    connection = [("connect", True), ("dial", True)]
    assert told == [*connection, ("attach", False), *connection, ("attach", True)]
    dials = [o for o in metrics.started if o.name == "dial"]
    assert [o.parent for o in dials] == [o for o in metrics.started if o.name == "connect"]


async def test_failures_come_with_their_error(
    client: AblyRealtime, server: ChannelServer, metrics: Recorded
) -> None:
    channel = await attach(client, CHANNEL)
    server.on_publish = refuse_publish(40160, 401, "not yours")
    server.on_attach = fail_channel(40161, 401, "not yours")
    await failure(channel.publish("a"))
    await failure(client.channels.get("other").attach())
    assert metrics.outcomes("publish") == [(CHANNEL, 0, 40160)]
    assert metrics.outcomes("attach")[1:] == [("other", 0, 40161)]


async def test_dials_that_fail_are_counted_apart_from_the_connection(
    create_client: ClientFactory, server: ChannelServer, metrics: Recorded, clock: FakeClock
) -> None:
    server.on_connection_attempt = accept(disconnected(50003, 503, "busy"))
    client = create_client(transport=server, key=KEY, metrics=metrics, fallback_hosts=[])
    await await_state(client.connection, "disconnected")
    assert metrics.outcomes("dial") == [(None, 0, 50003)]
    assert metrics.outcomes("connect") == [(None, 0, 50003)]

    server.on_connection_attempt = accept(connected())
    await clock.advance(20_000)
    assert metrics.outcomes("dial")[1:] == [(None, 0, None)]
    (made,) = metrics.connections
    assert (made.attempts, made.again, made.resumed) == (2, False, False)


async def test_a_reconnection_says_what_it_took_up_again(
    client: AblyRealtime, server: ChannelServer, metrics: Recorded
) -> None:
    channel = await attach(client, CHANNEL)
    server.on_publish = lambda _: None
    await begin(channel.publish("a"))
    await reconnect(client, server)
    first, again = metrics.connections
    assert (first.again, again.again) == (False, True)
    assert (again.attempts, again.resumed) == (1, True)
    assert (again.resent, again.queued, again.attaching) == (1, 0, 1)
    await settle()
    news = metrics.states[metrics.states.index("disconnected") :]
    assert news[:4] == ["disconnected", "connecting", f"{CHANNEL} attaching", "connected"]
    assert news[4:] == [f"{CHANNEL} attached"]


async def test_gauges_say_what_waits(
    client: AblyRealtime, server: ChannelServer, metrics: Recorded
) -> None:
    channel = await attach(client, CHANNEL)
    server.on_publish = lambda _: None
    await begin(channel.publish("a"))
    await disconnect(client, server)
    await begin(channel.publish("b"))
    await begin(channel.publish("c"))
    gauges = metrics.gauges()
    assert (gauges.unacknowledged, gauges.queued) == (1, 2)
    assert gauges.connection == "disconnected"
    assert gauges.channels == {"attached": 1}


async def test_what_arrives_is_counted_whether_or_not_anyone_listens(
    client: AblyRealtime, server: ChannelServer, metrics: Recorded
) -> None:
    await attach(client, CHANNEL)
    sent, received = metrics.sent_bytes, metrics.received_bytes
    await say(server, "a", "b")
    await come(server, "somebody")
    assert metrics.received == [(CHANNEL, "a"), (CHANNEL, "b")]
    assert metrics.members == ["somebody"]
    assert metrics.sent_bytes == sent > 0
    assert metrics.received_bytes > received


@pytest.mark.parametrize("overflow", ["error", "drop_oldest", "drop_newest"])
async def test_what_a_stream_has_no_room_for_is_counted(
    client: AblyRealtime, server: ChannelServer, metrics: Recorded, overflow: Any
) -> None:
    channel = await attach(client, CHANNEL)
    stream = channel.messages(max_pending=1, overflow=overflow)
    await complete(stream.__aenter__())
    await say(server, "a", "b")
    await complete(stream.__aexit__(None, None, None))
    assert metrics.dropped == [(CHANNEL, 1)]


async def test_headers_join_those_of_the_message_and_leave_the_callers_own_alone(
    client: AblyRealtime, server: ChannelServer
) -> None:
    extras = {"headers": {"own": "1"}, "ref": {"type": "reply"}}
    await complete(client.channels.get(CHANNEL).publish(Message("a", extras=extras)))
    await complete(client.channels.get(CHANNEL).publish("b"))
    first, second = [m for frame in server.sent_with(Action.MESSAGE) for m in frame["messages"]]
    assert first["extras"] == {
        "headers": {"own": "1", "from": "publish"},
        "ref": {"type": "reply"},
    }
    assert second["extras"] == {"headers": {"from": "publish"}}
    assert extras == {"headers": {"own": "1"}, "ref": {"type": "reply"}}


async def test_a_hook_that_raises_is_in_the_log_and_does_no_harm(
    create_client: ClientFactory, server: ChannelServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Metrics):
        def operation_started(self, operation: Operation) -> None:
            raise LookupError("no such counter")

        def message_headers(self, operation: Operation) -> Mapping[str, str]:
            raise LookupError("no such header")

    client = await connect(create_client, server, metrics=Broken())
    channel = await attach(client, CHANNEL)
    await complete(channel.publish("a"))
    raised = [record for record in caplog.records if record.name == "ably_realtime.metrics"]
    assert len(raised) == 5  # connect, dial, attach, publish and its headers
    assert all(record.levelno == logging.ERROR for record in raised)


@pytest.mark.parametrize("wrong", [Metrics, object(), {}])
def test_anything_else_for_metrics_is_refused_with_advice(wrong: Any) -> None:
    with pytest.raises(AblyError, match="metrics= takes an ably_realtime") as caught:
        AblyRealtime(key=KEY, metrics=wrong, auto_connect=False)
    assert caught.value.code == 40000
    assert "Derive" in str(caught.value.hint)


async def test_a_client_without_metrics_runs_none_of_their_code(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    client = await connect(create_client, server)
    channel = await attach(client, CHANNEL)
    assert await modules_run(channel, server) & {"observer.py", "metrics.py", "story.py"} == set()


async def test_a_client_with_metrics_runs_it(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    client = await connect(create_client, server, metrics=Metrics())
    channel = await attach(client, CHANNEL)
    assert await modules_run(channel, server) >= {"observer.py", "metrics.py"}


async def modules_run(channel: Channel, server: ChannelServer) -> set[str]:
    """The files whose functions are called for a publish and a message."""
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(Path(frame.f_code.co_filename).name)

    sys.setprofile(note)
    try:
        await complete(channel.publish("a", "b"))
        await say(server, "c")
    finally:
        sys.setprofile(None)
    assert "outbox.py" in called
    return called


async def test_hooks_that_are_not_overridden_do_nothing(
    create_client: ClientFactory, server: ChannelServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(create_client, server, metrics=Metrics())
    channel = await attach(client, CHANNEL)
    await complete(channel.publish("a", {"b": 1}))
    await reconnect(client, server)
    (published,) = server.sent_with(Action.MESSAGE)
    assert published["messages"] == [{"name": "a", "data": '{"b":1}', "encoding": "json"}]
    assert [r for r in caplog.records if r.name == "ably_realtime.metrics"] == []
