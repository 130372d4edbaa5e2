"""The codecs of the speed extra say what the default codecs say, whatever they are given."""

from __future__ import annotations

import json
from typing import Any, cast

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ably_realtime._wire.codec import Codec, JsonCodec, MalformedFrame, MessagePackCodec
from ably_realtime._wire.frames import Action, Frame
from tests.property.history import examples
from tests.property.test_codec import frames, maps, numbers, pack, scalars, wires, words

pytest.importorskip("msgspec", reason="needs ably-realtime[speed]")

from ably_realtime._wire.typed_codec import TypedJsonCodec, TypedMessagePackCodec

JSON: tuple[Codec, Codec] = JsonCodec(), TypedJsonCodec()
MSGPACK: tuple[Codec, Codec] = MessagePackCodec(), TypedMessagePackCodec()
PAIRS = pytest.mark.parametrize("pair", [JSON, MSGPACK], ids=["json", "msgpack"])

# -- frames of the usual form, which take the short way unless something odd is in them

extras = st.dictionaries(words, scalars | st.dictionaries(words, scalars, max_size=2), max_size=2)
versions = maps(serial=words, timestamp=numbers, clientId=words, metadata=extras)
usual_items = st.fixed_dictionaries(
    {},
    optional={
        "name": words,
        "data": words | st.none(),
        "id": words,
        "clientId": words,
        "connectionId": words,
        "encoding": st.sampled_from(["json", "utf-8/base64"]),
        "extras": extras,
        "timestamp": numbers,
        "action": st.integers(-1, 6),
        "serial": words,
    },
)
usual_messages = st.builds(
    lambda item, version: item if version is None else {**item, "version": version},
    usual_items,
    st.none() | versions,
)
usual_wires = st.fixed_dictionaries(
    {
        "action": st.sampled_from([Action.ACK, Action.PRESENCE, Action.MESSAGE, Action.SYNC]).map(
            int
        )
    },
    optional={
        "channel": words,
        "channelSerial": words,
        "connectionId": words,
        "count": numbers,
        "flags": numbers,
        "id": words,
        "msgSerial": numbers,
        "messages": st.lists(usual_messages, max_size=3),
        "presence": st.lists(usual_items, max_size=3),
        "timestamp": numbers,
        "res": st.lists(maps(serials=st.lists(words | st.none(), max_size=2)), max_size=2),
    },
)
PLAIN = {
    "action": 15,
    "id": "c:0",
    "channel": "orders",
    "channelSerial": "s:1",
    "timestamp": 1_700_000_000_000,
    "messages": [
        {
            "name": "created",
            "data": "some text",
            "extras": {"headers": {"a": 1}},
            "version": {"serial": "s", "timestamp": 1},
        }
    ],
}
HOSTILE_JSON = [
    "NaN", "-Infinity", "1e400", "-0", "1.0", "01", "1" * 400, "1" * 5000, ".5", "5.", "1_0", "0x1",
    '"\\ud800"', '"\\u0000"', '"\x00"', '"\x7f"', '"\\x"', '"', "'a'", "\ufeff", "\x0b",
    "true", "null", "{}", "[]", "[[[]]]", '{"a":{"a":{}}}', '{"a":1,"a":"b"}', "", ",", "}",
]  # fmt: skip
HOSTILE_MSGPACK = [
    b"\xc1", b"\xc0", b"\xc2", b"\xc3", b"\xff", b"\xa1\xff", b"\xa2\xc3\x28", b"\xc4\x01a", b"",
    b"\xd6\xff\x00\x00\x00\x00", b"\xd4\x05a", b"\xc7\x0c\xff" + b"\xff" * 12, b"\x81\x01\x02",
    b"\x81\xc4\x01a\x01", b"\x81\x80\x01", b"\x81\x90\x01", b"\x91\x91\x90", b"\xd9\x01a",
    b"\xca\x7f\xc0\x00\x00", b"\xcb\x7f\xf8" + b"\x00" * 6, b"\xcf" + b"\xff" * 8, b"\xda\x00\x01a",
    b"\xd3\x80" + b"\x00" * 7, b"\xdb\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdf",
]  # fmt: skip


def outcome(codec: Codec, data: str | bytes) -> str:
    """What came of it. The text tells 1 from 1.0 and True, and takes NaN for equal to itself."""
    try:
        frame = codec.decode(data)
    except MalformedFrame:
        return "malformed"
    return repr(frame)


def assert_same(pair: tuple[Codec, Codec], data: str | bytes) -> None:
    default, typed = pair
    assert outcome(typed, data) == outcome(default, data)


def spliced(text: Any, at: float, length: int, other: Any) -> Any:
    """A text or bytes with a piece replaced."""
    start = int(at * len(text))
    return text[:start] + other + text[start + length :]


# -- reading


@PAIRS
@examples(300)
@given(wire=usual_wires | wires)
def test_frames_are_read_alike(pair: tuple[Codec, Codec], wire: dict[str, Any]) -> None:
    assert_same(pair, pack(pair[0], wire))


