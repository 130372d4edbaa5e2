"""RTL6, RTN7, RTN19: publishing, and what becomes of it when the connection is lost."""

from __future__ import annotations

import json

import msgpack
import pytest

from ably_realtime import AblyRealtime, Channel, Message, PublishResult
from tests.uts.harness import (
    KEY,
    Action,
    ClientFactory,
    Frame,
    MockWebSocket,
    accept,
    assert_in_order,
    await_state,
    complete,
    in_turn,
    record,
    refuse,
    reply,
    settle,
    states,
)
from tests.uts.harness.frames import ack, closed, connected, error, error_info, nack
from tests.uts.harness.messages import (
    acknowledges,
    attach,
    attaches,
    begin,
    connect,
    detaches,
    failure,
    only_on,
    sent_on,
    together,
)

CHANNEL = "test-publish"
THREE = [Message(name=f"event{number}", data=f"data{number}") for number in (1, 2, 3)]


@pytest.fixture
def server() -> MockWebSocket:
    """A server that attaches every channel and acknowledges every message."""
    return MockWebSocket(accept(connected()), together(attaches, acknowledges))


@pytest.fixture
async def channel(create_client: ClientFactory, server: MockWebSocket) -> Channel:
    """An attached channel on that server."""
    return await attach(await connect(create_client, server), CHANNEL)


@pytest.fixture
def silent() -> MockWebSocket:
    """A server that attaches every channel and leaves messages unanswered."""
    return MockWebSocket(
        accept(connected(connectionStateTtl=5_000)),
        together(attaches, reply(Action.CLOSE, lambda _: closed())),
    )


@pytest.fixture
def resuming() -> MockWebSocket:
    """A server that acknowledges messages on the second connection, which resumes the first."""
    return MockWebSocket(accept(connected()), together(attaches, only_on(2, acknowledges)))


def unconnected(create_client: ClientFactory, server: MockWebSocket) -> AblyRealtime:
    return create_client(transport=server, key=KEY, auto_connect=False)


def names(frames: list[Frame]) -> list[str]:
    return [message["name"] for frame in frames for message in frame["messages"]]


def serials(frames: list[Frame]) -> list[int]:
    return [frame["msgSerial"] for frame in frames]


@pytest.mark.uts("realtime/unit/RTL6i1/publish-name-and-data-0")
async def test_publish_name_and_data(channel: Channel, server: MockWebSocket) -> None:
    await complete(channel.publish("greeting", "hello"))

    (frame,) = server.sent_with(Action.MESSAGE)
    assert frame["channel"] == CHANNEL
    (message,) = frame["messages"]
    assert message["name"] == "greeting"
    assert message["data"] == "hello"


@pytest.mark.uts("realtime/unit/RTL6i2/publish-message-array-0")
async def test_publish_several_messages(channel: Channel, server: MockWebSocket) -> None:
    await complete(channel.publish(THREE))

    (frame,) = server.sent_with(Action.MESSAGE)
    assert names([frame]) == ["event1", "event2", "event3"]


