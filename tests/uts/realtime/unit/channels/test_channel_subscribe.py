"""RTL7, RTL8, RTL17, RTL22: which messages reach which listeners."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import AblyRealtime, Channel, MessageFilter
from tests.uts.harness import (
    Action,
    ClientFactory,
    Frame,
    MockWebSocket,
    accept,
    await_state,
    complete,
    reply,
)
from tests.uts.harness.frames import connected, error, message
from tests.uts.harness.messages import (
    STAY_DETACHED,
    attach,
    attaches,
    begin,
    collect,
    connect,
    detaches,
    failure,
    send,
    together,
)

CHANNEL = "test-subscribe"
REPLY = "com.ably.reply"
REACTION = "com.ably.reaction"


@pytest.fixture
def server() -> MockWebSocket:
    return MockWebSocket(accept(connected()), together(attaches, detaches))


@pytest.fixture
async def client(create_client: ClientFactory, server: MockWebSocket) -> AblyRealtime:
    return await connect(create_client, server)


@pytest.fixture
async def channel(client: AblyRealtime) -> Channel:
    """An attached channel."""
    return await attach(client, CHANNEL, STAY_DETACHED)


def from_client(client_id: str | None, data: str) -> Frame:
    fields = {} if client_id is None else {"clientId": client_id}
    return {"name": "chat", "data": data, **fields}


def referring(name: str, data: str, timeserial: str, ref_type: str) -> Frame:
    """A message that refers to another."""
    return {
        "name": name,
        "data": data,
        "extras": {"ref": {"timeserial": timeserial, "type": ref_type}},
    }


def data_of(messages: list[Any]) -> list[Any]:
    return [message.data for message in messages]


def ignore(_: object) -> None:
    """A listener."""


@pytest.mark.uts("realtime/unit/RTL7a/subscribe-all-messages-0")
async def test_subscribe_to_all_messages(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel)

    await send(
        server,
        message(CHANNEL, {"name": "event1", "data": "data1"}),
        message(CHANNEL, {"name": "event2", "data": "data2"}),
        message(CHANNEL, {"data": "data3"}),
    )

    assert [(m.name, m.data) for m in received] == [
        ("event1", "data1"),
        ("event2", "data2"),
        (None, "data3"),
    ]


@pytest.mark.uts("realtime/unit/RTL7a/multiple-messages-per-protocol-1")
async def test_each_message_of_a_frame_is_delivered(
    channel: Channel, server: MockWebSocket
) -> None:
    received = await collect(channel)

    await send(
        server,
        message(
            CHANNEL,
            {"name": "batch1", "data": "first"},
            {"name": "batch2", "data": "second"},
            {"name": "batch3", "data": "third"},
        ),
    )

    assert [m.name for m in received] == ["batch1", "batch2", "batch3"]


@pytest.mark.uts("realtime/unit/RTL7b/name-filtered-subscribe-0")
async def test_subscribe_to_a_name(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel, "target")

    await send(
        server,
        message(CHANNEL, {"name": "other", "data": "should-not-receive"}),
        message(CHANNEL, {"name": "target", "data": "should-receive"}),
        message(CHANNEL, {"data": "no-name-should-not-receive"}),
    )

    assert [(m.name, m.data) for m in received] == [("target", "should-receive")]


@pytest.mark.uts("realtime/unit/RTL7b/multiple-name-subscriptions-1")
async def test_subscriptions_to_names_are_independent(
    channel: Channel, server: MockWebSocket
) -> None:
    alpha = await collect(channel, "alpha")
    beta = await collect(channel, "beta")

    await send(
        server,
        message(
            CHANNEL,
            {"name": "alpha", "data": "a1"},
            {"name": "beta", "data": "b1"},
            {"name": "alpha", "data": "a2"},
            {"name": "gamma", "data": "g1"},
        ),
    )

    assert data_of(alpha) == ["a1", "a2"]
    assert data_of(beta) == ["b1"]


@pytest.mark.uts("realtime/unit/RTL7g/implicit-attach-initialized-0")
async def test_subscribe_attaches(client: AblyRealtime, server: MockWebSocket) -> None:
    channel = client.channels.get(CHANNEL)
    assert channel.state == "initialized"

    received = await collect(channel)

    assert channel.state == "attached"
    assert len(server.sent_with(Action.ATTACH)) == 1
    await send(server, message(CHANNEL, {"name": "test", "data": "hello"}))
    assert data_of(received) == ["hello"]


@pytest.mark.uts("realtime/unit/RTL7g/implicit-attach-detached-1")
async def test_subscribe_attaches_a_detached_channel(
    client: AblyRealtime, server: MockWebSocket
) -> None:
    channel = await attach(client, CHANNEL)
    await complete(channel.detach())
    assert channel.state == "detached"
    assert len(server.sent_with(Action.ATTACH)) == 1

    await complete(channel.subscribe(ignore))

    assert channel.state == "attached"
    assert len(server.sent_with(Action.ATTACH)) == 2


@pytest.mark.uts("realtime/unit/RTL7g/listener-registered-attach-fails-2")
async def test_listener_stays_when_the_attach_fails(
    client: AblyRealtime, server: MockWebSocket
) -> None:
    refusal = error(40160, 401, "Not permitted", channel=CHANNEL)
    server.on_message = reply(Action.ATTACH, lambda _: refusal)
    channel = client.channels.get(CHANNEL)
    received: list[Any] = []

    reason = await failure(channel.subscribe(received.append))
    assert reason.code == 40160
    assert channel.state == "failed"
    server.on_message = attaches
    await complete(channel.attach())
    await send(server, message(CHANNEL, {"name": "test", "data": "after-reattach"}))

    assert data_of(received) == ["after-reattach"]


@pytest.mark.uts("realtime/unit/RTL7h/no-attach-on-subscribe-0")
async def test_subscribe_attaches_only_if_the_options_allow(
    client: AblyRealtime, server: MockWebSocket
) -> None:
    channel = client.channels.get(CHANNEL, STAY_DETACHED)
    assert channel.state == "initialized"

    await complete(channel.subscribe(ignore))

    assert channel.state == "initialized"
    assert server.sent_with(Action.ATTACH) == []


@pytest.mark.uts("realtime/unit/RTL7g/no-attach-when-attached-3")
async def test_subscribe_leaves_an_attached_channel_alone(
    client: AblyRealtime, server: MockWebSocket
) -> None:
    channel = await attach(client, CHANNEL)
    assert len(server.sent_with(Action.ATTACH)) == 1

    await complete(channel.subscribe(ignore))

    assert channel.state == "attached"
    assert len(server.sent_with(Action.ATTACH)) == 1


@pytest.mark.uts("realtime/unit/RTL7g/no-attach-when-attaching-4")
async def test_subscribe_leaves_an_attaching_channel_alone(
    client: AblyRealtime, server: MockWebSocket
) -> None:
    server.on_message = None
    channel = client.channels.get(CHANNEL)
    await begin(channel.attach())
    assert channel.state == "attaching"
    assert len(server.sent_with(Action.ATTACH)) == 1

    await begin(channel.subscribe(ignore))

    assert channel.state == "attaching"
    assert len(server.sent_with(Action.ATTACH)) == 1


@pytest.mark.uts("realtime/unit/RTL17/no-delivery-when-not-attached-0")
async def test_only_an_attached_channel_delivers(
    client: AblyRealtime, server: MockWebSocket
) -> None:
    server.on_message = None
    channel = client.channels.get(CHANNEL, STAY_DETACHED)
    received = await collect(channel)
    await begin(channel.attach())
    await await_state(channel, "attaching")

    await send(server, message(CHANNEL, {"name": "premature", "data": "should-not-deliver"}))

    assert received == []


@pytest.mark.uts("realtime/unit/RTL7f/no-echo-messages-0")
async def test_without_echo(create_client: ClientFactory, server: MockWebSocket) -> None:
    """RTN2b leaves it to the server, so the case asks for the parameter that tells it."""
    client = await connect(create_client, server, echo_messages=False)
    channel = await attach(client, CHANNEL)
    received = await collect(channel)

    await send(
        server,
        message(CHANNEL, {"name": "remote", "data": "from-other"}, connectionId="conn-other-789"),
    )

    (attempt,) = server.attempts
    assert attempt.params["echo"] == "false"
    assert [(m.name, m.data) for m in received] == [("remote", "from-other")]


@pytest.mark.uts("realtime/unit/RTL8a/unsubscribe-specific-listener-0")
async def test_unsubscribe_a_listener(channel: Channel, server: MockWebSocket) -> None:
    messages_a: list[Any] = []
    messages_b: list[Any] = []
    listener_a, listener_b = messages_a.append, messages_b.append
    await complete(channel.subscribe(listener_a))
    await complete(channel.subscribe(listener_b))
    await send(server, message(CHANNEL, {"name": "msg1", "data": "first"}))
    assert data_of(messages_a) == data_of(messages_b) == ["first"]

    channel.unsubscribe(listener_a)
    await send(server, message(CHANNEL, {"name": "msg2", "data": "second"}))

    assert data_of(messages_a) == ["first"]
    assert data_of(messages_b) == ["first", "second"]
    assert messages_b[1].name == "msg2"


@pytest.mark.uts("realtime/unit/RTL8b/unsubscribe-named-listener-0")
async def test_unsubscribe_a_listener_of_a_name(channel: Channel, server: MockWebSocket) -> None:
    received: list[Any] = []
    listener = received.append
    await complete(channel.subscribe("alpha", listener))
    await complete(channel.subscribe("beta", listener))
    await send(
        server,
        message(CHANNEL, {"name": "alpha", "data": "a1"}, {"name": "beta", "data": "b1"}),
    )
    assert data_of(received) == ["a1", "b1"]

    channel.unsubscribe("alpha", listener)
    await send(
        server,
        message(CHANNEL, {"name": "alpha", "data": "a2"}, {"name": "beta", "data": "b2"}),
    )

    assert data_of(received) == ["a1", "b1", "b2"]
    assert received[2].name == "beta"


@pytest.mark.uts("realtime/unit/RTL8c/unsubscribe-all-listeners-0")
async def test_unsubscribe_all_listeners(channel: Channel, server: MockWebSocket) -> None:
    everything = await collect(channel)
    named = await collect(channel, "specific")
    await send(server, message(CHANNEL, {"name": "specific", "data": "first"}))
    assert data_of(everything) == data_of(named) == ["first"]

    channel.unsubscribe()
    await send(
        server,
        message(
            CHANNEL, {"name": "specific", "data": "second"}, {"name": "other", "data": "third"}
        ),
    )

    assert data_of(everything) == data_of(named) == ["first"]


@pytest.mark.uts("realtime/unit/RTL8a/unsubscribe-noop-not-subscribed-1")
async def test_unsubscribe_an_unknown_listener(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel)

    channel.unsubscribe(ignore)
    await send(server, message(CHANNEL, {"name": "test", "data": "still-works"}))

    assert data_of(received) == ["still-works"]


@pytest.mark.uts("realtime/unit/RTL22a/filter-matching-name-0")
async def test_filter_by_name(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel, MessageFilter(name="target-event"))

    await send(
        server,
        message(CHANNEL, {"name": "target-event", "data": "match-1"}),
        message(CHANNEL, {"name": "other-event", "data": "no-match"}),
        message(CHANNEL, {"name": "target-event", "data": "match-2"}),
        message(CHANNEL, {"data": "no-name"}),
    )

    assert [(m.name, m.data) for m in received] == [
        ("target-event", "match-1"),
        ("target-event", "match-2"),
    ]


@pytest.mark.uts("realtime/unit/RTL22a/filter-matching-ref-timeserial-1")
async def test_filter_by_referred_timeserial(channel: Channel, server: MockWebSocket) -> None:
    timeserial = "abc123@1700000000000-0"
    received = await collect(channel, MessageFilter(ref_timeserial=timeserial))

    await send(
        server,
        message(CHANNEL, referring("reply", "match", timeserial, REPLY)),
        message(CHANNEL, referring("reply", "no-match", "xyz789@1700000000000-0", REPLY)),
        message(CHANNEL, {"name": "plain", "data": "no-ref"}),
        message(CHANNEL, referring("reaction", "match-2", timeserial, REACTION)),
    )

    assert data_of(received) == ["match", "match-2"]


@pytest.mark.uts("realtime/unit/RTL22b/filter-isref-false-0")
async def test_filter_out_references(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel, MessageFilter(is_ref=False))

    await send(
        server,
        message(CHANNEL, {"name": "plain", "data": "no-extras"}),
        message(CHANNEL, referring("reply", "has-ref", "abc123@1700000000000-0", REPLY)),
        message(
            CHANNEL,
            {
                "name": "annotated",
                "data": "extras-no-ref",
                "extras": {"headers": {"custom-key": "custom-value"}},
            },
        ),
        message(CHANNEL, referring("reaction", "also-has-ref", "xyz789@1700000000000-0", REACTION)),
    )

    assert [(m.name, m.data) for m in received] == [
        ("plain", "no-extras"),
        ("annotated", "extras-no-ref"),
    ]


@pytest.mark.uts("realtime/unit/RTL22c/filter-multiple-criteria-0")
async def test_filter_by_several_criteria(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel, MessageFilter(name="comment", ref_type=REPLY))

    await send(
        server,
        message(CHANNEL, referring("comment", "both-match", "abc@1700000000000-0", REPLY)),
        message(CHANNEL, referring("comment", "name-only", "def@1700000000000-0", REACTION)),
        message(CHANNEL, referring("update", "type-only", "ghi@1700000000000-0", REPLY)),
        message(CHANNEL, {"name": "update", "data": "neither"}),
        message(CHANNEL, referring("comment", "both-match-2", "jkl@1700000000000-0", REPLY)),
    )

    assert data_of(received) == ["both-match", "both-match-2"]


@pytest.mark.uts("realtime/unit/RTL22a/filter-matching-clientid-2")
async def test_filter_by_client_id(channel: Channel, server: MockWebSocket) -> None:
    received = await collect(channel, MessageFilter(client_id="user-42"))

    await send(
        server,
        message(CHANNEL, from_client("user-42", "hello")),
        message(CHANNEL, from_client("user-99", "hi")),
        message(CHANNEL, from_client(None, "broadcast")),
        message(CHANNEL, from_client("user-42", "world")),
    )

    assert [(m.client_id, m.data) for m in received] == [
        ("user-42", "hello"),
        ("user-42", "world"),
    ]