@PAIRS
@examples(200)
@given(wire=usual_wires, at=st.floats(0, 1, exclude_max=True))
def test_truncated_frames_are_read_alike(
    pair: tuple[Codec, Codec], wire: dict[str, Any], at: float
) -> None:
    data = pack(pair[0], wire)
    assert_same(pair, data[: int(at * len(data))])


@examples(500)
@given(
    wire=usual_wires | st.just(PLAIN),
    at=st.floats(0, 1),
    length=st.integers(0, 4),
    other=st.sampled_from(HOSTILE_JSON) | st.text(max_size=3),
)
def test_hostile_json_is_read_alike(
    wire: dict[str, Any], at: float, length: int, other: str
) -> None:
    assert_same(JSON, spliced(json.dumps(wire), at, length, other))


@examples(500)
@given(
    wire=usual_wires | st.just(PLAIN),
    at=st.floats(0, 1),
    length=st.integers(0, 4),
    other=st.sampled_from(HOSTILE_MSGPACK) | st.binary(max_size=3),
)
def test_hostile_messagepack_is_read_alike(
    wire: dict[str, Any], at: float, length: int, other: bytes
) -> None:
    assert_same(MSGPACK, spliced(cast("bytes", msgpack.packb(wire)), at, length, other))


@pytest.mark.parametrize("value", HOSTILE_JSON)
@pytest.mark.parametrize("field", ["messages", "timestamp", "action", "channel", "x", "res"])
def test_a_hostile_json_value_is_read_alike(field: str, value: str) -> None:
    assert_same(JSON, f'{{"action":15,"{field}":{value}}}')
    assert_same(JSON, f'{{"action":{value},"channel":"c"}}')
    for name in ("name", "data", "timestamp", "extras", "version", "action", "annotations", "x"):
        item, nested = f'{{"{name}":{value}}}', f'{{"{name}":{{"a":{value}}}}}'
        assert_same(JSON, f'{{"action":15,"messages":[{item}]}}')
        assert_same(JSON, f'{{"action":14,"presence":[{item}]}}')
        assert_same(JSON, f'{{"action":15,"messages":[{nested}]}}')


@pytest.mark.parametrize("value", HOSTILE_MSGPACK)
def test_a_hostile_messagepack_value_is_read_alike(value: bytes) -> None:
    action = b"\xa6action\x0f"
    for field in (b"messages", b"timestamp", b"action", b"channel", b"x"):
        assert_same(MSGPACK, b"\x82" + action + bytes([0xA0 + len(field)]) + field + value)
    for field in (b"name", b"data", b"timestamp", b"extras", b"version", b"action", b"x"):
        key = bytes([0xA0 + len(field)]) + field
        item = b"\x81" + key + value
        nested = b"\x81" + key + b"\x81\xa1a" + value
        for inner in (item, nested):
            assert_same(MSGPACK, b"\x82" + action + b"\xa8messages\x91" + inner)
            assert_same(MSGPACK, b"\x82\xa6action\x0e\xa8presence\x91" + inner)


@PAIRS
@pytest.mark.parametrize("field", ["data", "extras", "unheard-of"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 100, 200_000])
def test_nesting_is_read_alike(pair: tuple[Codec, Codec], field: str, depth: int) -> None:
    if pair is JSON:
        value = '{"a":' * depth + "1" + "}" * depth
        data: str | bytes = f'{{"action":15,"messages":[{{"{field}":{value}}}]}}'
    else:
        key = bytes([0xA0 + len(field)]) + field.encode()
        value_ = b"\x81\xa1a" * depth + b"\x01"
        data = b"\x82\xa6action\x0f\xa8messages\x91\x81" + key + value_
    assert_same(pair, data)


@PAIRS
@example(data=b'{"action":15}')
@example(data=b"\x81\xa6action\x0f")
@given(data=st.binary(max_size=40))
def test_the_wrong_kind_of_websocket_message_is_read_alike(
    pair: tuple[Codec, Codec], data: bytes
) -> None:
    assert_same(pair, data)
    assert_same(pair, data.decode("latin-1"))


@PAIRS
@pytest.mark.parametrize(
    "wire",
    [
        PLAIN,
        {"action": 1, "msgSerial": 3, "count": 1, "res": [{"serials": ["s", None]}]},
        {"action": 16, "channel": "c", "presence": [{"action": 1, "clientId": "a", "data": "d"}]},
    ],
    ids=["message", "ack", "sync"],
)
def test_usual_frames_take_the_short_way(
    pair: tuple[Codec, Codec], wire: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    default, typed = pair
    data = pack(default, wire)
    expected = outcome(default, data)
    monkeypatch.setattr(type(default), "decode", lambda *_: pytest.fail("it took the long way"))
    assert outcome(typed, data) == expected


# -- writing


@PAIRS
@examples(300)
@given(frame=frames)
def test_frames_are_written_alike(pair: tuple[Codec, Codec], frame: Frame) -> None:
    default, typed = (codec.encode(frame) for codec in pair)
    assert type(typed) is type(default)
    assert unpack(typed) == unpack(default)


def unpack(data: str | bytes) -> Any:
    return json.loads(data) if isinstance(data, str) else msgpack.unpackb(data)
