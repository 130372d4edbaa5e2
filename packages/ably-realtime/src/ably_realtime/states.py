"""Connection and channel states, their events, and the change objects that announce them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import AblyError


class ConnectionState(StrEnum):
    """The eight states of a connection (RTN27)."""

    INITIALIZED = "initialized"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    SUSPENDED = "suspended"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


class ConnectionEvent(StrEnum):
    """A connection state, or `update`: conditions changed and the state did not (RTN4h)."""

    INITIALIZED = "initialized"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    SUSPENDED = "suspended"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"
    UPDATE = "update"


class ChannelState(StrEnum):
    """The seven states of a channel (RTL2)."""

    INITIALIZED = "initialized"
    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"
    DETACHED = "detached"
    SUSPENDED = "suspended"
    FAILED = "failed"


class ChannelEvent(StrEnum):
    """A channel state, or `update`: conditions changed and the state did not (RTL2g)."""

    INITIALIZED = "initialized"
    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"
    DETACHED = "detached"
    SUSPENDED = "suspended"
    FAILED = "failed"
    UPDATE = "update"


class ChannelMode(int, Enum):
    """What a channel may do, as the bit it has in an ATTACH or ATTACHED frame (TB2d, TR3).

    Equal to the mode of that name in the REST SDK.
    """

    PRESENCE = 1 << 16
    PUBLISH = 1 << 17
    SUBSCRIBE = 1 << 18
    PRESENCE_SUBSCRIBE = 1 << 19
    ANNOTATION_PUBLISH = 1 << 21
    ANNOTATION_SUBSCRIBE = 1 << 22
    OBJECT_SUBSCRIBE = 1 << 24
    OBJECT_PUBLISH = 1 << 25


@dataclass(frozen=True, slots=True)
class ConnectionStateChange:
    """What a connection listener receives (TA1-TA5).

    `retry_in` is the time in milliseconds until the next automatic attempt, where one is planned.
    """

    previous: ConnectionState
    current: ConnectionState
    event: ConnectionEvent
    reason: AblyError | None = None
    retry_in: float | None = None


@dataclass(frozen=True, slots=True)
class ChannelStateChange:
    """What a channel listener receives (TH1-TH6).

    `resumed` is true if and only if no message was missed since the channel was last attached
    (RTL2f). `has_backlog` says that messages from before the attachment follow (RTL2i).
    """

    previous: ChannelState
    current: ChannelState
    event: ChannelEvent
    reason: AblyError | None = None
    resumed: bool = False
    has_backlog: bool = False


@dataclass(frozen=True, slots=True)
class ChannelProperties:
    """Serials of a channel (CP1, CP2), unset until received.

    `attach_serial` is where the current attachment began (RTL15c); `channel_serial` is the last
    position received (RTL15b).
    """

    attach_serial: str | None = None
    channel_serial: str | None = None
