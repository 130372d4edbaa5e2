"""The ProtocolMessage and the values it carries (TR1-TR4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

from ..messages import Annotation, Message
from ..presence_messages import PresenceMessage
from .error_info import ErrorInfo
from .secret import Secret


class Action(IntEnum):
    """What a frame is for (TR2). PING and PONG came after the specification's table."""

    HEARTBEAT = 0
    ACK = 1
    NACK = 2
    CONNECT = 3
    CONNECTED = 4
    DISCONNECT = 5
    DISCONNECTED = 6
    CLOSE = 7
    CLOSED = 8
    ERROR = 9
    ATTACH = 10
    ATTACHED = 11
    DETACH = 12
    DETACHED = 13
    PRESENCE = 14
    MESSAGE = 15
    SYNC = 16
    AUTH = 17
    ACTIVATE = 18
    OBJECT = 19
    OBJECT_SYNC = 20
    ANNOTATION = 21
    PING = 22
    PONG = 23


class Flag(IntFlag):
    """Bits of `flags` that are not channel modes (TR3)."""

    HAS_PRESENCE = 1 << 0
    HAS_BACKLOG = 1 << 1
    RESUMED = 1 << 2
    TRANSIENT = 1 << 4
    HAS_OBJECTS = 1 << 7


@dataclass(frozen=True, slots=True)
class ConnectionDetails:
    """Constraints and identity that the server gives a connection (CD2).

    Times are milliseconds, sizes bytes. A field is None where the server did not send it.
    """

    client_id: str | None = None
    connection_key: Secret | None = None
    max_message_size: int | None = None
    max_frame_size: int | None = None
    max_inbound_rate: float | None = None
    connection_state_ttl: int | None = None
    server_id: str | None = None
    max_idle_interval: int | None = None
    objects_gc_grace_period: int | None = None
    site_code: str | None = None


@dataclass(slots=True)
class Frame:
    """One ProtocolMessage, in either direction (TR4).

    `action` is a plain int: a server may send one that this library does not know (RTF1).
    """

    action: int
    id: str | None = None
    channel: str | None = None
    channel_serial: str | None = None
    connection_id: str | None = None
    timestamp: int | None = None
    messages: Sequence[Message] = ()
    # What is above is all that a received MESSAGE has, and codecs pass it by position.
    flags: int = 0
    msg_serial: int | None = None
    count: int | None = None
    res: Sequence[Sequence[str | None]] = ()
    presence: Sequence[PresenceMessage] = ()
    annotations: Sequence[Annotation] = ()
    params: Mapping[str, str] | None = None
    error: ErrorInfo | None = None
    auth: Secret | None = None
    connection_details: ConnectionDetails | None = None

    def __str__(self) -> str:
        """The frame in a few words, for logs: never its payloads or credentials."""
        name = Action(self.action).name if self.action in _KNOWN else f"action {self.action}"
        parts: list[Any] = [name]
        if self.channel is not None:
            parts.append(f"channel={self.channel!r}")
        if self.msg_serial is not None:
            parts.append(f"msgSerial={self.msg_serial}")
        if self.messages:
            parts.append(f"messages={len(self.messages)}")
        if self.error is not None:
            parts.append(f"error={self.error.code} {self.error.message}")
        return " ".join(parts)


_KNOWN = frozenset(int(action) for action in Action)
