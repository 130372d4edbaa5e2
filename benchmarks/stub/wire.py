"""Ably's frames as the stub server sends them, encoded once and in large pieces."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import msgpack
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from websockets.frames import Opcode

from ably_local import vcdiff

from .websocket import server_frame

Frame = dict[str, Any]

pack = cast("Callable[[Any], bytes]", msgpack.packb)
"""A value as MessagePack; the library's own signature allows for None, which it never returns."""

ACK, CONNECTED, CLOSE, CLOSED, ATTACH, ATTACHED = 1, 4, 7, 8, 10, 11
DETACH, DETACHED, PRESENCE, MESSAGE, SYNC = 12, 13, 14, 15, 16
PRESENT, LEAVE = 1, 3
HAS_PRESENCE, RESUMED = 1 << 0, 1 << 2
ALL_MODES = 0b1111 << 16

MEMBERS_A_PAGE = 100
_BLOCK = 1_000
"""Messages that differ from each other in a flood, before it repeats itself."""

KEY = bytes(range(32))
"""The key of the encrypted channels; every worker has the same."""

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
def encrypted_block(wire: Wire, channel: str, size: int) -> tuple[bytes, int]:
    """As `flood_block`, one message a frame, encrypted with `KEY`."""
    block = []
    for number in range(_BLOCK):
        message = {"data": _encrypted(b"x" * size), "encoding": "utf-8/cipher+aes-256-cbc"}
        block.append(wire.encode(_frame(channel, number, [message])))
    return b"".join(block), _BLOCK


@lru_cache
def delta_block(wire: Wire, channel: str, size: int) -> tuple[bytes, int]:
    """As `flood_block`, one message a frame; all but the first are deltas from the one before."""
    texts = [f"{number:08}{'x' * (size - 8)}".encode() for number in range(_BLOCK)]
    block = [wire.encode(_frame(channel, 0, [{"data": texts[0].decode()}]))]
    for number in range(1, _BLOCK):
        message = {
            "data": vcdiff.encode(texts[number - 1], texts[number]),
            "encoding": "utf-8/vcdiff",
            "extras": {"delta": {"format": "vcdiff", "from": _message_id(number - 1)}},
        }
        block.append(wire.encode(_frame(channel, number, [message])))
    return b"".join(block), _BLOCK


@lru_cache
def echo(wire: Wire, channel: str) -> bytes:
    """What every publish on a channel is answered with, beside its ACK."""
    return wire.encode(_messages(channel, 0, "x" * 64, 1))


@lru_cache
def member_pages(wire: Wire, channel: str, count: int) -> bytes:
    """A presence sync of `count` members."""
    pages = _pages(count)
    return b"".join(
        wire.encode(
            {
                "action": SYNC,
                "channel": channel,
                "channelSerial": f"sync:{page + 1 if page + 1 < len(pages) else ''}",
                "timestamp": _TIME,
                "presence": [_member(number, PRESENT) for number in numbers],
            }
        )
        for page, numbers in enumerate(pages)
    )


@lru_cache
def leaves(wire: Wire, channel: str, count: int) -> bytes:
    """The same members leaving, as many a frame."""
    return b"".join(
        wire.encode(
            {
                "action": PRESENCE,
                "channel": channel,
                "channelSerial": f"{_SERIAL}:{page}",
                "timestamp": _TIME + 1,
                "presence": [_member(number, LEAVE) for number in numbers],
            }
        )
        for page, numbers in enumerate(_pages(count))
    )


def _pages(count: int) -> list[range]:
    starts = range(0, count, MEMBERS_A_PAGE)
    return [range(start, min(count, start + MEMBERS_A_PAGE)) for start in starts]


def _messages(channel: str, number: int, data: str, batch: int) -> Frame:
    messages = [
        {"name": "event", "data": data, "serial": f"{_SERIAL}:{number}:{index}"}
        for index in range(batch)
    ]
    return _frame(channel, number, messages)


def _frame(channel: str, number: int, messages: list[Frame]) -> Frame:
    return {
        "action": MESSAGE,
        "id": f"conn-0:{number}",
        "channel": channel,
        "channelSerial": f"{_SERIAL}:{number}",
        "connectionId": "conn-0",
        "timestamp": _TIME,
        "messages": messages,
    }


def _message_id(number: int) -> str:
    """The id of the only message of a frame (TM2a)."""
    return f"conn-0:{number}:0"


def _encrypted(plain: bytes) -> bytes:
    padder = PKCS7(128).padder()
    vector = os.urandom(16)
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(vector)).encryptor()
    return vector + encryptor.update(padder.update(plain) + padder.finalize())


def _member(number: int, action: int) -> Frame:
    return {
        "action": action,
        "clientId": f"member-{number}",
        "connectionId": f"conn-{number}",
        "id": f"conn-{number}:{action}:0",
        "timestamp": _TIME + action,
        "data": "here",
    }
