"""Ably's frames as the stub server sends them, encoded once and in large pieces."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import msgpack
from websockets.frames import Opcode

from .websocket import server_frame

Frame = dict[str, Any]

pack = cast("Callable[[Any], bytes]", msgpack.packb)
"""A value as MessagePack; the library's own signature allows for None, which it never returns."""

ACK, CONNECTED, CLOSE, CLOSED, ATTACH, ATTACHED, MESSAGE, SYNC = 1, 4, 7, 8, 10, 11, 15, 16
HAS_PRESENCE, RESUMED = 1 << 0, 1 << 2
ALL_MODES = 0b1111 << 16

MEMBERS_A_PAGE = 100
_BLOCK = 1_000
"""Messages that differ from each other in a flood, before it repeats itself."""

_SERIAL = "0172935623851@5"
_RESULT = {"serials": [_SERIAL]}
_TIME = 1_767_225_600_000


class Wire(ABC):
    """One format."""

    @abstractmethod
    def encode(self, frame: Frame) -> bytes:
        """A frame, in a WebSocket message."""

    @abstractmethod
    def decode(self, payload: bytes) -> Frame:
        """The frame in the payload of a WebSocket message."""

    @abstractmethod
    def ack(self, serial: int, count: int) -> bytes:
        """The ACK of `count` publishes of one message each, in a WebSocket message."""


class _MessagePack(Wire):
    _result = pack(_RESULT)

    def encode(self, frame: Frame) -> bytes:
        return server_frame(Opcode.BINARY, pack(frame))

    def decode(self, payload: bytes) -> Frame:
        frame: Frame = msgpack.unpackb(payload)
        return frame

    def ack(self, serial: int, count: int) -> bytes:
        packer = msgpack.Packer(autoreset=False)
        packer.pack_map_header(4)
        for value in ("action", ACK, "msgSerial", serial, "count", count, "res"):
            packer.pack(value)
        packer.pack_array_header(count)
        return server_frame(Opcode.BINARY, packer.bytes() + self._result * count)


class _Json(Wire):
    _result = json.dumps(_RESULT)

    def encode(self, frame: Frame) -> bytes:
        return server_frame(Opcode.TEXT, json.dumps(frame, separators=(",", ":")).encode())

    def decode(self, payload: bytes) -> Frame:
        frame: Frame = json.loads(payload)
        return frame

    def ack(self, serial: int, count: int) -> bytes:
        results = ",".join([self._result] * count)
        text = f'{{"action":{ACK},"msgSerial":{serial},"count":{count},"res":[{results}]}}'
        return server_frame(Opcode.TEXT, text.encode())


MESSAGEPACK = _MessagePack()
JSON = _Json()


def connected(connection_id: str) -> Frame:
    """The welcome; the idle interval in it keeps the clients' timers as busy as Ably does."""
    return {
        "action": CONNECTED,
        "connectionId": connection_id,
        "connectionDetails": {
            "connectionKey": f"{connection_id}!key",
            "maxMessageSize": 65_536,
            "maxFrameSize": 262_144,
            "maxInboundRate": 1_000,
            "connectionStateTtl": 120_000,
            "maxIdleInterval": 15_000,
            "serverId": "stub",
        },
    }


def connection_id_in(connection_key: str) -> str:
    """Whose key it is."""
    return connection_key.partition("!")[0]


def attached(channel: str, flags: int) -> Frame:
    """The answer to ATTACH, with every mode."""
    return {
        "action": ATTACHED,
        "channel": channel,
        "channelSerial": "s:1",
        "flags": ALL_MODES | flags,
    }


@lru_cache
def flood_block(wire: Wire, channel: str, size: int, batch: int) -> tuple[bytes, int]:
    """Frames of `batch` messages with `size` bytes of text each, and how many messages that is."""
    frames = max(1, _BLOCK // batch)
    data = "x" * size
    block = [wire.encode(_messages(channel, number, data, batch)) for number in range(frames)]
    return b"".join(block), frames * batch


@lru_cache
def echo(wire: Wire, channel: str) -> bytes:
    """What every publish on a channel is answered with, beside its ACK."""
    return wire.encode(_messages(channel, 0, "x" * 64, 1))


@lru_cache
def member_pages(wire: Wire, channel: str, count: int) -> bytes:
    """A presence sync of `count` members."""
    last = (count - 1) // MEMBERS_A_PAGE
    return b"".join(
        wire.encode(
            {
                "action": SYNC,
                "channel": channel,
                "channelSerial": f"sync:{page + 1 if page < last else ''}",
                "timestamp": _TIME,
                "presence": [
                    _member(number)
                    for number in range(
                        page * MEMBERS_A_PAGE, min(count, (page + 1) * MEMBERS_A_PAGE)
                    )
                ],
            }
        )
        for page in range(last + 1)
    )


def _messages(channel: str, number: int, data: str, batch: int) -> Frame:
    return {
        "action": MESSAGE,
        "id": f"conn-0:{number}",
        "channel": channel,
        "channelSerial": f"{_SERIAL}:{number}",
        "connectionId": "conn-0",
        "timestamp": _TIME,
        "messages": [
            {"name": "event", "data": data, "serial": f"{_SERIAL}:{number}:{index}"}
            for index in range(batch)
        ],
    }


def _member(number: int) -> Frame:
    return {
        "action": 1,
        "clientId": f"member-{number}",
        "connectionId": f"conn-{number}",
        "id": f"conn-{number}:0:0",
        "timestamp": _TIME,
        "data": "here",
    }
