"""Whatever comes over a socket: it is carried out, refused or ignored, and others go on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import msgpack
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.fuzz import values
from tests.fuzz.target import Target
from tests.integration.local.raw import (
    ANNOTATION,
    ATTACH,
    DETACH,
    ERROR,
    HEARTBEAT,
    MESSAGE,
    NACK,
    PATIENCE,
    PRESENCE,
    SYNC,
)

TLS = False  # tokens are all that is needed
Keep = Callable[[Callable[[], None]], None]

params = st.dictionaries(
    st.sampled_from(["rewind", "rewindLimit", "delta", "modes", "occupancy", "x"]),
    st.sampled_from(["1", "2m", "9" * 9, "vcdiff", "publish", "metrics", "metrics.x", ""]),
    max_size=3,
)
frames = values.fields(
    action=st.integers(0, 24),
    channel=values.channels,
    channelSerial=values.serials,
    flags=st.integers(0, 2**26) | st.sampled_from([-1, 2**63]),
    id=values.texts,
    msgSerial=st.integers(-1, 20),
    count=st.integers(0, 3),
    params=params,
    auth=values.fields(accessToken=values.texts),
    messages=values.several(values.messages),
    presence=values.several(values.presence),
    annotations=values.several(values.remarks),
    state=values.several(values.fields()),
    error=values.fields(code=st.integers(0, 99_999), message=values.texts),
)


def carrying(action: int, **carried: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Frames that are right but for what they carry."""
    return st.fixed_dictionaries(
        {
            "action": st.just(action),
            "channel": values.channels,
            "msgSerial": st.integers(0, 10**6),
            **carried,
        }
    )


sound = st.one_of(
    carrying(ATTACH, params=params),
    carrying(ATTACH, flags=st.integers(0, 2**7).map(lambda bits: bits << 16)),
    carrying(ATTACH, channelSerial=values.serials),
    carrying(DETACH),
    carrying(SYNC),
    carrying(MESSAGE, messages=values.several(values.messages)),
    carrying(MESSAGE, messages=values.several(values.messages)),
    carrying(PRESENCE, presence=values.several(values.presence)),
    carrying(ANNOTATION, annotations=values.several(values.remarks)),
)


nonsense: st.SearchStrategy[bytes | str] = (
    st.binary(max_size=20)
    | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.sampled_from(["", "[" * 50_000, "x" * 600_000])
    | st.sampled_from([b"", b"\x91" * 50_000])
)


@st.composite
def data(draw: st.DrawFn, fmt: str) -> bytes | str:
    """A frame, mostly whole and in its format; else damaged, in the other one, or none at all."""
    if values.rarely(draw, 20):
        return draw(nonsense)
    frame = draw(frames | values.values if values.rarely(draw, 12) else sound)
    as_json = (fmt == "json") != values.rarely(draw, 30)
    encoded = values.in_json(frame) if as_json else values.in_msgpack(frame)
    if values.rarely(draw, 30):
        at = draw(st.integers(0, len(encoded)))
        encoded = encoded[:at] + draw(st.binary(max_size=3)) + encoded[at + 1 :]
    if as_json != values.rarely(draw, 10):
        with suppress(UnicodeDecodeError):
            return encoded.decode()
    return encoded


@st.composite
def conversations(draw: st.DrawFn) -> tuple[str, list[bytes | str]]:
    """A format, and what is sent over one socket."""
    fmt = draw(st.sampled_from(["json", "msgpack"]))
    attach = {"action": ATTACH, "channel": "mutable:a"}
    first: bytes | str = json.dumps(attach) if fmt == "json" else values.in_msgpack(attach)
    return fmt, [first, *draw(st.lists(data(fmt), max_size=12))]


def check(received: Any) -> None:
    """Check that what the server sent is a frame, and any error in it a documented one."""
    assert isinstance(received["action"], int)
    error = received.get("error")
    if error is not None:
        assert error["code"] < 50_000 or error["code"] >= 80_000
        assert 400 <= error["statusCode"] < 500
        assert error["href"] == f"https://help.ably.io/error/{error['code']}"
    if received["action"] in (NACK, ERROR):
        assert error is not None


async def converse(target: Target, query: dict[str, str], sent: list[bytes | str]) -> None:
    """Send everything over one socket, and read until the server has dealt with it or hung up."""
    decode = msgpack.unpackb if query.get("format") == "msgpack" else json.loads
    url = target.server.url.replace("http", "ws", 1) + "/?" + urlencode(query)
    async with connect(url, ssl=target.context, compression=None, max_size=None) as socket:
        try:
            for one in sent:
                await socket.send(one)
            probe = {"action": HEARTBEAT, "id": "the end"}
            await socket.send(
                json.dumps(probe) if decode is json.loads else values.in_msgpack(probe)
            )
            async with asyncio.timeout(PATIENCE):
                while (received := decode(await socket.recv())) != probe:
                    check(received)
        except ConnectionClosed:
            assert socket.close_code in (1000, 1005, 1006, 1009), socket.close_reason


def test_no_frame_breaks_the_server(target: Target, keep_attacking: Keep) -> None:
    @settings.get_profile("fuzz")
    @given(conversations(), st.integers(0, 2))
    def attack(drawn: tuple[str, list[bytes | str]], token: int) -> None:
        fmt, sent = drawn
        query = {"format": fmt, "v": "6", "accessToken": target.tokens[token]}
        target.attack(converse(target, query, [target.fill_frame(one) for one in sent]))

    keep_attacking(attack)


def test_no_way_of_connecting_breaks_the_server(target: Target, keep_attacking: Keep) -> None:
    keys = values.texts | st.sampled_from(["a!b", "!", "0!0", "symbolic"])
    queries = st.fixed_dictionaries(
        {},
        optional={
            "format": st.sampled_from(["json", "msgpack", "xml", ""]),
            "v": st.sampled_from(["6", "5", "1", "1.2", "", "x", "0", "9" * 9]),
            "accessToken": values.texts | st.integers(0, 2),
            "access_token": values.texts,
            "key": values.texts | st.sampled_from(["a.b:c", ":", ".:", "\x00:x"]),
            "clientId": values.clients | values.texts,
            "resume": keys,
            "recover": keys,
            "echo": st.sampled_from(["true", "false", "x"]),
            "heartbeats": st.sampled_from(["true", "false", "x"]),
            "remainPresentFor": st.sampled_from(["0", "1", "-1", "x", "9" * 9]),
            "connectionSerial": values.texts,
        },
    )

    @settings.get_profile("fuzz")
    @given(queries)
    def attack(query: dict[str, Any]) -> None:
        token = query.get("accessToken")
        if isinstance(token, int):
            query["accessToken"] = target.tokens[token]
        target.attack(converse(target, query, []))

    keep_attacking(attack)
