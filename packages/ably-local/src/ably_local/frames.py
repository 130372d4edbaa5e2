"""Protocol messages: the frames that travel over a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

from .errors import Code, ErrorInfo, refusal
from .formats import Format
from .messages import Annotation, Message, PresenceMessage


class Action(IntEnum):
    """What a frame is for (TR2)."""

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
    """The bits of a frame's `flags` (TR3)."""

    HAS_PRESENCE = 1 << 0
    HAS_BACKLOG = 1 << 1
    RESUMED = 1 << 2
    TRANSIENT = 1 << 4
    ATTACH_RESUME = 1 << 5
    PRESENCE = 1 << 16
    PUBLISH = 1 << 17
    SUBSCRIBE = 1 << 18
    PRESENCE_SUBSCRIBE = 1 << 19
    ANNOTATION_PUBLISH = 1 << 21
    ANNOTATION_SUBSCRIBE = 1 << 22


MODES = (
    Flag.PRESENCE
    | Flag.PUBLISH
    | Flag.SUBSCRIBE
    | Flag.PRESENCE_SUBSCRIBE
    | Flag.ANNOTATION_PUBLISH
    | Flag.ANNOTATION_SUBSCRIBE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDetails:
    """What a CONNECTED frame tells the client about its connection (CD2)."""

    client_id: str | None
    connection_key: str
    max_message_size: int
    max_inbound_rate: int
    max_frame_size: int
    server_id: str
    connection_state_ttl: int
    max_idle_interval: int

    def to_wire(self) -> dict[str, object]:
        wire: dict[str, object] = {
            "connectionKey": self.connection_key,
            "maxMessageSize": self.max_message_size,
            "maxInboundRate": self.max_inbound_rate,
            "maxFrameSize": self.max_frame_size,
            "serverId": self.server_id,
            "connectionStateTtl": self.connection_state_ttl,
            "maxIdleInterval": self.max_idle_interval,
        }
        if self.client_id is not None:
            wire["clientId"] = self.client_id
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One protocol message (TR4)."""

    action: Action
    id: str | None = None
    channel: str | None = None
    channel_serial: str | None = None
    connection_id: str | None = None
    msg_serial: int | None = None
    count: int | None = None
    flags: int | None = None
    timestamp: int | None = None
    error: ErrorInfo | None = None
    access_token: str | None = None
    params: Mapping[str, str] | None = None
    connection_details: ConnectionDetails | None = None
    messages: tuple[Message, ...] | None = None
    presence: tuple[PresenceMessage, ...] | None = None
    annotations: tuple[Annotation, ...] | None = None
    serials: tuple[str | None, ...] | None = None

    def to_wire(self, fmt: Format) -> dict[str, object]:
        wire: dict[str, object] = {
            name: value
            for name, value in (
                ("action", int(self.action)),
                ("id", self.id),
                ("channel", self.channel),
                ("channelSerial", self.channel_serial),
                ("connectionId", self.connection_id),
                ("msgSerial", self.msg_serial),
                ("count", self.count),
                ("flags", self.flags),
                ("timestamp", self.timestamp),
                ("params", self.params),
            )
            if value is not None
        }
        if self.connection_details is not None:
            wire["connectionDetails"] = self.connection_details.to_wire()
            wire["connectionKey"] = self.connection_details.connection_key
        if self.error is not None:
            wire["error"] = self.error.to_wire()
        if self.access_token is not None:
            wire["auth"] = {"accessToken": self.access_token}
        if self.messages is not None:
            wire["messages"] = [message.to_wire(fmt) for message in self.messages]
        if self.presence is not None:
            wire["presence"] = [message.to_wire(fmt) for message in self.presence]
        if self.annotations is not None:
            wire["annotations"] = [annotation.to_wire(fmt) for annotation in self.annotations]
        if self.serials is not None:
            wire["res"] = [{"serials": list(self.serials)}]
        return wire


class Envelope:
    """A frame on its way out, encoded at most once per format however many sockets send it."""

    __slots__ = ("_encoded", "_size", "frame")

    def __init__(self, frame: Frame) -> None:
        self.frame: Frame = frame
        self._encoded: dict[Format, bytes] = {}
        self._size: int | None = None

    @property
    def channel(self) -> str | None:
        """The name of the channel that the frame is about."""
        return self.frame.channel

    def to_wire(self, fmt: Format) -> dict[str, object]:
        """Return the frame as the format holds it."""
        return self.frame.to_wire(fmt)

    def encode(self, fmt: Format) -> bytes:
        """Return the frame as it is sent."""
        encoded = self._encoded.get(fmt)
        if encoded is None:
            encoded = self._encoded[fmt] = fmt.encode(self.to_wire(fmt))
        return encoded

    @property
    def size(self) -> int:
        """The size of the messages or presence messages in it (TM6)."""
        if self._size is None:
            carried = self.frame.messages or self.frame.presence or ()
            self._size = sum(message.size for message in carried)
        return self._size


class RawEnvelope(Envelope):
    """A frame given as it stands, which need not be a valid one."""

    __slots__ = ("_wire",)

    def __init__(self, wire: dict[str, object]) -> None:
        super().__init__(Frame(action=Action.HEARTBEAT))
        self._wire = wire

    @property
    def channel(self) -> str | None:
        """The channel it names, if it names one."""
        channel = self._wire.get("channel")
        return channel if isinstance(channel, str) else None

    def to_wire(self, fmt: Format) -> dict[str, object]:
        """Return the frame as it was given."""
        return self._wire


@dataclass(frozen=True, slots=True)
class Received:
    """A frame from a client, as decoded: its payload is read when its action is known to need it.

    The split lets a frame whose messages are invalid be answered with a NACK for its `msg_serial`,
    while only a frame that can't be understood at all costs the client its connection.
    """

    action: Action | None
    body: Mapping[str, Any]

    @classmethod
    def parse(cls, body: object) -> Received:
        """Check the outline of a frame; refuse one that is not a frame with 80013."""
        if not isinstance(body, dict) or type(body.get("action")) is not int:
            raise refusal(Code.PROTOCOL_ERROR, "a frame is an object with an integer action")
        for field, expected in _OUTLINE.items():
            value = body.get(field)
            if value is not None and type(value) is not expected:
                raise refusal(Code.PROTOCOL_ERROR, f"the {field} of a frame has the wrong type")
        return cls(_ACTIONS.get(body["action"]), body)

    @property
    def id(self) -> str | None:
        return self.body.get("id")

    @property
    def channel(self) -> str:
        return self.body.get("channel") or ""

    @property
    def channel_serial(self) -> str | None:
        return self.body.get("channelSerial")

    @property
    def msg_serial(self) -> int:
        return self.body.get("msgSerial") or 0

    @property
    def flags(self) -> int:
        return self.body.get("flags") or 0

    @property
    def params(self) -> dict[str, str]:
        params = self.body.get("params") or {}
        return {str(name): str(value) for name, value in params.items()}

    @property
    def access_token(self) -> str | None:
        token = (self.body.get("auth") or {}).get("accessToken")
        return token if isinstance(token, str) else None

    def messages(self) -> list[Message]:
        return [Message.from_wire(item) for item in self._items("messages")]

    def presence(self) -> list[PresenceMessage]:
        return [PresenceMessage.from_wire(item) for item in self._items("presence")]

    def annotations(self) -> list[Annotation]:
        return [Annotation.from_wire(item) for item in self._items("annotations")]

    def _items(self, field: str) -> list[object]:
        items = self.body.get(field)
        if not items:
            raise refusal(Code.INVALID_REQUEST_BODY, f"the frame has no {field}")
        return list(items)


_ACTIONS = {int(action): action for action in Action}

_OUTLINE: dict[str, type] = {
    "id": str,
    "channel": str,
    "channelSerial": str,
    "msgSerial": int,
    "flags": int,
    "params": dict,
    "auth": dict,
    "messages": list,
    "presence": list,
    "annotations": list,
}
