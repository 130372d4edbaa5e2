"""Frames to bytes and back, in both formats."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgpack
import pytest

from ably_realtime._wire.codec import Codec, JsonCodec, MalformedFrame, MessagePackCodec
from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime._wire.frames import Action, ConnectionDetails, Frame
from ably_realtime._wire.message_codec import message_from_wire
from ably_realtime._wire.payload import decode_payload, encode_payload
from ably_realtime._wire.secret import Secret
from ably_realtime.messages import Annotation, Message
from ably_realtime.presence_messages import PresenceAction, PresenceMessage
from tests.unit.realtime.vectors import cases


def pack(wire: object) -> bytes:
    packed = msgpack.packb(wire)
    assert isinstance(packed, bytes)
    return packed


def unpack(data: str | bytes) -> Any:
    return msgpack.unpackb(data)


FORMATS: list[tuple[Codec, Any, Any]] = [
    (JsonCodec(), json.dumps, json.loads),
    (MessagePackCodec(), pack, unpack),
]

both_formats = pytest.mark.parametrize(
    ("codec", "dump", "load"), FORMATS, ids=[codec.name for codec, _, _ in FORMATS]
)


def test_names_are_those_of_the_format_parameter() -> None:
    """RTN2a."""
    assert [codec.name for codec, _, _ in FORMATS] == ["json", "msgpack"]


@pytest.mark.parametrize(
    ("frame", "wire"),
    [
        (Frame(Action.CLOSE), {"action": 7}),
        (Frame(Action.HEARTBEAT, id="p1"), {"action": 0, "id": "p1"}),
        (Frame(Action.AUTH, auth=Secret("t1")), {"action": 17, "auth": {"accessToken": "t1"}}),
        (
            Frame(
                Action.ATTACH,
                channel="grün",
                channel_serial="cs1",
                flags=1 << 17,
                params={"rewind": "1"},
            ),
            {
                "action": 10,
                "channel": "grün",
                "channelSerial": "cs1",
                "flags": 131072,
                "params": {"rewind": "1"},
            },
        ),
        (
            Frame(Action.MESSAGE, channel="c", msg_serial=0, messages=[Message(data="d")]),
            {"action": 15, "channel": "c", "msgSerial": 0, "messages": [{"data": "d"}]},
        ),
        (
            Frame(Action.PRESENCE, channel="c", presence=[PresenceMessage(PresenceAction.ENTER)]),
            {"action": 14, "channel": "c", "presence": [{"action": 2}]},
        ),
        (
            Frame(Action.ANNOTATION, channel="c", annotations=[Annotation("likes")]),
            {"action": 21, "channel": "c", "annotations": [{"action": 0, "type": "likes"}]},
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Frame) else "",
)
@both_formats
def test_encoded(codec: Codec, dump: Any, load: Any, frame: Frame, wire: object) -> None:
    assert load(codec.encode(frame)) == wire


def test_json_is_compact_and_unescaped() -> None:
    assert JsonCodec().encode(Frame(Action.DETACH, channel="ü")) == '{"action":12,"channel":"ü"}'


WIRE: dict[str, Any] = {
    "action": 4,
    "id": "f1",
    "channel": "c",
    "channelSerial": "cs1",
    "connectionId": "c1",
    "count": 2,
    "flags": 5,
    "msgSerial": 3,
    "timestamp": 1_700_000_000_000,
    "error": {"code": 40160, "statusCode": 401, "message": "not allowed"},
    "params": {"rewind": "1"},
    "res": [{"serials": ["s1", None]}, {}, "odd", {"serials": "odd"}, {"serials": [1]}],
    "messages": [{"name": "n", "data": "d"}, "odd"],
    "presence": [{"clientId": "me", "action": 2}, "odd"],
    "annotations": [{"type": "likes"}, "odd"],
    "connectionDetails": {
        "clientId": "me",
        "connectionKey": "k1",
        "maxMessageSize": 1,
        "maxFrameSize": 2,
        "maxInboundRate": 2.5,
        "connectionStateTtl": 3,
        "serverId": "server",
        "maxIdleInterval": 4,
        "objectsGCGracePeriod": 5,
        "siteCode": "site",
        "unheardOf": 1,
    },
    "unheardOf": {"a": 1},
}


@both_formats
def test_every_field_is_read(codec: Codec, dump: Any, load: Any) -> None:
    assert codec.decode(dump(WIRE)) == Frame(
        action=Action.CONNECTED,
        id="f1",
        channel="c",
        channel_serial="cs1",
        connection_id="c1",
        count=2,
        flags=5,
        msg_serial=3,
        timestamp=1_700_000_000_000,
        error=ErrorInfo(40160, 401, "not allowed"),
        params={"rewind": "1"},
        res=[["s1", None], [], [], [], [None]],
        messages=[message_from_wire({"name": "n", "data": "d"})],
        presence=[PresenceMessage(PresenceAction.ENTER, "me")],
        annotations=[Annotation("likes")],
        connection_details=ConnectionDetails(
            client_id="me",
            connection_key=Secret("k1"),
            max_message_size=1,
            max_frame_size=2,
            max_inbound_rate=2.5,
            connection_state_ttl=3,
            server_id="server",
            max_idle_interval=4,
            objects_gc_grace_period=5,
            site_code="site",
        ),
    )


@both_formats
def test_a_field_of_the_wrong_type_counts_as_absent(codec: Codec, dump: Any, load: Any) -> None:
    """RTF1."""
    lists = ("messages", "presence", "annotations", "res")
    odd: dict[str, Any] = {name: {} if name in lists else ["odd"] for name in WIRE}
    assert codec.decode(dump({**odd, "action": 99})) == Frame(99)


@both_formats
def test_a_boolean_is_no_number(codec: Codec, dump: Any, load: Any) -> None:
    numbers = ("count", "flags", "msgSerial", "timestamp")
    assert codec.decode(dump({"action": 1, **dict.fromkeys(numbers, True)})) == Frame(1)


@both_formats
def test_odd_connection_details_count_as_absent(codec: Codec, dump: Any, load: Any) -> None:
    details = {name: ["odd"] for name in WIRE["connectionDetails"]}
    frame = codec.decode(dump({"action": 4, "connectionDetails": details}))
    assert frame.connection_details == ConnectionDetails()


@both_formats
@pytest.mark.parametrize(
    "wire", [1, None, "text", [], {}, {"action": "4"}, {"action": 4.0}, {"action": True}]
)
def test_what_is_no_protocol_message(codec: Codec, dump: Any, load: Any, wire: object) -> None:
    with pytest.raises(MalformedFrame):
        codec.decode(dump(wire))


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        (JsonCodec(), "{"),
        (JsonCodec(), b"\xff"),
        (JsonCodec(), "[" * 100_000),
        (MessagePackCodec(), b""),
        (MessagePackCodec(), b"\x81\xa6action"),
        (MessagePackCodec(), b"\x80\x80"),
        (MessagePackCodec(), b"\x81\x80\x04"),
        (MessagePackCodec(), b"\xc1"),
        (MessagePackCodec(), b"\x91" * 100_000),
        (MessagePackCodec(), '{"action":4}'),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_not_even_the_format(codec: Codec, data: str | bytes) -> None:
    with pytest.raises(MalformedFrame):
        codec.decode(data)


def test_a_map_in_msgpack_may_have_keys_that_are_no_text() -> None:
    assert MessagePackCodec().decode(pack({"action": 0, 1: 2, b"a": 3})) == Frame(0)


@pytest.mark.parametrize(
    "case", cases("msgpack_test_fixtures.json"), ids=lambda case: case and case["name"]
)
def test_agrees_with_every_other_sdk(case: dict[str, Any]) -> None:
    """RSL6a3."""
    value = case["data"] * case["numRepeat"] if case["numRepeat"] else case["data"]
    if case["type"] == "binary":
        value = value.encode()

    wire = {**unpack(base64.b64decode(case["msgpack"])), "action": 15}
    message = MessagePackCodec().decode(pack(wire)).messages[0]
    decoded = decode_payload(message.data, message.encoding) if message.encoding else message.data
    assert decoded == value

    if case["type"] != "binary":  # the fixture has it in base64; RSL4c1 wants plain bytes
        data, encoding = encode_payload(value, None, binary=True)
        sent = Frame(15, msg_serial=0, messages=[Message(data=data, encoding=encoding)])
        assert unpack(MessagePackCodec().encode(sent)) == wire
