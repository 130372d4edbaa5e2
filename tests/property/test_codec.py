"""Whatever a server sends: it is a frame or it is refused, and the client goes on living (RTF1)."""

from __future__ import annotations

import json
from typing import Any, cast

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ably_realtime import AblyError
from ably_realtime._core.config import Config
from ably_realtime._core.inputs import Attach, Close, Connect, GetPresence, Ping, Publish, Received
from ably_realtime._wire.codec import Codec, JsonCodec, MalformedFrame, MessagePackCodec
from ably_realtime._wire.frames import Action, Frame
from ably_realtime._wire.secret import Secret
from ably_realtime.messages import Message
from ably_realtime.presence_messages import PresenceAction, PresenceMessage
from ably_realtime.states import ConnectionState
from tests.property.driver import Driver, Kind
from tests.property.history import examples

CODECS: list[Codec] = [JsonCodec(), MessagePackCodec()]
CHANNEL = "orders"

# -- what may stand anywhere

words = st.text(max_size=8)
numbers = st.integers(-(2**63), 2**64 - 1)  # all that MessagePack has
scalars = st.none() | st.booleans() | numbers | st.floats(allow_nan=False) | words
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
encodings = st.lists(
    st.sampled_from(["json", "utf-8", "base64", "vcdiff", "cipher+aes-128-cbc", "unheard-of", ""]),
    max_size=3,
).map("/".join)


