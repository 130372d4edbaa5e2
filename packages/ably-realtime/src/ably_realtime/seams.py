"""The three places where the client touches the world: sockets, time and HTTP.

`AblyRealtime(..., transport=, clock=, http=)` takes any object with these shapes, so that a test
can stand in for the network and for time. The defaults are `websockets` on asyncio, the running
loop's clock, and `httpx`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TransportRequest:
    """What to open: the WebSocket URL, credentials included, and the headers of the upgrade."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class TransportEvents(Protocol):
    """What a transport tells the client. Each call runs on the client's loop."""

    def received(self, data: str | bytes) -> None:
        """One whole WebSocket message arrived: text is `str`, binary is `bytes`."""
        ...

    def alive(self) -> None:
        """A WebSocket ping or pong arrived: the server is there (RTN23b)."""
        ...

    def dropped(self, error: BaseException | None) -> None:
        """The transport is gone; called once, with its cause where one is known."""
        ...


class Transport(Protocol):
    """One open WebSocket connection."""

    def send(self, data: str | bytes) -> None:
        """Send one message, text or binary by its type. Never raises for a lost connection."""
        ...

    def close(self) -> None:
        """Close politely, without waiting. `TransportEvents.dropped` may follow."""
        ...

    async def wait_closed(self) -> None:
        """Return once the socket is gone. The client bounds how long it waits."""
        ...


class TransportFactory(Protocol):
    """Opens transports."""

    @property
    def sees_pings(self) -> bool:
        """Whether WebSocket pings reach `TransportEvents.alive`.

        If not, the client asks the server for HEARTBEAT frames (`heartbeats=true`, RTN23b).
        """
        ...

    async def open(self, request: TransportRequest, events: TransportEvents) -> Transport:
        """Return an open transport or raise what went wrong.

        It may raise `UpgradeRefused` to pass on the HTTP status of a refused upgrade. Cancelling
        it abandons the attempt; the client does that at the deadline of the attempt.
        """
        ...


class UpgradeRefused(ConnectionError):
    """The server answered the WebSocket upgrade with an HTTP status instead of opening it."""

    def __init__(self, status_code: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"the server answered the WebSocket upgrade with HTTP {status_code}")
        self.status_code: int = status_code
        self.headers: dict[str, str] = dict(headers or {})


class TimerHandle(Protocol):
    """A callback that is due; see `Clock.call_at`."""

    def cancel(self) -> None:
        """Call it no more."""
        ...


class Clock(Protocol):
    """Time, in milliseconds."""

    def now(self) -> float:
        """Monotonic milliseconds, from any origin."""
        ...

    def time(self) -> float:
        """Milliseconds since the Unix epoch."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> TimerHandle:
        """Call `callback` once, on the client's loop, when `now()` has reached `when`."""
        ...


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """Performs token requests, auth URL requests and the connectivity check."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> HttpResponse:
        """Perform one request, query parameters already in `url`; raise if no answer came.

        The client bounds how long it waits and cancels the call at the deadline.
        """
        ...
