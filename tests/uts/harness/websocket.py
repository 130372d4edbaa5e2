"""The server side of every WebSocket a client opens, in memory."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import msgpack

from ably_realtime.seams import TransportEvents, TransportRequest, UpgradeRefused

from .frames import Frame
from .url import Url
from .waiting import poll_until

AttemptHandler = Callable[["PendingConnection"], object]
MessageHandler = Callable[[Frame, "MockConnection"], object]


class EventType(Enum):
    """What can happen on a WebSocket."""

    CONNECTION_ATTEMPT = "connection attempt"
    CONNECTION_SUCCESS = "connection success"
    CONNECTION_FAILURE = "connection failure"
    MESSAGE_FROM_CLIENT = "message from client"
    MESSAGE_TO_CLIENT = "message to client"
    PING_FRAME = "ping frame"
    SERVER_DISCONNECT = "server disconnect"
    CLIENT_CLOSE = "client close"


@dataclass(frozen=True, slots=True)
class MockEvent:
    """One entry of the timeline."""

    type: EventType
    attempt: PendingConnection
    message: Frame | None = None


class MockWebSocket:
    """The client's `TransportFactory`: a server that does what the test tells it.

    Either with handlers, called for each connection attempt and for each message with the
    connection it came on, or by awaiting the next attempt and answering it. What a handler sends
    arrives on a later turn of the loop, as from a network; what a test sends has arrived when the
    call returns.
    """

    def __init__(
        self,
        on_connection_attempt: AttemptHandler | None = None,
        on_message: MessageHandler | None = None,
        *,
        on_text_frame: Callable[[str], object] | None = None,
        on_binary_frame: Callable[[bytes], object] | None = None,
        sees_pings: bool = False,
    ) -> None:
        self.on_connection_attempt = on_connection_attempt
        self.on_message = on_message
        self.on_text_frame = on_text_frame
        self.on_binary_frame = on_binary_frame
        self.sees_pings = sees_pings
        self.events: list[MockEvent] = []
        self.in_client_call = False
        self._unclaimed_attempts: deque[PendingConnection] = deque()
        self._unclaimed_messages: deque[Frame] = deque()
        self._claimed_closes = 0

    # What the client calls

    async def open(self, request: TransportRequest, events: TransportEvents) -> MockConnection:
        attempt = PendingConnection(self, request, events)
        self.record(EventType.CONNECTION_ATTEMPT, attempt)
        if self.on_connection_attempt is None:
            self._unclaimed_attempts.append(attempt)
        else:
            with self.calling():
                self.on_connection_attempt(attempt)
        return await attempt.outcome()

    # What a test reads

    @property
    def attempts(self) -> list[PendingConnection]:
        return [e.attempt for e in self.events if e.type is EventType.CONNECTION_ATTEMPT]

    @property
    def sent(self) -> list[Frame]:
        """What the client sent, over all connections."""
        sent = EventType.MESSAGE_FROM_CLIENT
        return [e.message for e in self.events if e.type is sent and e.message is not None]

    def sent_with(self, action: int) -> list[Frame]:
        return [frame for frame in self.sent if frame["action"] == action]

    @property
    def client_closes(self) -> int:
        return sum(event.type is EventType.CLIENT_CLOSE for event in self.events)

    @property
    def active_connection(self) -> MockConnection:
        """The connection opened last."""
        opened = [e.attempt for e in self.events if e.type is EventType.CONNECTION_SUCCESS]
        assert opened, "no WebSocket was opened yet"
        return opened[-1].connection

    async def await_connection_attempt(self, timeout: float = 0) -> PendingConnection:
        """The next attempt that no handler answers and no earlier call returned."""
        await poll_until(
            lambda: bool(self._unclaimed_attempts),
            timeout=timeout,
            waiting_for="a connection attempt",
        )
        return self._unclaimed_attempts.popleft()

    async def await_message(self, action: int, timeout: float = 0) -> Frame:
        """The next message with this action that no earlier call returned."""

        def wanted() -> list[Frame]:
            return [frame for frame in self._unclaimed_messages if frame["action"] == action]

        await poll_until(
            lambda: bool(wanted()), timeout=timeout, waiting_for=f"a frame with action {action}"
        )
        frame = wanted()[0]
        self._unclaimed_messages.remove(frame)
        return frame

    async def await_client_close(self, timeout: float = 0) -> None:
        """Wait for the client to close one more WebSocket."""
        await poll_until(
            lambda: self.client_closes > self._claimed_closes,
            timeout=timeout,
            waiting_for="the client to close a WebSocket",
        )
        self._claimed_closes += 1

    # What connections call

    def record(
        self, event: EventType, attempt: PendingConnection, message: Frame | None = None
    ) -> None:
        self.events.append(MockEvent(event, attempt, message))

    def take(self, data: str | bytes, connection: MockConnection) -> None:
        """One WebSocket message from the client."""
        frame = connection.attempt.decode(data)
        self.record(EventType.MESSAGE_FROM_CLIENT, connection.attempt, frame)
        self._unclaimed_messages.append(frame)
        with self.calling():
            if isinstance(data, str) and self.on_text_frame is not None:
                self.on_text_frame(data)
            if isinstance(data, bytes) and self.on_binary_frame is not None:
                self.on_binary_frame(data)
            if self.on_message is not None:
                self.on_message(frame, connection)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """A handler runs inside a call of the client: what it sends has to wait."""
        outer, self.in_client_call = self.in_client_call, True
        try:
            yield
        finally:
            self.in_client_call = outer


class PendingConnection:
    """A connection attempt of the client; one of the `respond_with` methods answers it."""

    def __init__(
        self, peer: MockWebSocket, request: TransportRequest, events: TransportEvents
    ) -> None:
        self.peer = peer
        self.url = Url.parse(request.url)
        self.headers = {name.lower(): value for name, value in request.headers.items()}
        self.connection = MockConnection(self, events)
        self._outcome: asyncio.Future[MockConnection] = asyncio.get_running_loop().create_future()

    @property
    def host(self) -> str:
        return self.url.host

    @property
    def params(self) -> dict[str, str]:
        return self.url.params

    @property
    def protocol(self) -> str:
        return "application/x-msgpack" if self._binary else "application/json"

    def respond_with_success(self, *frames: Frame) -> MockConnection:
        """Open the WebSocket, then send these frames."""
        if not self._outcome.done():
            self.peer.record(EventType.CONNECTION_SUCCESS, self)
            self._outcome.set_result(self.connection)
        for frame in frames:
            self.connection.send_to_client(frame)
        return self.connection

    def respond_with_error(self, error: Frame, *, then_close: bool = True) -> MockConnection:
        """Open the WebSocket, but send an ERROR."""
        self.respond_with_success()
        if then_close:
            self.connection.send_to_client_and_close(error)
        else:
            self.connection.send_to_client(error)
        return self.connection

    def respond_with_refused(self) -> None:
        self._fail(ConnectionRefusedError("connection refused"))

    def respond_with_dns_error(self) -> None:
        self._fail(socket.gaierror(socket.EAI_NONAME, "name or service not known"))

    def respond_with_status(self, status_code: int) -> None:
        """Refuse the upgrade with an HTTP status."""
        self._fail(UpgradeRefused(status_code))

    def respond_with_timeout(self) -> None:
        """Leave the attempt without an answer, as an unresponsive host does."""
        self.peer.record(EventType.CONNECTION_FAILURE, self)

    async def outcome(self) -> MockConnection:
        connection = await self._outcome
        # The client has its transport before the first frame arrives.
        asyncio.get_running_loop().call_soon(connection.start)
        return connection

    def encode(self, frame: Frame) -> str | bytes:
        if self._binary:
            packed = msgpack.packb(frame)
            assert isinstance(packed, bytes)
            return packed
        return json.dumps(frame)

    def decode(self, data: str | bytes) -> Frame:
        assert isinstance(data, bytes) == self._binary, f"format={self.params['format']}: {data!r}"
        frame: Frame = json.loads(data) if isinstance(data, str) else msgpack.unpackb(data)
        return frame

    @property
    def _binary(self) -> bool:
        return self.params.get("format") == "msgpack"

    def _fail(self, error: OSError) -> None:
        if not self._outcome.done():
            self.peer.record(EventType.CONNECTION_FAILURE, self)
            self._outcome.set_exception(error)


class MockConnection:
    """One open WebSocket: the client's `Transport`, and the server's end for the test."""

    def __init__(self, attempt: PendingConnection, events: TransportEvents) -> None:
        self.attempt = attempt
        self._events = events
        self._queue: deque[Callable[[], None]] = deque()
        self._started = False
        self._gone = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self._started and not self._gone.is_set()

    # What the client calls

    def send(self, data: str | bytes) -> None:
        if not self._gone.is_set():
            self.attempt.peer.take(data, self)

    def close(self) -> None:
        if self._gone.is_set():
            return
        self._gone.set()
        self._queue.clear()
        self.attempt.peer.record(EventType.CLIENT_CLOSE, self.attempt)
        asyncio.get_running_loop().call_soon(self._events.dropped, None)

    async def wait_closed(self) -> None:
        await self._gone.wait()

    # What a test calls

    def send_to_client(self, frame: Frame) -> None:
        """Send any map; known fields are not checked, unknown ones not removed."""
        self._deliver(lambda: self._receive(frame))

    def send_to_client_and_close(self, frame: Frame) -> None:
        self._deliver(lambda: self._receive(frame), lambda: self._drop(None))

    def send_data(self, data: str | bytes) -> None:
        """Send a WebSocket message as it is, decodable or not."""
        self._deliver(lambda: self._events.received(data))

    def simulate_disconnect(self, error: BaseException | None = None) -> None:
        """Break the connection without a protocol message."""
        self._deliver(lambda: self._drop(error or ConnectionResetError("connection reset")))

    def send_ping_frame(self) -> None:
        """Send a WebSocket ping, which the client hears of only if its transport sees pings."""
        assert self.attempt.peer.sees_pings, "this transport does not see pings"
        self._deliver(self._ping)

    # Delivery

    def start(self) -> None:
        self._started = True
        self._flush()

    def _deliver(self, *steps: Callable[[], None]) -> None:
        if self._gone.is_set():
            return
        self._queue.extend(steps)
        if not self._started:
            return
        if self.attempt.peer.in_client_call:
            asyncio.get_running_loop().call_soon(self._flush)
        else:
            self._flush()

    def _flush(self) -> None:
        while self._queue:
            self._queue.popleft()()

    def _receive(self, frame: Frame) -> None:
        self.attempt.peer.record(EventType.MESSAGE_TO_CLIENT, self.attempt, frame)
        self._events.received(self.attempt.encode(frame))

    def _ping(self) -> None:
        self.attempt.peer.record(EventType.PING_FRAME, self.attempt)
        self._events.alive()

    def _drop(self, error: BaseException | None) -> None:
        self._gone.set()
        self._queue.clear()
        self.attempt.peer.record(EventType.SERVER_DISCONNECT, self.attempt)
        self._events.dropped(error)
