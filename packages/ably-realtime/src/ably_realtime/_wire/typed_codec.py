"""The codecs of the `speed` extra: typed decoding by `msgspec` for the frames that come in crowds.

MESSAGE, PRESENCE, SYNC and ACK frames of the usual form are decoded straight into the structs
below, which name each field with its type. Whatever does not fit them exactly, be it an unknown
field, a value of another type, a rarer frame or something malformed, goes to the default codec,
which alone decides what it means: the two agree because there is no second opinion.
"""

from __future__ import annotations

from typing import Any, NoReturn

import msgspec

from ..messages import Message, MessageAction
from ..presence_messages import PresenceAction, PresenceMessage
from .codec import JsonCodec, MessagePackCodec
from .frames import Action, Frame
from .message_codec import CREATE, NO_ANNOTATIONS, NO_VERSION, unread_version

LIBRARY = f"msgspec {msgspec.__version__}"

# What `extras` and `version` usually hold. Where both formats can say more, and the libraries read
# it differently (times, maps with keys that are no text), the default codec is asked.
_Scalar = str | int | float | bool | None
_Shallow = _Scalar | list[_Scalar] | dict[str, _Scalar]
_Deep = _Scalar | list[_Shallow] | dict[str, _Shallow]
_Map = dict[str, _Deep]


class _Wire(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """A map with none but known fields."""


class _Message(_Wire):
    name: str | None = None
    data: Any = None
    client_id: str | None = None
    id: str | None = None
    connection_id: str | None = None
    encoding: str | None = None
    extras: _Map | None = None
    timestamp: int | None = None
    action: MessageAction | None = None
    serial: str | None = None
    version: _Map | None = None


class _Member(_Wire):
    action: PresenceAction = PresenceAction.PRESENT
    client_id: str | None = None
    connection_id: str | None = None
    data: Any = None
    encoding: str | None = None
    extras: _Map | None = None
    id: str | None = None
    timestamp: int | None = None


class _Result(_Wire):
    serials: list[str | None]


class _Frame(_Wire):
    action: int
    id: str | None = None
    channel: str | None = None
    channel_serial: str | None = None
    connection_id: str | None = None
    count: int | None = None
    flags: int | None = None
    msg_serial: int | None = None
    messages: list[_Message] | None = None
    presence: list[_Member] | None = None
    timestamp: int | None = None
    res: list[_Result] | None = None


class _Published(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    name: str | None = None
    data: Any = None
    encoding: str | None = None
    id: str | None = None
    client_id: str | None = None


class _PublishFrame(msgspec.Struct, rename="camel", gc=False):
    action: int
    channel: str
    msg_serial: int
    messages: list[_Published]


class _Unusual(Exception):
    """A frame that fits the structs and is left to the default codec all the same."""


_MESSAGE = int(Action.MESSAGE)
_decode_json = msgspec.json.Decoder(_Frame).decode
_encode_json = msgspec.json.Encoder().encode
_decode_msgpack = msgspec.msgpack.Decoder(_Frame).decode
_encode_msgpack = msgspec.msgpack.Encoder().encode
_PAYLOADS = frozenset({str, bytes, type(None)})


class TypedJsonCodec(JsonCodec):
    """As `JsonCodec`, and faster."""

    library = LIBRARY

    def encode(self, frame: Frame) -> str:
        publish = _publish(frame)
        return super().encode(frame) if publish is None else _encode_json(publish).decode()

    def decode(self, data: str | bytes) -> Frame:
        if isinstance(data, str):
            try:
                return _frame(_decode_json(data))
            except Exception:  # noqa: S110  # a dozen types; the default codec has the last word
                pass
        return super().decode(data)


class TypedMessagePackCodec(MessagePackCodec):
    """As `MessagePackCodec`, and faster."""

    library = LIBRARY

    def encode(self, frame: Frame) -> bytes:
        publish = _publish(frame)
        return super().encode(frame) if publish is None else _encode_msgpack(publish)

    def decode(self, data: str | bytes) -> Frame:
        if isinstance(data, bytes):
            try:
                return _frame(_decode_msgpack(data))
            except Exception:  # noqa: S110  # a dozen types; the default codec has the last word
                pass
        return super().decode(data)


def _frame(wire: _Frame) -> Frame:
    """As `frame_from_wire`, from fields that have the right types already."""
    messages = wire.messages
    frame = Frame(
        wire.action,
        wire.id,
        wire.channel,
        wire.channel_serial,
        wire.connection_id,
        wire.timestamp,
        [
            Message(
                m.name,
                data if (data := m.data).__class__ in _PAYLOADS else _unusual(),
                m.client_id,
                m.id,
                m.connection_id,
                None,  # connection_key
                m.encoding,
                m.extras,
                m.timestamp,
                CREATE if (action := m.action) is None else action,
                m.serial,
                NO_VERSION if (version := m.version) is None else unread_version(version),
                NO_ANNOTATIONS,
            )
            for m in messages
        ]
        if messages is not None
        else (),
    )
    if wire.action != _MESSAGE:
        frame.flags = wire.flags or 0
        frame.count = wire.count
        frame.msg_serial = wire.msg_serial
        if wire.res is not None:
            frame.res = [result.serials for result in wire.res]
        if wire.presence is not None:
            frame.presence = [_member(member) for member in wire.presence]
    return frame


def _member(wire: _Member) -> PresenceMessage:
    data = wire.data
    return PresenceMessage(
        wire.action,
        wire.client_id,
        wire.connection_id,
        data if data.__class__ in _PAYLOADS else _unusual(),
        wire.encoding,
        wire.extras,
        wire.id,
        wire.timestamp,
    )


def _publish(frame: Frame) -> _PublishFrame | None:
    """A frame that publishes messages of the usual form; None for any other."""
    channel, serial = frame.channel, frame.msg_serial
    if frame.action != _MESSAGE or channel is None or serial is None:
        return None
    if frame.id is not None or frame.channel_serial is not None or frame.flags or frame.params:
        return None
    messages = []
    for m in frame.messages:
        if (
            m.extras is not None
            or m.action is not None
            or m.serial is not None
            or m.connection_key is not None
            or m.version is not None
            or m.data.__class__ not in _PAYLOADS
        ):
            return None
        messages.append(_Published(m.name, m.data, m.encoding or None, m.id, m.client_id))
    return _PublishFrame(_MESSAGE, channel, serial, messages)


def _unusual() -> NoReturn:
    raise _Unusual