@pytest.mark.uts("realtime/unit/RTL6i3/null-fields-json-0")
async def test_unset_fields_are_left_out_of_json(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    texts: list[str] = []
    server.on_text_frame = texts.append
    client = await connect(create_client, server, use_binary_protocol=False)

    await publish_with_unset_fields(await attach(client, CHANNEL))

    assert_unset_fields_are_left_out([json.loads(text) for text in texts])


@pytest.mark.uts("realtime/unit/RTL6i3/null-fields-msgpack-1")
async def test_unset_fields_are_left_out_of_msgpack(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    packed: list[bytes] = []
    server.on_binary_frame = packed.append
    client = await connect(create_client, server, use_binary_protocol=True)

    await publish_with_unset_fields(await attach(client, CHANNEL))

    assert_unset_fields_are_left_out([msgpack.unpackb(data) for data in packed])


async def publish_with_unset_fields(channel: Channel) -> None:
    await complete(channel.publish("click", None))
    await complete(channel.publish(None, "payload"))
    await complete(channel.publish(None, None))


def assert_unset_fields_are_left_out(frames: list[Frame]) -> None:
    published = [frame for frame in frames if frame["action"] == Action.MESSAGE]
    (name_only,), (data_only,), (neither,) = (frame["messages"] for frame in published)
    assert name_only["name"] == "click"
    assert "data" not in name_only
    assert "name" not in data_only
    assert data_only["data"] == "payload"
    assert "name" not in neither
    assert "data" not in neither


@pytest.mark.uts("realtime/unit/RTL6c1/publish-when-attached-0")
async def test_publish_when_attached(channel: Channel, server: MockWebSocket) -> None:
    assert channel.state == "attached"

    await complete(channel.publish("test", "immediate"))

    (frame,) = server.sent_with(Action.MESSAGE)
    assert frame["messages"][0]["name"] == "test"
    assert frame["messages"][0]["data"] == "immediate"


@pytest.mark.uts("realtime/unit/RTL6c1/publish-when-attaching-1")
async def test_publish_when_attaching(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), acknowledges)
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())

    await complete(channel.publish("while-attaching", "data"))

    assert channel.state == "attaching"
    assert names(server.sent_with(Action.MESSAGE)) == ["while-attaching"]


