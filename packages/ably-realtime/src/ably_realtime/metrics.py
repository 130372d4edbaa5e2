"""What a client can be measured by: `AblyRealtime(metrics=...)`.

    Metrics      the hooks, each of which does nothing until it is overridden
    Operation    something that takes time: a connection, an attach, a publish
    Connected    what a new connection took and what it takes up again
    Gauges       how much there is of something, read when asked for

A client without `metrics` pays nothing for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .errors import AblyError
from .messages import Annotation, Message
from .presence_messages import PresenceMessage
from .states import ChannelState, ChannelStateChange, ConnectionState, ConnectionStateChange

OperationName = Literal[
    "connect", "dial", "token", "attach", "detach", "publish", "annotate", "presence", "ping"
]
"""`connect` lasts from CONNECTING to CONNECTED, over several hosts; a `dial` is one attempt."""


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """Something that takes time and succeeds or fails. Each is an object of its own, and hashable.

    `host` is where a dial goes; `messages` is how many messages one publish has. `automatic` is
    what the application did not ask for just now, such as attaching again. A dial and the token
    for it are part of a connect, their `parent`.
    """

    name: OperationName
    channel: str | None = None
    host: str | None = None
    messages: int = 0
    automatic: bool = False
    parent: Operation | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection was made, or made again: `milliseconds` since the last one was lost.

    `attempts` counts dials. `resumed` says that nothing was missed in between. `resent` publishes
    had not been acknowledged before, `queued` ones had waited for the connection, and `attaching`
    channels are attached again.
    """

    host: str
    milliseconds: float
    attempts: int
    again: bool
    resumed: bool
    resent: int
    queued: int
    attaching: int


@dataclass(frozen=True, slots=True)
class Gauges:
    """How much there is, at the moment of asking.

    `queued` publishes wait for a connection, `unacknowledged` ones for the server's answer;
    `busy_listeners` are async listeners at work.
    """

    connection: ConnectionState
    queued: int
    unacknowledged: int
    busy_listeners: int
    channels: Mapping[ChannelState, int] = field(default_factory=dict)


class Metrics:
    """Hooks for measuring. Override those that matter; all run on the client's loop and are quick.

    What a hook raises is logged to `ably_realtime.metrics` and goes no further.
    """

    def client_made(self, gauges: Callable[[], Gauges]) -> None:
        """A client with these metrics was made; `gauges()` says how it is, at any time."""

    def connection_changed(self, change: ConnectionStateChange) -> None:
        """The state of the connection changed, or its details did."""

    def channel_changed(self, channel: str, change: ChannelStateChange) -> None:
        """The state of a channel changed, or its attachment did."""

    def connected(self, connected: Connected) -> None:
        """A connection was made, or made again."""

    def operation_started(self, operation: Operation) -> None:
        """An operation began; `operation_ended` follows with the same object.

        A publish begins in the context of the task that publishes.
        """

    def message_headers(self, operation: Operation) -> Mapping[str, str]:
        """What to add to `extras.headers` of every message of a publish that just started."""
        return {}

    def operation_ended(
        self, operation: Operation, milliseconds: float, error: AblyError | None
    ) -> None:
        """An operation succeeded, or failed with an error. A publish ends with the server's ACK."""

    def messages_received(self, channel: str, messages: Sequence[Message]) -> None:
        """Messages arrived for the subscribers of a channel."""

    def presence_received(self, channel: str, messages: Sequence[PresenceMessage]) -> None:
        """Presence messages arrived for the subscribers of a channel."""

    def annotations_received(self, channel: str, annotations: Sequence[Annotation]) -> None:
        """Annotations arrived for the subscribers of a channel."""

    def items_dropped(self, channel: str, count: int) -> None:
        """A stream of this channel had no room for this many items."""

    def bytes_sent(self, count: int) -> None:
        """A frame left, of this many bytes without what the WebSocket and TLS add."""

    def bytes_received(self, count: int) -> None:
        """A frame arrived, of this many bytes without what the WebSocket and TLS add."""