def maps(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Maps with some of these fields, each as it should be or not at all."""
    return st.fixed_dictionaries(
        {}, optional={name: good | anything for name, good in fields.items()}
    )


items = maps(
    id=st.sampled_from(["c1:0:0", "c1:1:0", "c2:0", "x", ""]),
    clientId=words,
    connectionId=st.sampled_from(["c1", "c2"]),
    data=words,
    encoding=encodings,
    action=st.integers(-1, 6),
    timestamp=numbers,
    serial=words,
    extras=maps(delta=maps(**{"from": words})),
    name=words,
    version=maps(serial=words, metadata=anything),
    annotations=maps(summary=anything),
    type=words,
    count=numbers,
)
errors = maps(
    code=st.sampled_from([40142, 40300, 50003, 80003, 0]),
    statusCode=st.sampled_from([401, 403, 503, 400]),
    message=words,
    href=words,
    cause=maps(code=numbers, message=words),
    detail=anything,
)
wires = st.builds(
    lambda action, rest: {"action": action, **rest},
    st.sampled_from([int(action) for action in Action]) | anything,
    maps(
        channel=st.sampled_from([CHANNEL, "", "nobody's"]),
        channelSerial=st.sampled_from(["s:", "s:1", "", ":"]),
        connectionId=st.sampled_from(["c1", "c2"]),
        connectionDetails=maps(
            connectionKey=words,
            clientId=words,
            maxIdleInterval=numbers,
            connectionStateTtl=numbers,
            maxMessageSize=numbers,
        ),
        count=st.integers(-2, 5),
        error=errors,
        flags=st.integers(0, 2**25),
        id=words,
        msgSerial=st.integers(-2, 5),
        messages=st.lists(items, max_size=3),
        presence=st.lists(items, max_size=3),
        annotations=st.lists(items, max_size=3),
        params=st.dictionaries(words, anything, max_size=2),
        res=st.lists(maps(serials=st.lists(words, max_size=2)), max_size=2),
        timestamp=numbers,
        auth=maps(accessToken=words),
    ),
)


def pack(codec: Codec, wire: object) -> str | bytes:
    """Encode with the plain libraries."""
    if codec.name == "json":
        return json.dumps(wire)
    return cast("bytes", msgpack.packb(wire))


def read(codec: Codec, data: str | bytes) -> Frame | None:
    """The frame, or None where it is refused; nothing else may happen."""
    try:
        return codec.decode(data)
    except MalformedFrame:
        return None


# -- decoding


@examples(200)
@given(wires)
def test_both_formats_say_the_same(wire: dict[str, Any]) -> None:
    from_json, from_msgpack = (read(codec, pack(codec, wire)) for codec in CODECS)
    assert from_json == from_msgpack
    assert (from_json is not None) == (type(wire["action"]) is int)


@examples(100)
@given(wires, st.floats(0, 1, exclude_max=True))
def test_a_truncated_frame_is_refused(wire: dict[str, Any], part: float) -> None:
    for codec in CODECS:
        data = pack(codec, wire)
        assert read(codec, data[: int(part * len(data))]) is None


@examples(200)
@given(st.binary(max_size=40) | anything)
@example(b"")
@example(b"\xc1")
@example(b"\x81\x80\xc0")  # a map with a map for a key
@example(b"\xc7\x0c\xff" + b"\xff" * 12)  # a time out of range
def test_anything_else_is_refused_or_read(data: object) -> None:
    for codec in CODECS:
        raw = data if isinstance(data, bytes) else pack(codec, data)
        read(codec, raw)


@pytest.mark.parametrize("depth", [100, 2_000, 200_000])
def test_deep_nesting_is_refused_or_read(depth: int) -> None:
    nested = '{"action":15,"messages":[{"data":' + "[" * depth + "]" * depth + "}]}"
    read(JsonCodec(), nested)
    read(MessagePackCodec(), b"\x82\xa6action\x0f\xa8messages\x91\x81\xa4data" + b"\x91" * depth)


# -- what the client sends


some_words = st.none() | words
messages = st.builds(Message, name=some_words, data=some_words, id=some_words, client_id=some_words)
members = st.builds(
    PresenceMessage, action=st.sampled_from(PresenceAction), client_id=some_words, data=some_words
)
frames = st.builds(
    Frame,
    action=st.sampled_from(Action),
    id=some_words,
    auth=st.none() | words.map(Secret),
    channel=some_words,
    channel_serial=some_words,
    flags=st.integers(0, 2**26),
    msg_serial=st.none() | st.integers(0, 2**53),
    messages=st.lists(messages, max_size=3),
    presence=st.lists(members, max_size=3),
    params=st.none() | st.dictionaries(words, words, max_size=3),
)


@examples(200)
@given(frames)
def test_both_formats_send_the_same(frame: Frame) -> None:
    as_json = json.loads(JsonCodec().encode(frame))
    assert as_json == msgpack.unpackb(MessagePackCodec().encode(frame))
    assert as_json["action"] == frame.action
    assert as_json.get("msgSerial") == frame.msg_serial
    assert len(as_json.get("messages", [])) == len(frame.messages)


# -- a client that receives them


class _Unusable:
    """A delta decoder that fits no delta."""

    def decode(self, delta: bytes, base: bytes) -> bytes:
        raise ValueError("it does not fit")


def busy_client(codec: Codec) -> Driver:
    """A client that is CONNECTED, attached, and waits for everything it can wait for."""
    config = Config(primary_host="main", key=Secret("key"), delta_decoder=_Unusable())
    driver = Driver(config, lambda: 0.5)
    driver.do(Connect())
    for wire in (
        {"action": 4, "connectionId": "c1", "connectionDetails": {"connectionKey": "k1"}},
        {"action": 11, "channel": CHANNEL, "flags": 1},
    ):
        if wire["action"] == Action.ATTACHED:
            driver.start(Kind.CHANNEL, lambda op: Attach(op, CHANNEL))
        receive(driver, codec, wire)
    for number in range(3):
        frame = Frame(Action.MESSAGE, channel=CHANNEL, messages=[Message(data=str(number))])
        driver.start(Kind.PUBLISH, lambda op, frame=frame: Publish(op, frame))  # type: ignore[misc]
    driver.start(Kind.PUBLISH, lambda op: GetPresence(op, CHANNEL))
    driver.start(Kind.PING, lambda op: Ping(op, "ping"), ping="ping")
    assert driver.state is ConnectionState.CONNECTED
    return driver


def receive(driver: Driver, codec: Codec, wire: dict[str, Any]) -> None:
    """Let a frame arrive, if it is one and there is a transport for it."""
    frame = read(codec, pack(codec, wire))
    if frame is None or not driver.live:
        return
    assert str(frame)
    assert repr(frame)
    if frame.error is not None:
        assert str(AblyError.from_info(frame.error))
    (attempt,) = driver.live
    driver.do(Received(attempt, frame))


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@examples(150)
@given(received=st.lists(wires, max_size=12))
def test_a_client_survives_what_it_receives(codec: Codec, received: list[dict[str, Any]]) -> None:
    driver = busy_client(codec)
    for wire in received:
        receive(driver, codec, wire)
        driver.advance(100)
    driver.advance(60_000)
    driver.close(Close())
    driver.advance(20_000)
    assert driver.state in (ConnectionState.CLOSED, ConnectionState.FAILED)
    assert not driver.pending
