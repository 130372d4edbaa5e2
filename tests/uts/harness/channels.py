"""A server that knows channels, and clients that use them."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag
from typing import Any

from ably_realtime import AblyRealtime, Channel, ChannelOptions

from .clients import KEY, ClientFactory
from .frames import (
    Action,
    Frame,
    ack,
    attached,
    closed,
    connected,
    detached,
    error,
    error_info,
    nack,
)
from .handlers import accept, refuse
from .http import MockHttpClient
from .messages import attach, connect
from .waiting import await_state, poll_until, record, states
from .websocket import MockConnection, MockWebSocket

Answer = Callable[[Frame], Frame | None]

CHANNEL = "test"

# Longer than the connectionStateTtl, after which a connection is SUSPENDED.
SUSPENDED_WITHIN = 150_000


class Flag(IntFlag):
    """Flags of ATTACH and ATTACHED (TR3)."""

    HAS_BACKLOG = 1 << 1
    RESUMED = 1 << 2
    ATTACH_RESUME = 1 << 5
    PUBLISH = 1 << 17
    SUBSCRIBE = 1 << 18
    ANNOTATION_PUBLISH = 1 << 21
    ANNOTATION_SUBSCRIBE = 1 << 22


# What a server answers


def ignore(_: Frame) -> None:
    """No answer."""


def confirm_attach(*, flags: int = 0, **fields: Any) -> Answer:
    return lambda frame: attached(frame["channel"], flags=flags, **fields)


def confirm_detach(frame: Frame) -> Frame:
    return detached(frame["channel"])


def refuse_attach(code: int, status_code: int, message: str) -> Answer:
    """DETACHED, which leaves the channel SUSPENDED (RTL13b)."""
    return lambda frame: detached(frame["channel"], error_info(code, status_code, message))


def fail_channel(code: int, status_code: int, message: str) -> Answer:
    return lambda frame: error(code, status_code, message, channel=frame["channel"])


def acknowledge(*serials: str) -> Answer:
    """ACK, with these serials as its one result (TR4s)."""
    results: dict[str, Any] = {"res": [{"serials": list(serials)}]} if serials else {}
    return lambda frame: ack(frame["msgSerial"], **results)


def refuse_publish(code: int, status_code: int, message: str) -> Answer:
    return lambda frame: nack(frame["msgSerial"], error_info(code, status_code, message))


def answer_with(body: Any) -> MockHttpClient:
    """HTTP where every request is answered with this JSON."""
    return MockHttpClient(lambda request: request.respond_with(200, body))


class ChannelServer(MockWebSocket):
    """A server that accepts every connection, and does what clients ask of channels.

    A test may replace an answer at any time; `on_publish` answers messages and annotations.
    """

    def __init__(
        self,
        *,
        on_attach: Answer | None = None,
        on_detach: Answer = confirm_detach,
        on_publish: Answer | None = None,
    ) -> None:
        super().__init__(accept(connected()), self._answer)
        self.on_attach = on_attach or confirm_attach()
        self.on_detach = on_detach
        self.on_publish = on_publish or acknowledge()

    @property
    def attaches(self) -> list[Frame]:
        return self.sent_with(Action.ATTACH)

    @property
    def detaches(self) -> list[Frame]:
        return self.sent_with(Action.DETACH)

    def send(self, frame: Frame) -> None:
        """Send on the connection opened last."""
        self.active_connection.send_to_client(frame)

    def _answer(self, frame: Frame, connection: MockConnection) -> None:
        match frame["action"]:
            case Action.ATTACH:
                answer = self.on_attach(frame)
            case Action.DETACH:
                answer = self.on_detach(frame)
            case Action.MESSAGE | Action.ANNOTATION:
                answer = self.on_publish(frame)
            case Action.CLOSE:
                answer = closed()
            case _:
                return
        if answer is not None:
            connection.send_to_client(answer)


# Clients of such a server


async def connected_channel(
    create_client: ClientFactory,
    server: MockWebSocket,
    channel_options: ChannelOptions | None = None,
    **options: Any,
) -> Channel:
    """A new channel of a client that is CONNECTED."""
    client = await connect(create_client, server, **options)
    return client.channels.get(CHANNEL, channel_options)


async def attached_channel(
    create_client: ClientFactory,
    server: ChannelServer,
    channel_options: ChannelOptions | None = None,
    **options: Any,
) -> Channel:
    """An ATTACHED channel of a client that is CONNECTED."""
    client = await connect(create_client, server, **options)
    return await attach(client, CHANNEL, channel_options)


def rest_channel(create_client: ClientFactory, http: MockHttpClient) -> Channel:
    """A new channel of a client that does not connect."""
    return create_client(http=http, key=KEY, auto_connect=False).channels.get(CHANNEL)


async def reconnect(client: AblyRealtime, server: MockWebSocket) -> None:
    """Drop the connection, and wait until the client is CONNECTED again."""
    changes = record(client.connection)
    server.active_connection.simulate_disconnect()
    await poll_until(lambda: "connected" in states(changes), timeout=5_000)


async def disconnect(client: AblyRealtime, server: MockWebSocket) -> None:
    """Drop the connection for good: the client stays DISCONNECTED between its attempts.

    Were the next attempt accepted, DISCONNECTED would be over as soon as announced (RTN15a).
    """
    server.on_connection_attempt = refuse
    server.active_connection.simulate_disconnect()
    await await_state(client.connection, "disconnected")


async def suspend(client: AblyRealtime, server: MockWebSocket) -> None:
    """Drop the connection for good, and wait until the client is SUSPENDED."""
    await disconnect(client, server)
    await await_state(client.connection, "suspended", timeout=SUSPENDED_WITHIN)
