"""Both transports read and answer what `websockets` does by itself (RFC 6455)."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from ably_realtime._driver.open_websocket import (
    MAX_MESSAGE,
    OpenWebSocket,
    closed_by_server,
)
from ably_realtime._driver.opening import TakeOver
from ably_realtime._driver.websocket import WebSocketTransport
from tests.property.history import examples

TRANSPORTS: list[TakeOver[OpenWebSocket]] = [WebSocketTransport]
try:
    from ably_realtime._driver.picows_websocket import PicowsTransport
except ImportError:  # without ably-realtime[speed]
    pass
else:
    TRANSPORTS.append(PicowsTransport)
ALL = pytest.mark.parametrize("kind", TRANSPORTS)

# -- two transports on sockets that go nowhere


class Socket:
    """An asyncio transport that keeps what is written to it."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self.written = bytearray()
        self.closed = False

    def get_extra_info(self, name: str) -> object:
        return self._socket if name == "socket" else None

    def get_write_buffer_size(self) -> int:
        return 1  # there is something to send already, so nobody writes past us

    def write(self, data: bytes) -> None:
        if not self.closed:
            self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def release(self) -> None:
        self._socket.close()


class Heard:
    """What a transport said."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.is_over = False

    def received(self, data: str | bytes) -> None:
        self.events.append(data)

    def alive(self) -> None:
        self.events.append("alive")

    def dropped(self, error: BaseException | None) -> None:
        self.is_over = True
        self.events.append(("dropped", type(error) is ConnectionError and str(error)))


@dataclass
class Life:
    """What a transport said, and what it sent."""

    events: list[object]
    sent: list[tuple[Opcode, bytes]]
    """Of close frames the code; its reason is for people."""

    @property
    def broke(self) -> bool:
        """Whether it gave up by itself."""
        return ("dropped", False) in self.events


async def life(kind: TakeOver[OpenWebSocket], *chunks: bytes, heard: Heard | None = None) -> Life:
    """What a transport makes of these reads, with the end of the stream after them."""
    wire, heard = Socket(), heard or Heard()
    protocol = upgraded()
    loop = asyncio.get_running_loop()
    transport = kind(protocol, cast("asyncio.Transport", wire), heard, loop)
    try:
        for chunk in chunks:
            if not wire.closed:  # asyncio would read no more
                feed(transport, chunk)
        await asyncio.sleep(0)  # the end of the turn
        if not wire.closed:
            transport.eof_received()
        return Life(heard.events, list(sent(bytes(wire.written))))
    finally:
        wire.release()


def reference(*chunks: bytes) -> Life:
    """What `websockets` makes of these reads, byte for byte."""
    protocol, events, pieces = upgraded(), Heard(), list[Frame]()
    for chunk in (*chunks, None):
        if chunk is None:
            protocol.receive_eof()
        else:
            protocol.receive_data(chunk)
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in (Opcode.PING, Opcode.PONG):
                events.alive()
            elif event.opcode is Opcode.CLOSE:
                events.dropped(closed_by_server(protocol.close_rcvd))
            else:
                pieces.append(event)
            if pieces and event.fin and event.opcode < Opcode.CLOSE:
                whole = b"".join(piece.data for piece in pieces)
                is_text = pieces[0].opcode is Opcode.TEXT
                pieces.clear()
                try:
                    events.received(whole.decode() if is_text else whole)
                except UnicodeDecodeError as error:
                    events.dropped(error)
            if events.is_over:
                break
        if not events.is_over and protocol.parser_exc is not None:
            events.dropped(protocol.parser_exc)
        if events.is_over:
            break
    return Life(events.events, list(sent(b"".join(protocol.data_to_send()))))


def upgraded() -> ClientProtocol:
    protocol = ClientProtocol(parse_uri("ws://localhost/"), max_size=MAX_MESSAGE, state=State.OPEN)
    protocol.parser = protocol.parse()
    next(protocol.parser)
    return protocol


def feed(transport: OpenWebSocket, data: bytes) -> None:
    while data:
        buffer = transport.get_buffer(-1)
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        data = data[size:]
        transport.buffer_updated(size)


def sent(data: bytes) -> Iterator[tuple[Opcode, bytes]]:
    """The frames that a client sent; of a close frame the code, its reason is for people."""
    server = ServerProtocol(state=State.OPEN)
    server.parser = server.parse()
    next(server.parser)
    server.receive_data(data)
    for frame in server.events_received():
        assert isinstance(frame, Frame)
        payload = bytes(frame.data)
        yield frame.opcode, payload[:2] if frame.opcode is Opcode.CLOSE else payload


async def assert_same(*chunks: bytes) -> None:
    """All say the same; and all send the same, unless something is broken among the chunks.

    `websockets` looks at all of a read before it says anything, `picows` at the next frame and at
    the head of an incomplete one: of several wrong frames they may find fault with different ones,
    and a close frame may be answered with the code for the wrong frame behind it.
    """
    expected = reference(*chunks)
    for kind in TRANSPORTS:
        lived = await life(kind, *chunks)
        assert lived.events == expected.events
        if not expected.broke:
            assert without_codes(lived.sent) == without_codes(expected.sent)


def without_codes(frames: list[tuple[Opcode, bytes]]) -> list[tuple[Opcode, bytes]]:
    return [(opcode, b"" if opcode is Opcode.CLOSE else data) for opcode, data in frames]


# -- what a server may send


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = False
) -> bytes:
    """A frame as it stands on the wire, with its length in the fewest bytes."""
    head = bytes([fin << 7 | rsv << 4 | opcode])
    mask = masked << 7
    if len(payload) < 126:
        head += bytes([mask | len(payload)])
    elif len(payload) < 1 << 16:
        head += struct.pack("!BH", mask | 126, len(payload))
    else:
        head += struct.pack("!BQ", mask | 127, len(payload))
    return head + (b"\0\0\0\0" if masked else b"") + payload


def has_overlong_length(data: bytes) -> bool:
    """Whether some frame has a length in more bytes than it needs, which only picows refuses."""
    at = 0
    while len(data) - at >= 2:
        size, start = data[at + 1] & 127, at + 2
        if size == 126:
            size, start = int.from_bytes(data[start : start + 2]), start + 2
            if size < 126:
                return True
        elif size == 127:
            size, start = int.from_bytes(data[start : start + 8]), start + 8
            if size < 1 << 16:
                return True
        at = start + size
    return False


payloads = (
    st.binary(max_size=8)
    | st.text(max_size=8).map(str.encode)
    | st.sampled_from([125, 126, 127, 65_535, 65_536, 300_000]).map(lambda size: b"x" * size)
)
small = st.binary(max_size=8)
closes = st.builds(
    lambda code, reason: struct.pack("!H", code) + reason,
    st.sampled_from(
        [0, 999, 1000, 1001, 1004, 1005, 1006, 1011, 1012, 1015, 2999, 3000, 4999, 5000]
    ),
    st.text(max_size=5).map(str.encode) | small,
) | st.binary(max_size=1)
whole = st.builds(frame, st.sampled_from([1, 2]), payloads)
pieces = st.builds(
    lambda opcode, first, rest, last, ping: b"".join(
        [
            frame(opcode, first, fin=False),
            *(frame(0, piece, fin=False) for piece in rest),
            ping,
            frame(0, last),
        ]
    ),
    st.sampled_from([1, 2]),
    payloads,
    st.lists(small, max_size=3),
    small,
    st.just(b"") | st.builds(frame, st.sampled_from([9, 10]), small),
)
control = st.builds(frame, st.sampled_from([9, 10]), small) | st.builds(frame, st.just(8), closes)
broken = (
    st.builds(
        frame,
        st.integers(0, 15),
        payloads,
        fin=st.booleans(),
        rsv=st.integers(0, 7),
        masked=st.booleans(),
    )
    | small
    | st.just(b"\x82\x7f" + struct.pack("!Q", MAX_MESSAGE + 1))
    | st.just(b"\x82\x7f" + b"\xff" * 8)
)
streams = st.builds(
    lambda good, bad, more: b"".join([*good, bad, *more]),
    st.lists(whole | pieces | control, max_size=5),
    st.just(b"") | broken,
    st.lists(whole | control, max_size=2),
)


def cut(data: bytes, places: list[float]) -> list[bytes]:
    """A stream as several reads."""
    at = sorted({0, *(int(place * len(data)) for place in places), len(data)})
    return [data[start:end] for start, end in pairwise(at)]


@examples(400)
@given(stream=streams, places=st.lists(st.floats(0, 1), max_size=4))
@example(stream=frame(2, b"a") + frame(2, b"b", rsv=4) + frame(2, b"c"), places=[])
@example(stream=frame(1, b"\xff") + frame(2, b"c"), places=[])
@example(stream=frame(2, b"a", fin=False) + frame(8), places=[])
@example(stream=frame(0, b"a"), places=[])
@example(stream=frame(9, b"x" * 126), places=[])
@example(stream=frame(9, fin=False), places=[])
async def test_streams_are_read_and_answered_alike(stream: bytes, places: list[float]) -> None:
    assume(not has_overlong_length(stream))
    await assert_same(*cut(stream, places))


@examples(300)
@given(chunks=st.lists(st.binary(max_size=30), max_size=4))
async def test_noise_is_taken_alike(chunks: list[bytes]) -> None:
    assume(not has_overlong_length(b"".join(chunks)))
    await assert_same(*chunks)


async def test_a_message_in_pieces_may_be_as_long_as_one_and_no_longer() -> None:
    half = b"x" * (MAX_MESSAGE // 2)
    await assert_same(frame(2, half, fin=False), frame(0, half))
    await assert_same(frame(2, half, fin=False), frame(0, half + b"x"))


@ALL
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (frame(2, b"a", rsv=4), 1002),
        (frame(3, b"a"), 1002),
        (frame(2, b"a", masked=True), 1002),
        (frame(0, b"a"), 1002),
        (frame(2, b"a", fin=False) + frame(2, b"b"), 1002),
        (frame(2, b"a", fin=False) + frame(8), 1002),
        (frame(9, b"x" * 126), 1002),
        (frame(9, fin=False), 1002),
        (frame(8, b"a"), 1002),
        (frame(8, b"\x03\xed"), 1002),
        (frame(1, b"\xff"), 1007),
        (frame(1, b"\xc3", fin=False) + frame(0, b"\x28"), 1007),
        (frame(8, b"\x03\xe8\xff"), 1007),
        (b"\x82\x7f" + struct.pack("!Q", MAX_MESSAGE + 1), 1009),
    ],
)
async def test_a_broken_frame_ends_the_connection_with_its_code(
    kind: TakeOver[OpenWebSocket], wrong: bytes, code: int
) -> None:
    lived = await life(kind, frame(2, b"before") + wrong + frame(2, b"after"))
    assert lived.events == [b"before", ("dropped", False)]
    assert lived.sent == [(Opcode.CLOSE, struct.pack("!H", code))]


@ALL
@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9going", b"\x0f\xa0"])
async def test_a_close_frame_is_echoed(kind: TakeOver[OpenWebSocket], payload: bytes) -> None:
    lived = await life(kind, frame(9, b"p") + frame(8, payload) + frame(2, b"after"))
    assert lived.sent == [(Opcode.PONG, b"p"), (Opcode.CLOSE, payload[:2])]


@ALL
async def test_what_the_client_raises_is_for_the_loop_to_report(
    kind: TakeOver[OpenWebSocket],
) -> None:
    class Faulty(Heard):
        def received(self, data: str | bytes) -> None:
            raise LookupError

    with pytest.raises(LookupError):
        await life(kind, frame(2, b"a"), heard=Faulty())


@pytest.mark.skipif(len(TRANSPORTS) == 1, reason="needs ably-realtime[speed]")
async def test_only_picows_insists_on_the_shortest_form_of_a_length() -> None:
    overlong = b"\x82\x7e\x00\x01a" + frame(8)
    default, speed = [await life(kind, overlong) for kind in TRANSPORTS]
    assert default.events[0] == b"a"
    assert speed.events == [("dropped", False)]