@pytest.mark.uts("realtime/unit/RTL6c1/publish-when-initialized-2")
async def test_publish_when_initialized(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    assert channel.state == "initialized"

    await complete(channel.publish("before-attach", "data"))

    assert names(server.sent_with(Action.MESSAGE)) == ["before-attach"]


@pytest.mark.uts("realtime/unit/RTL6c2/queued-when-connecting-0")
async def test_publish_when_connecting(create_client: ClientFactory) -> None:
    server = MockWebSocket(on_message=acknowledges)
    client = unconnected(create_client, server)
    client.connect()
    await await_state(client.connection, "connecting")

    publishing = await begin(client.channels.get(CHANNEL).publish("queued", "waiting"))
    assert client.connection.state == "connecting"
    assert server.sent_with(Action.MESSAGE) == []
    attempt = await server.await_connection_attempt()
    attempt.respond_with_success(connected())
    await await_state(client.connection, "connected")
    await complete(publishing)

    (frame,) = server.sent_with(Action.MESSAGE)
    assert frame["messages"][0]["name"] == "queued"
    assert frame["messages"][0]["data"] == "waiting"


@pytest.mark.uts("realtime/unit/RTL6c2/queued-when-disconnected-1")
async def test_publish_when_disconnected(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    """The second attempt is refused: the first leaves DISCONNECTED too soon to publish in it."""
    server.on_connection_attempt = in_turn(accept(connected()), refuse, accept(connected()))
    client = await connect(
        create_client, server, disconnected_retry_timeout=1_000, fallback_hosts=[]
    )
    changes = record(client.connection)
    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "disconnected")

    publishing = await begin(client.channels.get(CHANNEL).publish("during-disconnect", "queued"))
    assert client.connection.state == "disconnected"
    assert server.sent_with(Action.MESSAGE) == []
    await complete(publishing, timeout=2_000)

    assert_in_order(states(changes), ["disconnected", "connected"])
    assert names(server.sent_with(Action.MESSAGE)) == ["during-disconnect"]


@pytest.mark.uts("realtime/unit/RTL6c2/queued-when-initialized-2")
async def test_publish_before_connecting(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    client = unconnected(create_client, server)
    publishing = await begin(client.channels.get(CHANNEL).publish("pre-connect", "early"))
    assert client.connection.state == "initialized"
    assert server.sent_with(Action.MESSAGE) == []

    client.connect()
    await await_state(client.connection, "connected")
    await complete(publishing)

    assert names(server.sent_with(Action.MESSAGE)) == ["pre-connect"]


@pytest.mark.uts("realtime/unit/RTL6c4/fails-conn-suspended-0")
async def test_publish_when_connection_suspended(create_client: ClientFactory) -> None:
    """No CONNECTED ever named a connectionStateTtl, so its default of 120 s holds."""
    server = MockWebSocket(refuse)
    client = create_client(
        transport=server, key=KEY, disconnected_retry_timeout=1_000, auto_connect=False
    )
    client.connect()
    await await_state(client.connection, "suspended", timeout=130_000)

    error = await failure(client.channels.get(CHANNEL).publish("fail", "should-error"))

    assert error.code is not None


@pytest.mark.uts("realtime/unit/RTL6c4/fails-conn-closed-1")
async def test_publish_when_connection_closed(
    create_client: ClientFactory, silent: MockWebSocket
) -> None:
    client = await connect(create_client, silent)
    await complete(client.close())
    assert client.connection.state == "closed"

    error = await failure(client.channels.get(CHANNEL).publish("fail", "should-error"))

    assert error.code is not None


@pytest.mark.uts("realtime/unit/RTL6c4/fails-conn-failed-2")
async def test_publish_when_connection_failed(create_client: ClientFactory) -> None:
    server = MockWebSocket(
        lambda attempt: attempt.respond_with_error(error(80000, 400, "Fatal error"))
    )
    client = unconnected(create_client, server)
    client.connect()
    await await_state(client.connection, "failed")

    reason = await failure(client.channels.get(CHANNEL).publish("fail", "should-error"))

    assert reason.code is not None


@pytest.mark.uts("realtime/unit/RTL6c4/fails-channel-suspended-3")
async def test_publish_when_channel_suspended(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()))
    client = await connect(create_client, server, realtime_request_timeout=100)
    channel = client.channels.get(CHANNEL)
    await failure(channel.attach(), timeout=150)
    assert channel.state == "suspended"

    await failure(channel.publish("fail", "should-error"))

    assert client.connection.state == "connected"
    assert server.sent_with(Action.MESSAGE) == []


@pytest.mark.uts("realtime/unit/RTL6c4/fails-channel-failed-4")
async def test_publish_when_channel_failed(create_client: ClientFactory) -> None:
    refusal = error(40160, 401, "Not permitted", channel=CHANNEL)
    server = MockWebSocket(accept(connected()), reply(Action.ATTACH, lambda _: refusal))
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    await failure(channel.attach())
    assert channel.state == "failed"

    await failure(channel.publish("fail", "should-error"))

    assert server.sent_with(Action.MESSAGE) == []


@pytest.mark.uts("realtime/unit/RTL6c2/fails-no-queue-messages-3")
async def test_publish_without_queueing(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False, queue_messages=False)
    client.connect()
    await await_state(client.connection, "connecting")

    error = await failure(client.channels.get(CHANNEL).publish("fail", "should-error"))

    assert error.code is not None
    assert client.connection.state == "connecting"


@pytest.mark.uts("realtime/unit/RTL6c5/no-implicit-attach-0")
async def test_publish_does_not_attach(create_client: ClientFactory, server: MockWebSocket) -> None:
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    assert channel.state == "initialized"

    await complete(channel.publish("no-attach", "test"))

    assert len(server.sent_with(Action.MESSAGE)) == 1
    assert channel.state == "initialized"
    assert server.sent_with(Action.ATTACH) == []


@pytest.mark.uts("realtime/unit/RTL6c2/queued-messages-order-4")
async def test_queued_messages_keep_their_order(create_client: ClientFactory) -> None:
    server = MockWebSocket(on_message=acknowledges)
    client = unconnected(create_client, server)
    channel = client.channels.get(CHANNEL)
    client.connect()
    await await_state(client.connection, "connecting")

    publishing = [
        await begin(channel.publish("first", "1")),
        await begin(channel.publish("second", "2")),
        await begin(channel.publish("third", "3")),
    ]
    assert server.sent_with(Action.MESSAGE) == []
    attempt = await server.await_connection_attempt()
    attempt.respond_with_success(connected())
    for task in publishing:
        await complete(task)

    assert names(server.sent_with(Action.MESSAGE)) == ["first", "second", "third"]


@pytest.mark.uts("realtime/unit/RTL6i1/publish-message-object-1")
async def test_publish_a_message(create_client: ClientFactory, server: MockWebSocket) -> None:
    """On the wire an object is JSON text, so that is what the server sees (RSL4d3)."""
    channel = await attach(await connect(create_client, server), CHANNEL)

    await complete(channel.publish(Message(name="custom", data={"key": "value"})))

    (frame,) = server.sent_with(Action.MESSAGE)
    (message,) = frame["messages"]
    assert message["name"] == "custom"
    assert message["encoding"] == "json"
    assert json.loads(message["data"]) == {"key": "value"}


@pytest.mark.uts("realtime/unit/RTL6j/publish-result-serials-0")
async def test_publish_returns_the_serial(create_client: ClientFactory) -> None:
    answer = reply(
        Action.MESSAGE, lambda frame: ack(frame["msgSerial"], res=[{"serials": ["abc123"]}])
    )
    server = MockWebSocket(accept(connected()), together(attaches, answer))
    channel = await attach(await connect(create_client, server), CHANNEL)

    result = await complete(channel.publish("greeting", "hello"))

    assert serials(server.sent_with(Action.MESSAGE)) == [0]
    assert isinstance(result, PublishResult)
    assert list(result.serials) == ["abc123"]


@pytest.mark.uts("realtime/unit/RTL6j/batch-publish-serials-1")
async def test_publish_returns_a_serial_for_each_message(create_client: ClientFactory) -> None:
    """The second message was conflated away."""
    answer = reply(
        Action.MESSAGE,
        lambda frame: ack(frame["msgSerial"], res=[{"serials": ["serial-1", None, "serial-3"]}]),
    )
    server = MockWebSocket(accept(connected()), together(attaches, answer))
    channel = await attach(await connect(create_client, server), CHANNEL)

    result = await complete(channel.publish(THREE))

    (frame,) = server.sent_with(Action.MESSAGE)
    assert len(frame["messages"]) == 3
    assert isinstance(result, PublishResult)
    assert list(result.serials) == ["serial-1", None, "serial-3"]


@pytest.mark.uts("realtime/unit/RTL6j/incrementing-msg-serial-2")
async def test_msg_serial_counts_up(channel: Channel, server: MockWebSocket) -> None:
    results = [
        await complete(channel.publish("first", "1")),
        await complete(channel.publish("second", "2")),
        await complete(channel.publish("third", "3")),
    ]

    assert serials(server.sent_with(Action.MESSAGE)) == [0, 1, 2]
    assert [list(result.serials) for result in results] == [["0-0"], ["1-0"], ["2-0"]]


@pytest.mark.uts("realtime/unit/RTL6j/nack-results-error-3")
async def test_nack_is_an_error(create_client: ClientFactory) -> None:
    rejection = error_info(40160, 401, "Publish rejected")
    answer = reply(Action.MESSAGE, lambda frame: nack(frame["msgSerial"], rejection))
    server = MockWebSocket(accept(connected()), together(attaches, answer))
    channel = await attach(await connect(create_client, server), CHANNEL)

    reason = await failure(channel.publish("rejected", "data"))

    assert reason.code == 40160
    assert reason.message == "Publish rejected"


@pytest.mark.uts("realtime/unit/RTN7e/pending-fail-suspended-0")
async def test_suspended_fails_pending_messages(
    create_client: ClientFactory, silent: MockWebSocket
) -> None:
    client = await connect(create_client, silent, disconnected_retry_timeout=1_000)
    channel = await attach(client, CHANNEL)
    publishing = await begin(channel.publish("pending", "data"))

    silent.on_connection_attempt = refuse
    silent.active_connection.simulate_disconnect()
    await settle()
    assert not publishing.done()
    await await_state(client.connection, "suspended", timeout=30_000)

    error = await failure(publishing)
    assert error.code is not None


@pytest.mark.uts("realtime/unit/RTN7e/pending-fail-closed-1")
async def test_closed_fails_pending_messages(
    create_client: ClientFactory, silent: MockWebSocket
) -> None:
    client = await connect(create_client, silent)
    channel = await attach(client, CHANNEL)
    publishing = await begin(channel.publish("pending", "data"))

    await complete(client.close())
    assert client.connection.state == "closed"

    error = await failure(publishing)
    assert error.code is not None


@pytest.mark.uts("realtime/unit/RTN7e/pending-fail-failed-2")
async def test_failed_fails_pending_messages(
    create_client: ClientFactory, silent: MockWebSocket
) -> None:
    client = await connect(create_client, silent)
    channel = await attach(client, CHANNEL)
    publishing = await begin(channel.publish("pending", "data"))

    silent.active_connection.send_to_client_and_close(error(80000, 400, "Fatal error"))
    await await_state(client.connection, "failed")

    reason = await failure(publishing)
    assert reason.code is not None


@pytest.mark.uts("realtime/unit/RTN7e/multiple-pending-fail-3")
async def test_closed_fails_all_pending_messages(
    create_client: ClientFactory, silent: MockWebSocket
) -> None:
    client = await connect(create_client, silent)
    channel = await attach(client, CHANNEL)
    publishing = [
        await begin(channel.publish("msg1", "data1")),
        await begin(channel.publish("msg2", "data2")),
        await begin(channel.publish("msg3", "data3")),
    ]

    await complete(client.close())

    for task in publishing:
        await failure(task)


@pytest.mark.uts("realtime/unit/RTN7e/error-represents-reason-4")
async def test_pending_messages_fail_with_the_reason(
    create_client: ClientFactory, silent: MockWebSocket
) -> None:
    client = await connect(create_client, silent)
    channel = await attach(client, CHANNEL)
    publishing = await begin(channel.publish("pending", "data"))

    silent.active_connection.send_to_client_and_close(
        error(80019, 400, "Connection closed due to admin action")
    )
    await await_state(client.connection, "failed")

    reason = await failure(publishing)
    assert reason.code == 80019
    assert reason.status_code == 400
    assert reason.message == "Connection closed due to admin action"
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 80019


@pytest.mark.uts("realtime/unit/RTN7d/fail-disconnected-no-queue-0")
async def test_disconnected_fails_pending_messages_without_queueing(
    create_client: ClientFactory, silent: MockWebSocket
) -> None:
    client = await connect(create_client, silent, queue_messages=False)
    channel = await attach(client, CHANNEL)
    publishing = await begin(channel.publish("pending", "data"))
    changes = record(client.connection)

    silent.on_connection_attempt = None
    silent.active_connection.simulate_disconnect()

    error = await failure(publishing)
    assert error.code is not None
    assert states(changes) == ["disconnected", "connecting"]


@pytest.mark.uts("realtime/unit/RTN7d/survive-disconnected-queue-1")
async def test_pending_messages_survive_disconnected(
    create_client: ClientFactory, resuming: MockWebSocket
) -> None:
    client = await connect(create_client, resuming)
    channel = await attach(client, CHANNEL)
    publishing = await begin(channel.publish("pending", "data"))

    resuming.active_connection.simulate_disconnect()
    result = await complete(publishing, timeout=2_000)

    assert isinstance(result, PublishResult)
    assert list(result.serials) == ["0-0"]


@pytest.mark.uts("realtime/unit/RTN19a/resent-on-new-transport-0")
async def test_pending_messages_are_sent_again(
    create_client: ClientFactory, resuming: MockWebSocket
) -> None:
    client = await connect(create_client, resuming)
    channel = await attach(client, CHANNEL)
    publishing = await begin(channel.publish("resend-me", "data"))
    assert len(sent_on(resuming, 1, Action.MESSAGE)) == 1

    resuming.active_connection.simulate_disconnect()
    result = await complete(publishing, timeout=2_000)

    assert names(sent_on(resuming, 2, Action.MESSAGE)) == ["resend-me"]
    assert isinstance(result, PublishResult)
    assert list(result.serials) == ["0-0"]


@pytest.mark.uts("realtime/unit/RTN19a2/same-serial-on-resume-0")
async def test_resume_keeps_msg_serials(create_client: ClientFactory) -> None:
    """One message is acknowledged before: renumbering would change the serials of the others."""
    server = MockWebSocket(
        in_turn(accept(connected("connection-abc", "key-1")), accept(connected("connection-abc"))),
        together(attaches, acknowledges),
    )
    original, resent = await publish_across_connections(create_client, server)

    assert original == [1, 2]
    assert resent == original


@pytest.mark.uts("realtime/unit/RTN19a2/new-serial-failed-resume-1")
async def test_failed_resume_renumbers_messages(create_client: ClientFactory) -> None:
    """One message is acknowledged before, so the serials of the others have to change."""
    refusal = error_info(80018, 400, "Connection not resumable")
    server = MockWebSocket(
        in_turn(
            accept(connected("connection-first", "key-first")),
            accept(connected("connection-new", "key-new", error=refusal)),
        ),
        together(attaches, acknowledges),
    )
    original, resent = await publish_across_connections(create_client, server)

    assert original == [1, 2]
    assert resent == [0, 1]


async def publish_across_connections(
    create_client: ClientFactory, server: MockWebSocket
) -> tuple[list[int], list[int]]:
    """The serials of two messages on a connection that is lost and on the next one."""
    client = await connect(create_client, server)
    channel = await attach(client, CHANNEL)
    await complete(channel.publish("acknowledged", "data"))
    server.on_message = attaches
    publishing = [
        await begin(channel.publish("msg1", "data1")),
        await begin(channel.publish("msg2", "data2")),
    ]
    server.on_message = together(attaches, acknowledges)
    server.active_connection.simulate_disconnect()
    for task in publishing:
        await complete(task, timeout=2_000)
    first = sent_on(server, 1, Action.MESSAGE)[1:]
    second = sent_on(server, 2, Action.MESSAGE)
    assert names(first) == names(second) == ["msg1", "msg2"]
    return serials(first), serials(second)


@pytest.mark.uts("realtime/unit/RTN19b/attach-resent-on-reconnect-0")
async def test_pending_attach_is_sent_again(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), only_on(2, attaches))
    client = await connect(create_client, server)
    channel = client.channels.get(CHANNEL)
    attaching = await begin(channel.attach())
    assert channel.state == "attaching"
    assert [frame["channel"] for frame in sent_on(server, 1, Action.ATTACH)] == [CHANNEL]

    server.active_connection.simulate_disconnect()
    await complete(attaching, timeout=2_000)

    assert channel.state == "attached"
    assert [frame["channel"] for frame in sent_on(server, 2, Action.ATTACH)] == [CHANNEL]


@pytest.mark.uts("realtime/unit/RTN19b/detach-resent-on-reconnect-1")
async def test_pending_detach_is_sent_again(create_client: ClientFactory) -> None:
    server = MockWebSocket(accept(connected()), together(attaches, only_on(2, detaches)))
    client = await connect(create_client, server)
    channel = await attach(client, CHANNEL)
    detaching = await begin(channel.detach())
    assert channel.state == "detaching"
    assert len(sent_on(server, 1, Action.DETACH)) == 1

    server.active_connection.simulate_disconnect()
    await complete(detaching, timeout=2_000)

    assert channel.state == "detached"
    assert [frame["channel"] for frame in sent_on(server, 2, Action.DETACH)] == [CHANNEL]
