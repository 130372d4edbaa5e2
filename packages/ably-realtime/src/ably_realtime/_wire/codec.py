"""Frames to bytes and back, as JSON text or MessagePack.

Both formats carry the same maps; only the outermost step differs. What a map holds beyond the
fields known here is ignored, and a field of the wrong type counts as absent (RTF1).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

import msgpack

from .annotation_codec import annotation_from_wire, annotation_to_wire
from .error_info import ErrorInfo
from .fields import Fields, integer, text
from .frames import Action, ConnectionDetails, Frame
from .message_codec import message_from_wire, message_to_wire
from .presence_codec import presence_from_wire, presence_to_wire
from .secret import Secret

_MESSAGE = int(Action.MESSAGE)
_read_json = json.JSONDecoder().decode


class MalformedFrame(ValueError):
    """Bytes that are no ProtocolMessage."""


class Codec(Protocol):
    """One wire format. `name` is the value of the `format` query parameter (RTN2a)."""

    name: str
    library: str

    def encode(self, frame: Frame) -> str | bytes: ...

    def decode(self, data: str | bytes) -> Frame:
        """Return the frame, or raise `MalformedFrame`."""
        ...


class JsonCodec:
    name = "json"
    library = "json of the standard library"

    def encode(self, frame: Frame) -> str:
        return json.dumps(frame_to_wire(frame), ensure_ascii=False, separators=(",", ":"))

    def decode(self, data: str | bytes) -> Frame:
        try:
            value = _read_json(data) if isinstance(data, str) else json.loads(data)
        except (ValueError, RecursionError) as error:
            raise MalformedFrame(f"a frame is not JSON: {error}") from error
        return frame_from_wire(value)


class MessagePackCodec:
    name = "msgpack"
    library = "msgpack {}.{}.{}".format(*msgpack.version[:3])

    def encode(self, frame: Frame) -> bytes:
        return cast("bytes", msgpack.packb(frame_to_wire(frame)))

    def decode(self, data: str | bytes) -> Frame:
        if isinstance(data, str):
            raise MalformedFrame("a text frame arrived on a MessagePack connection")
        try:
            value = msgpack.unpackb(data, strict_map_key=False)
        except Exception as error:  # msgpack raises a dozen types, some straight from C
            raise MalformedFrame(f"a frame is not MessagePack: {error}") from error
        return frame_from_wire(value)


def frame_to_wire(frame: Frame) -> dict[str, Any]:
    """The map of a frame that the client sends; unset fields are left out."""
    wire: dict[str, Any] = {"action": int(frame.action)}
    if frame.id is not None:
        wire["id"] = frame.id
    if frame.channel is not None:
        wire["channel"] = frame.channel
    if frame.channel_serial is not None:
        wire["channelSerial"] = frame.channel_serial
    if frame.msg_serial is not None:
        wire["msgSerial"] = frame.msg_serial
    if frame.flags:
        wire["flags"] = frame.flags
    if frame.params:
        wire["params"] = dict(frame.params)
    if frame.messages:
        wire["messages"] = [message_to_wire(message) for message in frame.messages]
    if frame.presence:
        wire["presence"] = [presence_to_wire(member) for member in frame.presence]
    if frame.annotations:
        wire["annotations"] = [annotation_to_wire(item) for item in frame.annotations]
    if frame.auth is not None:
        wire["auth"] = {"accessToken": frame.auth.reveal()}
    return wire


def frame_from_wire(wire: object) -> Frame:
    """Read a decoded map, or raise `MalformedFrame` where it cannot be a ProtocolMessage."""
    if wire.__class__ is not dict:
        raise MalformedFrame(f"a frame is a {type(wire).__name__}, not a map")
    get = cast("Fields", wire).get
    action = get("action")
    if action.__class__ is not int:
        raise MalformedFrame("a frame has no numeric action")
    messages = get("messages")
    frame = Frame(  # by position: this runs for every frame
        action,
        id_ if (id_ := get("id")).__class__ is str else None,
        channel if (channel := get("channel")).__class__ is str else None,
        serial if (serial := get("channelSerial")).__class__ is str else None,
        connection_id if (connection_id := get("connectionId")).__class__ is str else None,
        timestamp if (timestamp := get("timestamp")).__class__ is int else None,
        [message_from_wire(item) for item in messages if item.__class__ is dict]
        if messages.__class__ is list
        else (),
    )
    if action != _MESSAGE:
        _read_the_rest(frame, get)
    return frame


def _read_the_rest(frame: Frame, get: Callable[[str], Any]) -> None:
    """What frames other than MESSAGE may carry."""
    frame.flags = flags if (flags := get("flags")).__class__ is int else 0
    frame.count = count if (count := get("count")).__class__ is int else None
    frame.msg_serial = serial if (serial := get("msgSerial")).__class__ is int else None
    if isinstance(res := get("res"), list):
        frame.res = [_serials(result) for result in res]
    if isinstance(error := get("error"), dict):
        frame.error = ErrorInfo.from_wire(error)
    if isinstance(details := get("connectionDetails"), dict):
        frame.connection_details = _connection_details(details)
    if isinstance(params := get("params"), dict):
        frame.params = {str(key): str(value) for key, value in params.items()}
    if isinstance(members := get("presence"), list):
        frame.presence = [presence_from_wire(item) for item in members if isinstance(item, dict)]
    if isinstance(annotations := get("annotations"), list):
        frame.annotations = [
            annotation_from_wire(item) for item in annotations if isinstance(item, dict)
        ]


def _serials(result: object) -> list[str | None]:
    serials = result.get("serials") if isinstance(result, dict) else None
    return [text(serial) for serial in serials] if isinstance(serials, list) else []


def _connection_details(wire: Mapping[str, Any]) -> ConnectionDetails:
    key = text(wire.get("connectionKey"))
    rate = wire.get("maxInboundRate")
    return ConnectionDetails(
        client_id=text(wire.get("clientId")),
        connection_key=Secret(key) if key is not None else None,
        max_message_size=integer(wire.get("maxMessageSize")),
        max_frame_size=integer(wire.get("maxFrameSize")),
        max_inbound_rate=rate if isinstance(rate, int | float) else None,
        connection_state_ttl=integer(wire.get("connectionStateTtl")),
        server_id=text(wire.get("serverId")),
        max_idle_interval=integer(wire.get("maxIdleInterval")),
        objects_gc_grace_period=integer(wire.get("objectsGCGracePeriod")),
        site_code=text(wire.get("siteCode")),
    )
